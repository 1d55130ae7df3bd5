//! Questions about what is in calendars.

use jiff::tz::TimeZone;

use super::{CalendarError, CalendarRef, Calendars, Entry, StoredObject};
use crate::ical::Window;
use crate::ical::filter::CompFilter;
use crate::identity::Actor;

/// `calendar-query` (RFC 4791 §7.8).
#[derive(Debug, Clone)]
pub struct CalendarQuery {
    /// Of which calendar.
    pub at: CalendarRef,
    /// Which objects.
    pub filter: CompFilter,
    /// The zone of days and floating times; `None`: the calendar's own.
    pub zone: Option<TimeZone>,
    /// How many objects at most.
    pub limit: Option<usize>,
}

/// The objects that satisfy a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryAnswer {
    /// The objects, by name.
    pub objects: Vec<StoredObject>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}

/// What a page asks.
#[derive(Debug, Clone)]
pub struct OccurrencesIn {
    /// Of which calendars.
    pub calendars: Vec<CalendarRef>,
    /// When.
    pub window: Window,
    /// The asker's zone, for days and floating times.
    pub zone: TimeZone,
    /// How many at most.
    pub limit: usize,
}

impl Calendars {
    /// Query.
    pub async fn query(
        &self,
        actor: &Actor,
        query: CalendarQuery,
    ) -> Result<QueryAnswer, CalendarError> {
        unimplemented!()
    }
    /// Occurrences.
    pub async fn occurrences(
        &self,
        actor: &Actor,
        of: OccurrencesIn,
    ) -> Result<Vec<Entry>, CalendarError> {
        unimplemented!()
    }
}
