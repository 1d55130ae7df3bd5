//! Physical lines into logical lines: unfolding on bytes (RFC 5545 §3.1).

use std::borrow::Cow;

use super::super::error::{IcalError, Reason};

/// One content line after unfolding, not yet decoded.
pub(crate) struct LogicalLine<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where it begins, counted from 1.
    pub(crate) line: u32,
}

impl<'a> LogicalLine<'a> {
    /// The text of the line.
    ///
    /// # Errors
    /// [`Reason::NulByte`] and [`Reason::NotUtf8`].
    pub(crate) fn decode(self) -> Result<Cow<'a, str>, IcalError> {
        if self.bytes.contains(&0) {
            return Err(IcalError::new(self.line, Reason::NulByte));
        }
        let not_utf8 = |_| IcalError::new(self.line, Reason::NotUtf8);
        match self.bytes {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(not_utf8),
            Cow::Owned(bytes) => String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|_| IcalError::new(self.line, Reason::NotUtf8)),
        }
    }
}

/// The logical lines of `bytes`; CRLF and LF end a line, blank lines and a byte order mark vanish.
pub(crate) fn logical_lines(bytes: &[u8]) -> impl Iterator<Item = LogicalLine<'_>> {
    Unfold {
        rest: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
        line: 1,
    }
}

struct Unfold<'a> {
    rest: &'a [u8],
    line: u32,
}

impl<'a> Unfold<'a> {
    /// The next physical line, without its ending.
    fn physical(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        self.line = self.line.saturating_add(1);
        Some(without_cr(line))
    }

    fn continues(&self) -> bool {
        matches!(self.rest.first(), Some(b' ' | b'\t'))
    }
}

/// Some writers end a line with CR CR LF.
fn without_cr(mut line: &[u8]) -> &[u8] {
    while let [head @ .., b'\r'] = line {
        line = head;
    }
    line
}

impl<'a> Iterator for Unfold<'a> {
    type Item = LogicalLine<'a>;

    fn next(&mut self) -> Option<LogicalLine<'a>> {
        loop {
            let line = self.line;
            let first = self.physical()?;
            let mut bytes = Cow::Borrowed(first);
            while self.continues() {
                let Some([_, more @ ..]) = self.physical() else {
                    break;
                };
                bytes.to_mut().extend_from_slice(more);
            }
            if !bytes.trim_ascii().is_empty() {
                return Some(LogicalLine { bytes, line });
            }
        }
    }
}
