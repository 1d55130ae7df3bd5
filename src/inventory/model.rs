//! The words of the inventory, so made that they cannot be wrong.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::base::{ETag, Id, Timestamp};
use crate::identity::Principal;

/// The name of a thing: 1 to 200 characters on one line, without blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

/// A text does not have the form it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No name.
    #[error("{0:?} is not a name: use 1 to 200 characters on one line, none of them a control")]
    Name(String),
    /// No identifier scheme.
    #[error(
        "{0:?} is not an identifier scheme: use 1 to 40 of a-z, 0-9, colon, dash and underscore, \
         such as tag, serial, gtin or ext:snipeit"
    )]
    Scheme(String),
    /// No identifier value.
    #[error(
        "{0:?} is not an identifier value: use 1 to 200 characters on one line, none of them a \
         control"
    )]
    Value(String),
}

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        one_line(text)
            .map(Self)
            .ok_or_else(|| TextError::Name(shortened(text)))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A code that names one item within its scheme: a tag, a serial number, an id elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    scheme: String,
    value: String,
}

impl Identifier {
    /// `value` in `scheme`, such as `LAP-0007` in `tag`. Upper and lower case differ in values.
    ///
    /// # Errors
    /// [`TextError::Scheme`] or [`TextError::Value`].
    pub fn new(scheme: &str, value: &str) -> Result<Self, TextError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ":-_".contains(c);
        if scheme.is_empty() || scheme.len() > 40 || !scheme.chars().all(fits) {
            return Err(TextError::Scheme(shortened(scheme)));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            value: one_line(value).ok_or_else(|| TextError::Value(shortened(value)))?,
        })
    }

    /// The scheme: `tag`, `serial`, `gtin`, `giai`, `qr`, `ext:SOURCE`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", self.scheme, self.value)
    }
}

/// How items of a type are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Each item is one thing of its own.
    Serialised,
    /// An item is an article of which there are some.
    Stock,
    /// An item is a contract with seats.
    Licence,
    /// Each item is one room.
    Room,
}

impl TypeKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Serialised, Self::Stock, Self::Licence, Self::Room];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serialised => "serialised",
            Self::Stock => "stock",
            Self::Licence => "licence",
            Self::Room => "room",
        }
    }

    /// Reads [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether there is exactly one of each item.
    #[must_use]
    pub const fn is_single(self) -> bool {
        matches!(self, Self::Serialised | Self::Room)
    }
}

/// What several items have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemType {
    /// Its identifier.
    pub id: Id<Self>,
    /// Its name; no two types have the same.
    pub name: Name,
    /// How its items are counted; fixed.
    pub kind: TypeKind,
    /// What is counted: `piece`, `m`, `seat`.
    pub unit: Name,
    /// Counts the changes, from 1.
    pub version: i64,
}

/// A place, inside another or at the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its identifier.
    pub id: Id<Self>,
    /// Its name.
    pub name: Name,
    /// The place it is in.
    pub parent: Option<Id<Self>>,
    /// Counts the changes, from 1.
    pub version: i64,
}

/// One asset, one stock article or one licence contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its identifier.
    pub id: Id<Self>,
    /// Of which type; fixed.
    pub type_id: Id<ItemType>,
    /// Its name.
    pub name: Name,
    /// Counts the changes, from 1; custody counts.
    pub version: i64,
    /// What it is also known as, by scheme and value.
    pub identifiers: Vec<Identifier>,
    /// Where it is and who has it; no balance is 0.
    pub holdings: Vec<Holding>,
}

macro_rules! etag {
    ($($type:ty),*) => { $(
        impl $type {
            /// The entity tag of this version.
            #[must_use]
            pub fn etag(&self) -> ETag {
                ETag::new(&self.version.to_string())
            }
        }
    )* };
}
etag!(ItemType, Place, Item);

/// To whom or what an item is checked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A person.
    Party(Id<Principal>),
    /// A place that has it on loan.
    Place(Id<Place>),
    /// Another item that it is put into.
    Item(Id<Item>),
}

/// Where a quantity can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// Outside the organisation, where things come from; it has no balance.
    Outside,
    /// Kept in a place, ready to be checked out.
    Place(Id<Place>),
    /// Checked out to a place.
    Loan(Id<Place>),
    /// Checked out to a person.
    Party(Id<Principal>),
    /// Checked out to another item.
    Item(Id<Item>),
}

impl Account {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Place(_) => "place",
            Self::Loan(_) => "loan",
            Self::Party(_) => "party",
            Self::Item(_) => "item",
        }
    }

    /// The identifier of the place, person or item; all zeros outside.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Outside => Uuid::nil(),
            Self::Place(id) | Self::Loan(id) => Uuid::from_bytes(*id.as_bytes()),
            Self::Party(id) => Uuid::from_bytes(*id.as_bytes()),
            Self::Item(id) => Uuid::from_bytes(*id.as_bytes()),
        }
    }

    /// Reads [`Self::kind`] and [`Self::uuid`].
    #[must_use]
    pub fn parse(kind: &str, uuid: Uuid) -> Option<Self> {
        match kind {
            "outside" => Some(Self::Outside),
            "place" => Some(Self::Place(Id::from_uuid(uuid))),
            "loan" => Some(Self::Loan(Id::from_uuid(uuid))),
            "party" => Some(Self::Party(Id::from_uuid(uuid))),
            "item" => Some(Self::Item(Id::from_uuid(uuid))),
            _ => None,
        }
    }

    /// Whether what is there is checked out.
    #[must_use]
    pub const fn is_out(self) -> bool {
        matches!(self, Self::Loan(_) | Self::Party(_) | Self::Item(_))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.uuid())
    }
}

impl From<Holder> for Account {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Party(id) => Self::Party(id),
            Holder::Place(id) => Self::Loan(id),
            Holder::Item(id) => Self::Item(id),
        }
    }
}

/// How much of an item is in an account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Where.
    pub account: Account,
    /// How many units of the item's type, above 0.
    pub qty: i64,
    /// When the earliest loan in it is due back, exclusive.
    pub due: Option<Timestamp>,
}

impl Holding {
    /// Whether it should be back by `now`: the loan ends at its due instant, exclusive.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// A quantity of an item went from one account to another; never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Its identifier.
    pub id: Id<Self>,
    /// Of which item.
    pub item: Id<Item>,
    /// Which version of the item it made; movements stand in this order.
    pub item_version: i64,
    /// Taken from.
    pub from: Account,
    /// Given to.
    pub to: Account,
    /// How many units, above 0.
    pub qty: i64,
    /// When.
    pub at: Timestamp,
    /// When it is due back, exclusive.
    pub due: Option<Timestamp>,
    /// Who recorded it, as in the audit.
    pub actor: String,
}

impl Movement {
    /// The entity tag of the version that it made of the item.
    #[must_use]
    pub fn item_etag(&self) -> ETag {
        ETag::new(&self.item_version.to_string())
    }
}

fn one_line(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= 200 && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
