//! What can go wrong in the calendar room, in words for whoever asked.

use super::{BadSyncToken, CalendarRef, ObjectName, PropertyName};
use crate::base::{Kind, PreconditionFailed};
use crate::ical::IcalError;
use crate::ical::object::ObjectRule;
use crate::identity::Refusal;
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

/// The calendar room refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The actor may not, or there is no such calendar or object as far as they may know.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What the caller demanded of the present state does not hold.
    #[error(transparent)]
    PreconditionFailed(#[from] PreconditionFailed),
    /// The name is taken.
    #[error("{} has a calendar called \"{}\" already: choose another name", .0.owner, .0.slug)]
    CalendarExists(CalendarRef),
    /// The actor may make this calendar, but nobody has yet (RFC 4918 §9.7.1).
    #[error("{} has no calendar called \"{}\": make it first, with MKCALENDAR", .0.owner, .0.slug)]
    NoCalendar(CalendarRef),
    /// Another object of the calendar has the UID (`CALDAV:no-uid-conflict`, RFC 4791 §5.3.2.1).
    #[error("the object {name} in this calendar has the same UID: change that one instead")]
    UidConflict {
        /// The object that has it.
        name: ObjectName,
    },
    /// Not iCalendar (`CALDAV:valid-calendar-data`).
    #[error("the calendar data cannot be read: {0}")]
    InvalidData(IcalError),
    /// iCalendar, but not one calendar object (`CALDAV:valid-calendar-object-resource`).
    #[error("not one calendar object: {0}")]
    InvalidObject(ObjectRule),
    /// The calendar does not take this kind (`CALDAV:supported-calendar-component`).
    #[error("this calendar takes {takes}, not {component}: put it in another one")]
    UnsupportedComponent {
        /// What came.
        component: &'static str,
        /// What the calendar takes.
        takes: String,
    },
    /// Larger than the limit (`CALDAV:max-resource-size`).
    #[error("larger than {limit} bytes, the limit for one calendar object or property")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A property cannot have this value.
    #[error("the property {} cannot have this value: expected {expected}", .name.local)]
    InvalidProperty {
        /// Which one.
        name: PropertyName,
        /// What would have been right.
        expected: &'static str,
    },
    /// A calendar has so many properties and no more.
    #[error("a calendar has at most {limit} properties: remove some that no client needs")]
    TooManyProperties {
        /// The limit.
        limit: usize,
    },
    /// `DAV:valid-sync-token` (RFC 6578 §3.2).
    #[error(transparent)]
    BadSyncToken(#[from] BadSyncToken),
    /// What is stored does not open.
    #[error("the {what} cannot be opened: compare the key ring with the backup it belongs to")]
    Sealed {
        /// Which value: a word and an id.
        what: String,
        /// Why it does not open.
        #[source]
        source: KeyRingError,
    },
    /// The key ring refused.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CalendarError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::PreconditionFailed(_) => Kind::PreconditionFailed,
            Self::CalendarExists(_) | Self::NoCalendar(_) | Self::UidConflict { .. } => {
                Kind::Conflict
            }
            Self::InvalidData(_) => Kind::Malformed,
            Self::InvalidObject(_)
            | Self::UnsupportedComponent { .. }
            | Self::InvalidProperty { .. }
            | Self::TooManyProperties { .. }
            | Self::BadSyncToken(_) => Kind::Invalid,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::Sealed { source, .. } | Self::Keys(source) => source.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}
