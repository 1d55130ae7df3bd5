//! The words of the calendar room, so made that they cannot be wrong.

use std::fmt;
use std::str::FromStr;

use super::Properties;
use crate::base::{ETag, Id, Timestamp};
use crate::ical::object::Kind;
use crate::identity::{Handle, Principal};

/// A text cannot be part of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} cannot be {what}: use 1 to {max} bytes without slash or control characters, and not \
     \".\" or \"..\""
)]
pub struct NameError {
    text: String,
    what: &'static str,
    max: usize,
}

/// Whether `text` can stand between two slashes.
fn segment(text: String, what: &'static str, max: usize) -> Result<String, NameError> {
    let fits = (1..=max).contains(&text.len())
        && !matches!(text.as_str(), "." | "..")
        && !text.contains(|c: char| c == '/' || c.is_control());
    if fits {
        return Ok(text);
    }
    let text = text.chars().take(80).collect();
    Err(NameError { text, what, max })
}

/// The name of a calendar in its home: 1 to 200 bytes, one segment of a path, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// The name of an object in its calendar: 1 to 255 bytes, one segment of a path, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName(String);

impl Slug {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ObjectName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        segment(text.to_owned(), "the name of a calendar", 200).map(Self)
    }
}

impl FromStr for ObjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for ObjectName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        segment(text, "the name of a calendar object", 255).map(Self)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a calendar is: in whose home, under which name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CalendarRef {
    /// Whose home.
    pub owner: Handle,
    /// Its name there.
    pub slug: Slug,
}

/// Where a calendar object is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    /// In which calendar.
    pub calendar: CalendarRef,
    /// Its name there.
    pub name: ObjectName,
}

/// The kinds of component that a calendar takes (RFC 4791 §5.2.3); at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Components(u8);

/// The names are no set of components.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentsError {
    /// Not one name.
    #[error("a calendar takes at least one of VEVENT, VTODO and VJOURNAL: name one")]
    Empty,
    /// A name that no calendar takes.
    #[error("{0:?} is no component that a calendar takes: use VEVENT, VTODO and VJOURNAL")]
    Unknown(String),
}

impl Components {
    const KINDS: [Kind; 3] = [Kind::Event, Kind::Todo, Kind::Journal];

    /// Events, tasks and journals.
    pub const ALL: Self = Self(0b111);

    const fn bit(kind: Kind) -> u8 {
        match kind {
            Kind::Event => 1,
            Kind::Todo => 2,
            Kind::Journal => 4,
            Kind::FreeBusy => 0,
        }
    }

    /// The set of these names, in any letter case.
    ///
    /// # Errors
    /// [`ComponentsError`]: a name that no calendar takes, or no name.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ComponentsError> {
        let mut bits = 0;
        for name in names {
            let bit = Kind::of(name).map_or(0, Self::bit);
            if bit == 0 {
                return Err(ComponentsError::Unknown(name.chars().take(80).collect()));
            }
            bits |= bit;
        }
        if bits == 0 {
            return Err(ComponentsError::Empty);
        }
        Ok(Self(bits))
    }

    /// Whether the calendar takes this kind.
    #[must_use]
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// The names, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let kinds = Self::KINDS.into_iter();
        kinds.filter(move |kind| self.has(*kind)).map(Kind::name)
    }

    /// The names with spaces between: the word in the store.
    #[must_use]
    pub(super) fn to_text(self) -> String {
        self.names().collect::<Vec<_>>().join(" ")
    }
}

impl Default for Components {
    fn default() -> Self {
        Self::ALL
    }
}

/// A calendar: a collection of calendar objects (RFC 4791 §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its identifier, which a rename does not change.
    pub id: Id<Self>,
    /// Where it is.
    pub at: CalendarRef,
    /// What it takes.
    pub components: Components,
    /// What its owner and their clients say of it.
    pub properties: Properties,
    /// The state it is in; moves with every change of a member or a property.
    pub sync_token: SyncToken,
}

impl Calendar {
    /// The entity tag of the collection; moves with [`Self::sync_token`].
    #[must_use]
    pub fn etag(&self) -> ETag {
        ETag::new(&self.sync_token.seq.to_string())
    }
}

