//! What the store keeps of an object's times, so that a question about a window of time finds it
//! without opening every body.
//!
//! | Index | Found by |
//! | --- | --- |
//! | [`TimeIndex::Span`] | its bounds; it is one span, no longer than [`LONGEST`] |
//! | [`TimeIndex::Listed`] | its listed occurrences, which are all it has |
//! | [`TimeIndex::Rolling`] | its listed occurrences inside the span for which they are listed, its bounds outside of it |
//!
//! The index only narrows. It may find too much, never too little.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::base::Timestamp;
use crate::ical::object::Completeness;
use crate::ical::text::ContentLine;
use crate::ical::{CalendarObject, Window};

/// No span and no listed occurrence is longer (microseconds), so that those that reach into a
/// window begin at most so long before it.
pub(super) const LONGEST: i64 = 8 * 86_400_000_000;
/// More occurrences than this are not listed.
const LISTED_MAX: usize = 1000;
/// Zones are up to 26 hours apart, and a day may have 25.
const ZONES_APART: i64 = 2 * 86_400_000_000;

/// How an object is found in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeIndex {
    Span,
    Listed,
    Rolling,
}

impl TimeIndex {
    /// The number in the store.
    pub(super) const fn to_i64(self) -> i64 {
        match self {
            Self::Span => 0,
            Self::Listed => 1,
            Self::Rolling => 2,
        }
    }
}

/// From `start` to `end`, in microseconds UTC; an open side is the end of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Span {
    /// Nothing.
    const EMPTY: Self = Self {
        start: i64::MAX,
        end: i64::MIN,
    };
    /// All time.
    const ALL: Self = Self {
        start: i64::MIN,
        end: i64::MAX,
    };

    /// Everything that may overlap `window`, whichever zone its days and floating times are read in.
    pub(super) fn around(window: Window) -> Self {
        let micros = |at: Timestamp| at.as_microsecond();
        Self {
            start: window
                .from
                .map_or(i64::MIN, |at| micros(at).saturating_sub(ZONES_APART)),
            end: window
                .to
                .map_or(i64::MAX, |at| micros(at).saturating_add(ZONES_APART)),
        }
    }

    const fn is_long(self) -> bool {
        self.end.saturating_sub(self.start) > LONGEST
    }
}

/// What the store keeps of an object's times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) index: TimeIndex,
    /// Whether they depend on the zone of the calendar.
    pub(super) are_local: bool,
    /// No occurrence begins earlier.
    pub(super) first_start: i64,
    /// No occurrence ends later; `None`: there is no end.
    pub(super) last_end: Option<i64>,
    /// The time in which all occurrences are listed.
    pub(super) listed_in: Span,
    /// The listed occurrences.
    pub(super) listed: Vec<Span>,
}

/// The window in which the occurrences of endless series are listed.
pub(super) fn horizon(now: Timestamp, ahead: SignedDuration) -> Window {
    let back = ahead / 4;
    Window::new(
        now.checked_sub(back).unwrap_or(Timestamp::MIN),
        now.checked_add(ahead).unwrap_or(Timestamp::MAX),
    )
}

/// The times of `object`, whose days and floating times are read in `zone`.
pub(super) fn times(object: &CalendarObject, zone: &TimeZone, horizon: Window) -> Times {
    let bounds = object.bounds(zone);
    let whole = Span {
        start: bounds.first_start.as_microsecond(),
        end: bounds.last_end.map_or(i64::MAX, Timestamp::as_microsecond),
    };
    let is_span = !object.is_recurring() && bounds.last_end.is_some() && !whole.is_long();
    let (index, listed_in, listed) = if is_span {
        (TimeIndex::Span, Span::ALL, Vec::new())
    } else {
        listing(object, zone, horizon)
    };
    Times {
        index,
        are_local: are_local(object),
        first_start: whole.start,
        last_end: bounds.last_end.map(Timestamp::as_microsecond),
        listed_in,
        listed,
    }
}

fn listing(
    object: &CalendarObject,
    zone: &TimeZone,
    horizon: Window,
) -> (TimeIndex, Span, Vec<Span>) {
    let nothing = (TimeIndex::Rolling, Span::EMPTY, Vec::new());
    if !object.is_recurring() {
        return nothing;
    }
    let bounds = object.bounds(zone);
    if bounds.last_end.is_some()
        && let Some(all) = occurrences(object, zone, Window::default())
    {
        return (TimeIndex::Listed, Span::ALL, all);
    }
    let (Some(from), Some(to)) = (horizon.from, horizon.to) else {
        return nothing;
    };
    let listed_in = Span {
        start: from.as_microsecond(),
        end: to.as_microsecond(),
    };
    let near = occurrences(object, zone, horizon);
    near.map_or(nothing, |near| (TimeIndex::Rolling, listed_in, near))
}

/// All occurrences in the window, if they are few and short enough to be listed.
fn occurrences(object: &CalendarObject, zone: &TimeZone, window: Window) -> Option<Vec<Span>> {
    let found = object.occurrences(window, zone, LISTED_MAX);
    let spans: Vec<_> = found
        .list
        .iter()
        .map(|occurrence| Span {
            start: occurrence.start.as_microsecond(),
            end: occurrence.end.as_microsecond(),
        })
        .collect();
    let fits =
        found.completeness == Completeness::Complete && !spans.iter().any(|span| span.is_long());
    fits.then_some(spans)
}

/// Whether a time of the object is a day, floating, or in a zone that nobody knows.
pub(super) fn are_local(object: &CalendarObject) -> bool {
    let mut components = object
        .items()
        .iter()
        .filter_map(|item| object.component(item.component));
    object.zones().unknown().next().is_some()
        || components.any(|component| component.lines().any(is_local))
}

fn is_local(line: &ContentLine) -> bool {
    const TIMES: [&str; 9] = [
        "DTSTART",
        "DTEND",
        "DUE",
        "RECURRENCE-ID",
        "RDATE",
        "EXDATE",
        "COMPLETED",
        "CREATED",
        "FREEBUSY",
    ];
    let is_utc = |text: &str| text.trim_end().ends_with(['Z', 'z']);
    TIMES.iter().any(|name| line.is(name))
        && line.param("TZID").is_none()
        && !line.value().split([',', '/']).all(is_utc)
}
