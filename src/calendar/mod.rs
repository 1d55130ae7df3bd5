//! Calendars and what is in them: collections, calendar objects, queries, synchronisation, import
//! (RFC 4791, RFC 6578).
//!
//! A [`Calendar`] lives in the home of its owner. Its members are calendar objects: the client's
//! bytes, sealed, with what an index needs beside them. The bytes are the truth; bounds,
//! occurrences and keyed hashes are derived from them.
//!
//! - `calendars`: home, create, properties, delete. `objects`: put, get, delete, list, multiget.
//! - `queries`: filters, and occurrences for pages. `sync`: changes since a token. `import`.
//! - `rules`, `time_index`: the decisions, pure. `sealing`: what is readable only with the vault.
//! - `repo`: the queries. `jobs`: what time does to a calendar.
//!
//! **Invariants.** Each change of a member or a property takes the next number of its calendar's
//! change sequence while it holds the calendar's row, so the order of numbers is the order of
//! commits, and a token never skips a change, with several processes too. An object has one number:
//! its latest. A name is a live object or a tombstone, never both. A UID is once in a calendar.
//! Titles, bodies and property values are sealed; names, sizes and times are not. The index of
//! times only narrows: the filter decides on the opened body.
//!
//! **Who may.** The owner, with a session or a CalDAV token. To all others, administrators
//! included, the calendar is not there.
//!
//! **Absent on purpose.** HTTP and XML. Sharing, scheduling, free/busy, trash: the calendar issue.
//!
//! | Standard | Tests |
//! | --- | --- |
//! | RFC 4791 §4.1, §5.3.2.1, §5.3.4 | `tests/it/calendar/objects.rs` |
//! | RFC 4791 §5.2, §5.3.1 | `tests/it/calendar/calendars.rs` |
//! | RFC 4791 §7.8, §9.9 | `tests/it/calendar/query.rs` |
//! | RFC 6578 §3.2 to §3.6 | `tests/it/calendar/sync.rs` |

mod calendars;
mod error;
mod import;
mod jobs;
mod model;
mod objects;
mod properties;
mod queries;
mod repo;
mod rules;
mod sealing;
mod sync;
#[cfg(test)]
mod tests;
mod time_index;

pub use error::CalendarError;
pub use import::{Import, ImportOutcome};
pub use jobs::register;
pub use model::{
    BadSyncToken, Calendar, CalendarRef, Components, ComponentsError, Entry, NameError,
    NewCalendar, ObjectEntry, ObjectName, ObjectRef, Outcome, Slug, Stored, StoredObject,
    SyncToken,
};
pub use objects::PutObject;
pub use properties::{Properties, PropertyChange, PropertyName, PropertyValue};
pub use queries::{CalendarQuery, OccurrencesIn, QueryAnswer};
pub use sync::{Changes, ChangesSince};

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::config;
use crate::identity::event;
use crate::store::Store;
use crate::store::key_ring::KeyRing;

/// The handle on the calendars; cheap to clone. Every method is one use case.
#[derive(Clone)]
pub struct Calendars {
    store: Store,
    keys: KeyRing,
    limits: Arc<CalendarLimits>,
}

/// What calendars are limited by.
#[derive(Debug, Clone)]
pub struct CalendarLimits {
    /// The largest object, and the largest value of a property, in bytes.
    pub max_object_bytes: usize,
    /// How far ahead the occurrences of endless series are listed; a quarter of it back. Questions
    /// beyond it are answered as well, more slowly.
    pub horizon: SignedDuration,
    /// How long a removal is remembered for clients that synchronise.
    pub tombstones_kept: SignedDuration,
    /// The zone of days and floating times where a calendar does not say.
    pub default_zone: TimeZone,
}

impl CalendarLimits {
    /// What these settings say. They were checked when they were read: the zone is known.
    #[must_use]
    pub fn of(settings: &config::Calendar) -> Self {
        let days = |days: u32| SignedDuration::from_hours(i64::from(days) * 24);
        Self {
            max_object_bytes: usize::try_from(settings.max_object_bytes).unwrap_or(usize::MAX),
            horizon: days(settings.occurrence_horizon_days),
            tombstones_kept: days(settings.tombstone_days),
            default_zone: TimeZone::get(&settings.default_timezone).unwrap_or(TimeZone::UTC),
        }
    }
}

impl Default for CalendarLimits {
    /// What the settings say when nobody sets them.
    fn default() -> Self {
        Self::of(&config::Calendar::default())
    }
}

impl Calendars {
    /// The calendars kept in `store`, each sealed with a key of its owner.
    #[must_use]
    pub fn new(store: Store, keys: KeyRing, limits: CalendarLimits) -> Self {
        Self {
            store,
            keys,
            limits: Arc::new(limits),
        }
    }

    /// What calendars are limited by.
    #[must_use]
    pub fn limits(&self) -> &CalendarLimits {
        &self.limits
    }
}
