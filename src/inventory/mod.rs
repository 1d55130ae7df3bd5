//! Inventory: what the organisation has, where it is, and who has it.
//!
//! An [`Item`] is of an [`ItemType`] and carries [`Identifier`]s. Custody and stock are one thing: a
//! quantity of an item moves from one [`Account`] to another. A [`Movement`] says so and is never
//! changed; a [`Holding`] is the balance that follows from the movements.
//!
//! - `types`, `places`, `items`: what there is; create, get, update, list.
//! - `custody`: check-out, check-in and the list of movements.
//! - `charge`: who is in charge of which part.
//! - `rules`: the decisions, pure. `repo`: the queries.
//!
//! **Invariants.** Every movement takes from one account what it gives to another. No balance is
//! below zero: the update that takes is conditional, and the table has a check behind it. An item
//! of a single kind (serialised, room) is in exactly one account. An identifier names one item.
//! Places form a tree, and no item is inside itself. Each change of an item, custody included,
//! moves its version, which is its entity tag. A loan ends at its due instant, exclusive: at that
//! instant it is overdue.
//!
//! **Who may.** Members read; custodians write, over everything or over the places and types in their
//! charge; administrators everything. Each writing query takes the proof of it ([`Granted`]).
//!
//! **Absent on purpose.** HTTP, reservations, deletion, reversal, lots, money and licence keys; the
//! inventory issue adds them. Names of people: an account holds the principal's id only.

mod changes;
mod charge;
mod custody;
mod error;
mod items;
mod model;
mod places;
mod repo;
mod rules;
#[cfg(test)]
mod tests;
mod types;

pub use charge::Charge;
pub use custody::{CheckIn, CheckOut};
pub use error::InventoryError;
pub use items::{ChangeItem, NewItem};
pub use model::{
    Account, Holder, Holding, Identifier, Item, ItemType, Movement, Name, Place, TextError,
    TypeKind,
};
pub use places::{ChangePlace, NewPlace};
pub use types::{ChangeType, NewType};

use crate::base::{ETag, Precondition, PreconditionFailed};
#[cfg(doc)]
use crate::identity::Granted;
use crate::identity::event;
use crate::store::Store;
use crate::store::key_ring::KeyRing;
use changes::Changes;
use charge::{READ, WRITE, Warden, named, shown};

/// The handle on the inventory; cheap to clone. Every method is one transaction.
#[derive(Clone)]
pub struct Inventory {
    store: Store,
    keys: KeyRing,
}

impl Inventory {
    /// The inventory kept in `store`; `keys` seal what the audit tells of its changes.
    #[must_use]
    pub const fn new(store: Store, keys: KeyRing) -> Self {
        Self { store, keys }
    }
}

/// Where a list goes on: behind this page's cursor, with so many rows.
#[derive(Debug, Clone, Default)]
pub struct Range {
    /// [`crate::base::Page::next`] of the page before; `None` for the first page.
    pub cursor: Option<crate::base::Cursor>,
    /// How many rows at most.
    pub size: crate::base::PageSize,
}

type Found<T> = Result<T, InventoryError>;

/// Holds the caller's demand against the version before the one just taken.
fn check(demand: &Precondition, taken: i64) -> Result<(), PreconditionFailed> {
    demand.check(Some(&ETag::new(&(taken - 1).to_string())))
}