/// A calendar as its row tells it.
#[derive(Debug, Clone)]
pub(super) struct CalendarRow {
    pub(super) id: Id<Calendar>,
    pub(super) owner: Id<Principal>,
    pub(super) slug: Slug,
    pub(super) components: Components,
    /// The number of its latest change.
    pub(super) change_seq: i64,
    /// Removals up to this number are forgotten.
    pub(super) floor_seq: i64,
}

/// A calendar that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCalendar {
    /// Where.
    pub at: CalendarRef,
    /// What it takes, for good.
    pub components: Components,
    /// Its first properties.
    pub properties: Vec<(super::PropertyName, super::PropertyValue)>,
}

/// A state of a calendar (RFC 6578 §3.2). As text it is an absolute URI,
/// `urn:freehold:sync:CALENDAR:SEQUENCE`, with `:REMOVED_SINCE` behind it while the first sync is
/// under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncToken {
    pub(super) calendar: Id<Calendar>,
    /// Every change up to this one is known to the holder.
    pub(super) seq: i64,
    /// Removals up to this change do not concern the holder; `seq`, or more during a first sync
    /// that comes in pieces.
    pub(super) removed_since: i64,
}

/// The token was not given out by this calendar, or too long ago (`DAV:valid-sync-token`,
/// RFC 6578 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sync token is not one of this calendar, or it is too old: synchronise from the start, \
     with an empty token"
)]
pub struct BadSyncToken;

impl SyncToken {
    const PREFIX: &str = "urn:freehold:sync:";

    pub(super) const fn new(calendar: Id<Calendar>, seq: i64) -> Self {
        Self {
            calendar,
            seq,
            removed_since: seq,
        }
    }
}

impl fmt::Display for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}:{}", Self::PREFIX, self.calendar, self.seq)?;
        if self.removed_since != self.seq {
            write!(f, ":{}", self.removed_since)?;
        }
        Ok(())
    }
}

impl FromStr for SyncToken {
    type Err = BadSyncToken;

    fn from_str(text: &str) -> Result<Self, BadSyncToken> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<i64>().ok()).flatten()
        };
        let parse = || {
            let mut parts = text.strip_prefix(Self::PREFIX)?.split(':');
            let calendar = parts.next()?.parse().ok()?;
            let seq = number(parts.next()?)?;
            let removed_since = match parts.next() {
                None => seq,
                Some(text) => number(text).filter(|since| *since > seq)?,
            };
            let token = Self {
                calendar,
                seq,
                removed_since,
            };
            parts.next().is_none().then_some(token)
        };
        parse().ok_or(BadSyncToken)
    }
}

/// A calendar object without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Its name in the calendar.
    pub name: ObjectName,
    /// Its entity tag: strong, the same for the same bytes.
    pub etag: ETag,
    /// `VEVENT`, `VTODO` or `VJOURNAL`.
    pub component: String,
    /// The length of its body.
    pub size_bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A calendar object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// All but the body.
    pub entry: ObjectEntry,
    /// The client's bytes, as they came.
    pub body: Vec<u8>,
}

/// Something with the number of its latest change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered<T> {
    pub(super) seq: i64,
    pub(super) what: T,
}

/// What a PUT did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The tag of what is stored now.
    pub etag: ETag,
    /// What was done.
    pub outcome: Outcome,
}

/// How an object came to be what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There was none.
    Created,
    /// There was another.
    Replaced,
    /// The same bytes were there; nothing was written.
    Unchanged,
}

impl Outcome {
    /// The word in the audit; none for what was not written.
    pub(super) const fn to_audit(self) -> Option<&'static str> {
        match self {
            Self::Created => Some("created"),
            Self::Replaced => Some("replaced"),
            Self::Unchanged => None,
        }
    }
}

/// One occurrence of an object, for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In which calendar.
    pub calendar: CalendarRef,
    /// Of which object.
    pub name: ObjectName,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends, never before the start; exclusive.
    pub end: Timestamp,
    /// Whether it takes whole days of the asker's zone.
    pub all_day: bool,
    /// Whether it is one of a series.
    pub recurring: bool,
    /// `VEVENT`, `VTODO` or `VJOURNAL`.
    pub component: String,
    /// `SUMMARY`; empty when there is none.
    pub summary: String,
    /// `LOCATION`.
    pub location: Option<String>,
}
