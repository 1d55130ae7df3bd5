//! A calendar object: the components of one thing, its master and its overrides (RFC 4791 §4.1,
//! RFC 5545 §3.8.4.4).
//!
//! **Invariants.** Parsing keeps every content line. It refuses text that is not iCalendar and
//! times that cannot be read, with the line; it does not judge: what CalDAV demands of a resource
//! is asked by [`CalendarObject::validate_for_caldav`]. Overrides are matched by the instant of
//! their RECURRENCE-ID in the zone of the master, never by SEQUENCE; they need no master.
//!
//! A series is DTSTART, rules and RDATEs, less EXDATEs. DTSTART is always an instance and the first
//! one that COUNT counts; an instance the clock skips is dropped and not counted.
//!
//! **Absent on purpose.** EXRULE (gone since RFC 5545). Scheduling (RFC 5546, RFC 6638).
//!
//! | Standard | Where |
//! | --- | --- |
//! | RFC 4791 §9.9, overlap of each component | `overlap.rs` |
//! | RFC 4791 §9.6.5, `expand` and §9.6.6, `limit-recurrence-set` | `expand.rs` |
//! | RFC 5545 §3.2.13, `RANGE=THISANDFUTURE` | `occurrences.rs` |

mod alarm;
mod bounds;
mod expand;
mod item;
mod occurrences;
mod overlap;
mod series;
#[cfg(test)]
mod tests;
mod validate;

pub use bounds::Bounds;
pub use expand::Expanded;
pub use item::{Item, Kind, Range};
pub use occurrences::{Completeness, Occurrence, Occurrences};
pub use validate::ObjectRule;

use super::error::{IcalError, Reason};
use super::text::Component;
use super::zone::Zones;

/// A calendar object, read.
///
/// ```
/// use freehold::ical::{CalendarObject, Window};
/// use jiff::tz::TimeZone;
///
/// let text = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20270101T090000Z\r\n\
///     DURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
/// let object = CalendarObject::parse(text)?;
/// let window = Window::new("2030-01-01T00:00:00Z".parse()?, "2030-01-08T00:00:00Z".parse()?);
/// assert_eq!(object.occurrences(window, &TimeZone::UTC, 100).list.len(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CalendarObject {
    calendar: Component,
    items: Vec<Item>,
    zones: Zones,
}

impl CalendarObject {
    /// Reads one `VCALENDAR`.
    ///
    /// # Errors
    /// The first line that is no content line, breaks the nesting, or tells a time that cannot be
    /// read.
    pub fn parse(bytes: &[u8]) -> Result<Self, IcalError> {
        let mut roots = Component::parse_all(bytes)?.into_iter();
        let calendar = roots.next().ok_or(IcalError::new(1, Reason::Empty))?;
        if !calendar.is("VCALENDAR") {
            let name = super::error::cut(calendar.name());
            return Err(IcalError::new(calendar.line(), Reason::NotCalendar(name)));
        }
        if let Some(second) = roots.next() {
            return Err(IcalError::new(second.line(), Reason::SeveralCalendars));
        }
        Self::from_calendar(calendar)
    }

    /// Reads a `VCALENDAR` that is a tree already.
    ///
    /// # Errors
    /// The first property that tells a time and cannot be read.
    pub fn from_calendar(calendar: Component) -> Result<Self, IcalError> {
        let mut items = Vec::new();
        let mut zones = Zones::default();
        for (index, component) in calendar.components().enumerate() {
            if let Some(kind) = Kind::of(component.name()) {
                let item = Item::read(component, index, kind)?;
                item.learn_zones(&mut zones, &calendar);
                items.push(item);
            }
        }
        Ok(Self {
            calendar,
            items,
            zones,
        })
    }

    /// The whole calendar.
    #[must_use]
    pub fn calendar(&self) -> &Component {
        &self.calendar
    }

    /// Its events, tasks, journals and free/busy components, in order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The zones its times are told in.
    #[must_use]
    pub fn zones(&self) -> &Zones {
        &self.zones
    }

    /// The UID of its first item.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.items.iter().find_map(|item| item.uid.as_deref())
    }

    /// The kind of its first item.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.items.first().map(|item| item.kind)
    }

    /// The component of an item or occurrence.
    #[must_use]
    pub fn component(&self, index: usize) -> Option<&Component> {
        self.calendar.components().nth(index)
    }

    /// The first item without a RECURRENCE-ID.
    #[must_use]
    pub fn master(&self) -> Option<&Item> {
        self.items.iter().find(|item| item.recurrence_id.is_none())
    }

    /// Whether it stands for several instances, or for single ones of a series.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        self.items
            .iter()
            .any(|item| item.is_recurring() || item.recurrence_id.is_some())
    }
}
