//! A value that is passed along and never shown.

use std::fmt;

/// Wraps a value so that neither `Debug` nor `Display` shows it.
///
/// ```
/// use freehold::telemetry::Redacted;
///
/// let header = Redacted("Bearer abc");
/// assert_eq!(format!("{header} {header:?}"), "(redacted) (redacted)");
/// assert_eq!(header.reveal(), &"Bearer abc");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted<T>(pub T);

impl<T> Redacted<T> {
    /// The value itself, for its use and not for a log line.
    #[must_use]
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}
