//! What CalDAV demands of a calendar object resource (RFC 4791 §4.1), beyond being readable.

use super::{CalendarObject, Range};

/// The rule that a calendar object breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectRule {
    /// `METHOD` makes it a scheduling message.
    #[error("the calendar has a METHOD; a stored object must not have one (RFC 4791 §4.1)")]
    Method,
    /// No event, task, journal or free/busy component.
    #[error("the calendar holds no VEVENT, VTODO, VJOURNAL or VFREEBUSY")]
    NoComponent,
    /// Components of several types.
    #[error("the calendar holds {first} and {second}; an object has components of one type")]
    SeveralTypes {
        /// The type of the first component.
        first: String,
        /// Another type.
        second: String,
    },
    /// A component has no `UID`.
    #[error("line {line}: the component has no UID")]
    NoUid {
        /// Where the component begins.
        line: u32,
    },
    /// Components with different `UID`s.
    #[error("the calendar holds the UIDs `{first}` and `{second}`; an object has one")]
    SeveralUids {
        /// The UID of the first component.
        first: String,
        /// Another UID.
        second: String,
    },
    /// Two masters, or two overrides of one instance.
    #[error("line {line}: a second component for the same instance of `{uid}`")]
    Repeated {
        /// Where the second component begins.
        line: u32,
        /// The UID of both.
        uid: String,
    },
}

impl CalendarObject {
    /// Holds the object against RFC 4791 §4.1: one type of component besides `VTIMEZONE`, one UID,
    /// no METHOD, at most one component for each instance.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate_for_caldav(&self) -> Result<(), ObjectRule> {
        if self.calendar.first("METHOD").is_some() {
            return Err(ObjectRule::Method);
        }
        let first = self.items.first().ok_or(ObjectRule::NoComponent)?;
        let other = self.items.iter().find(|item| item.kind != first.kind);
        if let Some(other) = other {
            let (first, second) = (first.kind.name().to_owned(), other.kind.name().to_owned());
            return Err(ObjectRule::SeveralTypes { first, second });
        }
        let line_of = |component| {
            self.component(component)
                .map_or(0, super::super::text::Component::line)
        };
        for (index, item) in self.items.iter().enumerate() {
            let line = line_of(item.component);
            let Some(uid) = &item.uid else {
                return Err(ObjectRule::NoUid { line });
            };
            if first.uid.as_ref() != Some(uid) {
                let first = first.uid.clone().unwrap_or_default();
                return Err(ObjectRule::SeveralUids {
                    first,
                    second: uid.clone(),
                });
            }
            let same = |earlier: &super::Item| {
                earlier.recurrence_id == item.recurrence_id
                    && (earlier.range == Range::This) == (item.range == Range::This)
            };
            if self.items.iter().take(index).any(same) {
                return Err(ObjectRule::Repeated {
                    line,
                    uid: uid.clone(),
                });
            }
        }
        Ok(())
    }
}
