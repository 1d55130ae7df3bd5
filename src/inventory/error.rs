//! What the inventory refuses, in words that say what to do.

use super::{Account, Identifier, Item, ItemType, Name, Place, TextError};
use crate::base::page::PageError;
use crate::base::{Id, Kind, PreconditionFailed, Timestamp};
use crate::identity::{Principal, Refusal};
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

/// The inventory refused or failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The actor's roles do not allow it.
    #[error("{}", refused(*.0))]
    Refused(#[from] Refusal),
    /// The thing has changed since the caller read it.
    #[error(transparent)]
    PreconditionFailed(#[from] PreconditionFailed),
    /// The page cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A name or an identifier is not well formed.
    #[error(transparent)]
    Text(#[from] TextError),
    /// There is no such item.
    #[error("there is no item {0}: look it up in the list of items or by one of its identifiers")]
    NoItem(Id<Item>),
    /// No item has this identifier.
    #[error("no item has the identifier {0}: check scheme and value, or add it to an item")]
    Unidentified(Identifier),
    /// There is no such place.
    #[error("there is no place {0}: choose one from the list of places, or create it first")]
    NoPlace(Id<Place>),
    /// There is no such person, or they were turned off.
    #[error("person {0} is not here or was turned off: hand the item to somebody else")]
    NoPerson(Id<Principal>),
    /// There is no such item type.
    #[error("there is no item type {0}: choose one from the list of types, or create it first")]
    NoType(Id<ItemType>),
    /// Another item type has this name.
    #[error("there is already an item type called \"{0}\": use it, or choose another name")]
    TypeNameTaken(Name),
    /// The identifier names another item.
    #[error(
        "the identifier {0} is already on an item: an identifier names one item; look that \
         item up by it, or use another value"
    )]
    IdentifierTaken(Identifier),
    /// The place would be inside itself.
    #[error(
        "place {0} cannot be moved there: it would be inside itself; choose a parent that is \
         not below it"
    )]
    PlaceCycle(Id<Place>),
    /// The item would be inside itself.
    #[error(
        "item {0} cannot be checked out there: it would be inside itself; choose an item that \
         is not inside it"
    )]
    ItemCycle(Id<Item>),
    /// A quantity that items of this kind cannot have.
    #[error(
        "{asked} is not possible for item type kind \"{kind}\": there is exactly one of each \
         such item; use quantity 1, or a type of kind \"stock\""
    )]
    NotSingle {
        /// The quantity asked for.
        asked: u32,
        /// The word for the kind.
        kind: &'static str,
    },
    /// The loan would be over before it begins.
    #[error("the due time {due} is not after now ({now}): choose a later one, or none")]
    DueTooEarly {
        /// The due instant asked for.
        due: Timestamp,
        /// The transaction's instant.
        now: Timestamp,
    },
    /// The item is out.
    #[error("item {item} is already checked out to {holder}: check it in first")]
    AlreadyOut {
        /// The item.
        item: Id<Item>,
        /// Who or what has it.
        holder: Account,
    },
    /// The item is not out.
    #[error("item {0} is not checked out: there is nothing to check in")]
    NotOut(Id<Item>),
    /// All of it is out.
    #[error("no place keeps any of item {0}: check some in first")]
    NoneKept(Id<Item>),
    /// It is in more than one account, and the caller did not say which.
    #[error("item {0} is in more than one account: say from which one to take it")]
    Ambiguous(Id<Item>),
    /// The account holds less than was asked for.
    #[error(
        "{account} holds {held} of item {item}, {asked} were asked for: ask for less, or take \
         from another account"
    )]
    TooFew {
        /// The item.
        item: Id<Item>,
        /// Where it was to be taken from.
        account: Account,
        /// How many are there.
        held: i64,
        /// How many were asked for.
        asked: u32,
    },
    /// The key ring refused.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InventoryError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::PreconditionFailed(_) => Kind::PreconditionFailed,
            Self::Page(_) | Self::Text(_) => Kind::Malformed,
            Self::NoItem(_) | Self::Unidentified(_) | Self::NoPlace(_) | Self::NoType(_) => {
                Kind::NotFound
            }
            Self::TypeNameTaken(_)
            | Self::IdentifierTaken(_)
            | Self::AlreadyOut { .. }
            | Self::NotOut(_)
            | Self::NoneKept(_)
            | Self::TooFew { .. } => Kind::Conflict,
            Self::PlaceCycle(_)
            | Self::ItemCycle(_)
            | Self::NotSingle { .. }
            | Self::NoPerson(_)
            | Self::DueTooEarly { .. }
            | Self::Ambiguous(_) => Kind::Invalid,
            Self::Keys(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}

const fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotFound => "there is nothing here under this name",
        Refusal::Forbidden | Refusal::OutOfScope => {
            "you may not do this in the inventory: members read it, custodians change what is in \
             their charge; ask an administrator for the role \"custodian\", here or over everything"
        }
    }
}
