//! Old and damaged files that are not UTF-8.
//!
//! RFC 5545 §3.1.4: iCalendar is UTF-8. Programs of the nineties wrote what their machine did,
//! nearly always Windows-1252 or its subset ISO 8859-1. So a byte that belongs to no UTF-8 character
//! is read as a Windows-1252 character, and it is counted in how many content lines that was done.
//! Nothing is lost, for each byte is a character of its own there.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use encoding_rs::WINDOWS_1252;

use crate::ical::split::COMPONENT_MAX;

/// Content lines that were not UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Foreign {
    /// How many.
    pub(super) lines: u64,
    /// Where the first begins, counted from 1.
    pub(super) first: u64,
}

/// Gives UTF-8 as it is, and what is none as Windows-1252.
pub(super) struct AsUtf8<R> {
    from: R,
    foreign: Rc<Cell<Foreign>>,
    /// How many physical lines were read.
    read_lines: u64,
    /// A content line with its folds, and how much of it was given.
    line: Vec<u8>,
    given: usize,
}

impl<R: BufRead> AsUtf8<R> {
    /// What is foreign is told to `foreign`.
    pub(super) fn new(from: R, foreign: Rc<Cell<Foreign>>) -> Self {
        Self {
            from,
            foreign,
            read_lines: 0,
            line: Vec::new(),
            given: 0,
        }
    }

    fn next_line(&mut self) -> io::Result<()> {
        let begin = self.read_lines + 1;
        self.line.clear();
        self.given = 0;
        // A longer line is refused by whoever splits.
        while self.line.len() <= COMPONENT_MAX {
            let room = COMPONENT_MAX as u64;
            let read = self
                .from
                .by_ref()
                .take(room)
                .read_until(b'\n', &mut self.line)?;
            self.read_lines += u64::from(self.line.ends_with(b"\n"));
            let is_folded = matches!(self.from.fill_buf()?.first(), Some(b' ' | b'\t'));
            if read == 0 || self.line.ends_with(b"\n") && !is_folded {
                break;
            }
        }
        if !self.line.is_ascii() && !is_utf8(&self.line) {
            self.line = decoded(&self.line);
            let Foreign { lines, first } = self.foreign.get();
            self.foreign.set(Foreign {
                lines: lines + 1,
                first: if lines == 0 { begin } else { first },
            });
        }
        Ok(())
    }
}

impl<R: BufRead> Read for AsUtf8<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            self.next_line()?;
        }
        let mut rest = self.line.get(self.given..).unwrap_or_default();
        let read = rest.read(to)?;
        self.given += read;
        Ok(read)
    }
}

/// Whether a content line is UTF-8 without its folds: one may cut a character in two.
fn is_utf8(line: &[u8]) -> bool {
    if std::str::from_utf8(line).is_ok() {
        return true;
    }
    let mut unfolded: Vec<u8> = Vec::with_capacity(line.len());
    for (number, piece) in line.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
        let piece = piece.strip_suffix(b"\r").unwrap_or(piece);
        unfolded.extend_from_slice(piece.get(usize::from(number > 0)..).unwrap_or_default());
    }
    std::str::from_utf8(&unfolded).is_ok()
}

fn decoded(line: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(line.len() + 16);
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests;
