//! Logical lines of a stream with their bytes as they came.

use std::io::{self, BufRead, Read as _};

/// One content line with its folds and line ends.
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// The physical line where it begins, counted from 1.
    pub(super) line: u32,
    /// Whether it was longer than the limit; its bytes are then gone.
    pub(super) is_cut: bool,
}

impl Chunk {
    /// The text after `BEGIN:` or `END:`, when the line is one.
    pub(super) fn mark(&self) -> Option<Mark> {
        let is_begin = starts_with(&self.bytes, b"BEGIN:");
        if !is_begin && !starts_with(&self.bytes, b"END:") {
            return None;
        }
        let line = super::super::text::logical_lines(&self.bytes)
            .next()?
            .decode()
            .ok()?;
        let name = line.split_once(':')?.1.trim().to_ascii_uppercase();
        Some(if is_begin {
            Mark::Begin(name)
        } else {
            Mark::End(name)
        })
    }

    pub(super) fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }
}

/// A line that opens or closes a component; the name is in upper case.
pub(super) enum Mark {
    Begin(String),
    End(String),
}

fn starts_with(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Reads chunks.
pub(super) struct Chunks<R> {
    reader: R,
    line: u32,
    limit: usize,
}

impl<R: BufRead> Chunks<R> {
    /// Chunks longer than `limit` bytes are cut.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self {
            reader,
            line: 1,
            limit,
        }
    }

    /// The next chunk; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let mut chunk = Chunk {
            bytes: Vec::new(),
            line: self.line,
            is_cut: false,
        };
        if !self.physical(&mut chunk)? {
            return Ok(None);
        }
        while matches!(self.reader.fill_buf()?.first(), Some(b' ' | b'\t')) {
            self.physical(&mut chunk)?;
        }
        Ok(Some(chunk))
    }

    /// Adds one physical line; `false` at the end.
    fn physical(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        let before = chunk.bytes.len();
        loop {
            let room = u64::try_from(self.limit).unwrap_or(u64::MAX);
            let read = self
                .reader
                .by_ref()
                .take(room)
                .read_until(b'\n', &mut chunk.bytes)?;
            let done = read == 0 || chunk.bytes.ends_with(b"\n");
            if chunk.bytes.len() > self.limit {
                chunk.bytes.clear();
                chunk.is_cut = true;
            }
            if done {
                let any = read > 0 || chunk.is_cut || chunk.bytes.len() > before;
                self.line = self.line.saturating_add(u32::from(any));
                return Ok(any);
            }
        }
    }
}

/// Appends `bytes` with every line end as CRLF and without empty lines. A line of blanks stays: its
/// first blank folds, the others are content.
pub(super) fn push_crlf(bytes: &[u8], to: &mut Vec<u8>) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut line = line;
        while let [head @ .., b'\r'] = line {
            line = head;
        }
        if !line.is_empty() {
            to.extend_from_slice(line);
            to.extend_from_slice(b"\r\n");
        }
    }
}
