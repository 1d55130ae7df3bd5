//! Entity tags and preconditions (RFC 9110 §8.8.3, §13.1).

use std::fmt;

/// A strong entity tag, without its quotation marks: visible ASCII except `"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag `opaque`; characters that a tag cannot hold are left out.
    #[must_use]
    pub fn new(opaque: &str) -> Self {
        Self(
            opaque
                .chars()
                .filter(|c| c.is_ascii_graphic() && *c != '"')
                .collect(),
        )
    }

    /// The tag without quotation marks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As on the wire, with quotation marks.
impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// What the caller demands of the present state before its change is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// No demand.
    #[default]
    None,
    /// `If-Match: *`: something must be there.
    Exists,
    /// `If-None-Match: *`: nothing may be there.
    Absent,
    /// `If-Match: "a", "b"`: the present tag is one of these (strong comparison).
    Matches(Vec<ETag>),
    /// `If-None-Match: "a", "b"`: the present tag is none of these (weak comparison).
    Differs(Vec<ETag>),
}

/// The precondition is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the precondition is not met: the thing has changed; read it again and repeat the change")]
pub struct PreconditionFailed;

impl Precondition {
    /// Holds the demand against the present tag (`None`: nothing is there).
    ///
    /// # Errors
    /// [`PreconditionFailed`] when it is not met.
    pub fn check(&self, present: Option<&ETag>) -> Result<(), PreconditionFailed> {
        let met = match (self, present) {
            (Self::None, _) => true,
            (Self::Exists, tag) => tag.is_some(),
            (Self::Absent, tag) => tag.is_none(),
            (Self::Matches(tags), tag) => tag.is_some_and(|tag| tags.contains(tag)),
            (Self::Differs(tags), tag) => tag.is_none_or(|tag| !tags.contains(tag)),
        };
        met.then_some(()).ok_or(PreconditionFailed)
    }
}
