//! XML of the wire: request bodies become values, answers become text.
//!
//! ```text
//! name         expanded names and the namespaces of this door
//! tree         bytes -> elements, within limits
//! write        elements -> text, escaped
//! request      elements -> what was asked, typed
//! multistatus  the answer with one response for each resource (RFC 4918 §13)
//! ```
//!
//! **Invariants.** No input makes it panic, recurse deeply or grow beyond the size of the body: the
//! nesting and the number of elements are limited, a `DOCTYPE` and entities are refused. What is
//! written is well-formed whatever the data: see [`write::Xml::text`] for characters that XML cannot
//! hold.
//!
//! | Standard | Tests |
//! | --- | --- |
//! | RFC 4918 §8.2, §17, §20.6 (hostile XML) | `tests/hostile.rs` |
//! | RFC 4918 §14, RFC 4791 §9, RFC 5689 §3, RFC 6578 §6 | `tests/requests.rs` |
//! | RFC 4918 §4.3 (property values kept) | `tests/requests.rs` |
//! | RFC 4918 §13 | `tests/answers.rs` |

pub(crate) mod multistatus;
mod name;
pub(crate) mod request;
#[cfg(test)]
mod tests;
mod tree;
pub(crate) mod write;

pub(crate) use multistatus::Multistatus;
pub(crate) use name::{APPLE, CALDAV, CALENDARSERVER, DAV, Name, spelled};
pub(crate) use tree::Element;
pub(crate) use write::Xml;
