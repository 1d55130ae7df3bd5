//! The properties of a calendar: what clients set, kept by XML name (RFC 4918 §4, RFC 4791 §5.2).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::ical::zone;

const DAV: &str = "DAV:";
const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
const APPLE: &str = "http://apple.com/ns/ical/";

/// The name of a property: an XML name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PropertyName {
    /// The namespace; may be empty.
    pub namespace: String,
    /// The name in it.
    pub local: String,
}

impl PropertyName {
    /// `local` in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, local: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            local: local.to_owned(),
        }
    }

    /// Whether it is `local` in `namespace`.
    #[must_use]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }

    /// `DAV:displayname`.
    #[must_use]
    pub fn display_name() -> Self {
        Self::new(DAV, "displayname")
    }

    /// `CALDAV:calendar-description`.
    #[must_use]
    pub fn description() -> Self {
        Self::new(CALDAV, "calendar-description")
    }

    /// `CALDAV:calendar-timezone`: a `VCALENDAR` with one `VTIMEZONE` (RFC 4791 §5.2.2). The bare
    /// name of a zone is understood too.
    #[must_use]
    pub fn time_zone() -> Self {
        Self::new(CALDAV, "calendar-timezone")
    }

    /// `calendar-color` as Apple named it: `#RRGGBB` or `#RRGGBBAA`.
    #[must_use]
    pub fn color() -> Self {
        Self::new(APPLE, "calendar-color")
    }
}

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// Text, unescaped.
    Text(String),
    /// The whole element, which stands alone, kept letter for letter.
    Xml(String),
}

impl PropertyValue {
    /// The text, unless it is markup.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Xml(_) => None,
        }
    }

    /// Its length in bytes.
    #[must_use]
    pub(super) const fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Xml(text) => text.len(),
        }
    }
}

/// One change of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyChange {
    /// Give it this value.
    Set(PropertyName, PropertyValue),
    /// Take it away; one that is not there is no fault (RFC 4918 §14.23).
    Remove(PropertyName),
}

/// The properties of a calendar, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties(BTreeMap<PropertyName, PropertyValue>);

impl Properties {
    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &PropertyName) -> Option<&PropertyValue> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&PropertyName, &PropertyValue)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What people call the calendar.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.text(&PropertyName::display_name())
    }

    /// What people say of it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.text(&PropertyName::description())
    }

    /// Its colour, as the client wrote it.
    #[must_use]
    pub fn color(&self) -> Option<&str> {
        self.text(&PropertyName::color())
    }

    /// The zone of its days and floating times.
    #[must_use]
    pub fn time_zone(&self) -> Option<TimeZone> {
        zone::of_calendar(self.text(&PropertyName::time_zone())?)
    }

    fn text(&self, name: &PropertyName) -> Option<&str> {
        self.0.get(name).and_then(PropertyValue::as_text)
    }

    /// Makes the change; tells whether it changed anything.
    pub(super) fn apply(&mut self, change: &PropertyChange) -> bool {
        match change {
            PropertyChange::Set(name, value) => {
                self.0.insert(name.clone(), value.clone()).as_ref() != Some(value)
            }
            PropertyChange::Remove(name) => self.0.remove(name).is_some(),
        }
    }
}

impl FromIterator<(PropertyName, PropertyValue)> for Properties {
    fn from_iter<I: IntoIterator<Item = (PropertyName, PropertyValue)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}
