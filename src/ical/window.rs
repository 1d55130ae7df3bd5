//! A span of instants that is asked about (RFC 4791 §9.9): half-open, each end may be open.

use jiff::Timestamp;

use super::value::add_seconds;

/// From an instant up to, not including, another. `None` leaves that side open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Window {
    /// The first instant inside.
    pub from: Option<Timestamp>,
    /// The first instant behind.
    pub to: Option<Timestamp>,
}

impl Window {
    /// From `from` up to, not including, `to`.
    #[must_use]
    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from: Some(from),
            to: Some(to),
        }
    }

    /// `from < at`.
    pub(crate) fn starts_before(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from < at)
    }

    /// `from <= at`.
    pub(crate) fn starts_by(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at)
    }

    /// `to > at`.
    pub(crate) fn ends_after(&self, at: Timestamp) -> bool {
        self.to.is_none_or(|to| to > at)
    }

    /// `to >= at`.
    pub(crate) fn ends_from(&self, at: Timestamp) -> bool {
        self.to.is_none_or(|to| to >= at)
    }

    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.starts_by(at) && self.ends_after(at)
    }

    /// Whether a span touches the window; a span without length counts as its moment.
    #[must_use]
    pub fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        if start >= end {
            return self.contains(start);
        }
        self.starts_before(end) && self.ends_after(start)
    }

    /// The same window with its ends moved outwards.
    pub(crate) fn widened(&self, before_seconds: i64, after_seconds: i64) -> Self {
        Self {
            from: self.from.map(|from| add_seconds(from, -before_seconds)),
            to: self.to.map(|to| add_seconds(to, after_seconds)),
        }
    }
}
