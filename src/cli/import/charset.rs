//! Old files that are no UTF-8.
//!
//! RFC 5545 §3.1.4: iCalendar is UTF-8. Programs of the nineties wrote what their machine did,
//! which was nearly always Windows-1252 or its subset ISO 8859-1. A file is read as that only if it
//! has bytes beyond ASCII and nowhere a UTF-8 character: then it cannot be a UTF-8 file with one
//! broken place.

use std::io::{self, BufRead, Read};

use encoding_rs::WINDOWS_1252;

/// Longer lines are looked at in pieces.
const LINE_MAX: usize = 1 << 20;

/// Whether this is Windows-1252. Folds are taken out first, because one may cut a character in two.
pub(super) fn is_windows_1252(mut reader: impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut is_utf8_refuted = false;
    loop {
        let limit = LINE_MAX as u64;
        let read = reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
        let next = reader.fill_buf()?.first();
        if matches!(next, Some(b' ' | b'\t')) && line.ends_with(b"\n") && line.len() < LINE_MAX {
            while line.last().is_some_and(|end| b"\r\n".contains(end)) {
                line.pop();
            }
            reader.consume(1);
            continue;
        }
        for chunk in line.utf8_chunks() {
            if !chunk.valid().is_ascii() {
                return Ok(false);
            }
            is_utf8_refuted |= !chunk.invalid().is_empty();
        }
        if read == 0 {
            return Ok(is_utf8_refuted);
        }
        line.clear();
    }
}

/// Gives Windows-1252 as UTF-8.
pub(super) struct Decoded<R> {
    from: R,
    /// What is decoded and not yet given.
    text: Vec<u8>,
    given: usize,
}

impl<R: BufRead> Decoded<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            text: Vec::new(),
            given: 0,
        }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            let bytes = self.from.fill_buf()?;
            let length = bytes.len();
            // Each byte is a character, so that pieces can be decoded by themselves.
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            self.text = text.into_owned().into_bytes();
            self.given = 0;
            self.from.consume(length);
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let read = rest.read(to)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
