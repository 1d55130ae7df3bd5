//! Splits a stream of calendars into one text for each calendar object, for import.
//!
//! **Invariants.** An object is the components of one kind and one UID, with the calendar's own
//! properties (`METHOD` left out: a stored object must not have one, RFC 4791 §4.1) and the
//! `VTIMEZONE`s it names; content lines are copied as bytes, only line ends become CRLF. A file
//! with nothing but one object, and no `METHOD`, comes back byte for byte. What is broken is reported with its line,
//! the rest is still given. Memory: what is held back stays below [`HELD_MAX`] as long as the file's
//! recurring components do; a component larger than [`COMPONENT_MAX`] is refused.
//!
//! **Absent on purpose.** Files, progress, and what the store holds already.

mod assemble;
mod chunk;
mod reader;

pub use reader::Split;

use super::error::IcalError;
use super::object::Kind;

/// Objects may wait for further components of the same UID until so many bytes are waiting.
pub const HELD_MAX: usize = 16 << 20;
/// The largest component that is taken.
pub const COMPONENT_MAX: usize = 16 << 20;

/// What the stream gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A calendar object.
    Object(SplitObject),
    /// Something left out, and why.
    Problem(IcalError),
}

/// A calendar object of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitObject {
    /// Its UID.
    pub uid: String,
    /// Its kind.
    pub kind: Kind,
    /// The line of the stream where its first component begins.
    pub line: u32,
    /// A `VCALENDAR` with this object alone.
    pub text: Vec<u8>,
    /// Whether the UID is worth a note.
    pub uid_origin: UidOrigin,
}

/// Where a UID comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UidOrigin {
    /// The component has it.
    File,
    /// The component had none; this one is a digest of its content lines without `DTSTAMP`,
    /// `CREATED`, `LAST-MODIFIED` and `SEQUENCE`, so that the next import gives it again.
    Digest,
}
