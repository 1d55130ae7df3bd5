//! Content lines and components (RFC 5545 §3.1, §3.2, §3.4; RFC 6868), and nothing about their
//! meaning.
//!
//! **Invariants.** Every content line is kept as it came, after unfolding: name, parameters, value,
//! letter case and order come back from [`Component::to_text`] unchanged. Bytes are unfolded before
//! they are decoded, so that a fold inside a UTF-8 character does no harm. Control characters and
//! blank lines are tolerated; NUL bytes and broken UTF-8 are refused with their line. Nesting is
//! bounded by [`MAX_DEPTH`] and nothing recurses on input that has not passed that bound.
//!
//! **Absent on purpose.** Value types ([`super::value`]) and the rules of objects
//! ([`super::object`]).

mod component;
mod escape;
mod line;
mod lines;
#[cfg(test)]
mod tests;

pub use component::{Component, Entry, MAX_DEPTH};
pub use escape::{escape_text, fold, split_text_list, unescape_text};
pub use line::{ContentLine, Param};
pub(crate) use lines::logical_lines;
