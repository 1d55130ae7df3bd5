//! Custody: check-out, check-in, and the movements of an item.

use std::num::NonZeroU32;

use serde_json::json;

use super::{Account, Holder, Inventory, InventoryError, Item, Movement, Place, Range};
use super::{READ, WRITE, Warden, check, event, named, repo, rules};
use crate::audit;
use crate::base::{Id, Page, Precondition, Timestamp};
use crate::identity::{Actor, Granted, principals};
use crate::store::Tx;

/// What is to be checked out, and to whom.
#[derive(Debug, Clone)]
pub struct CheckOut {
    /// The item.
    pub item: Id<Item>,
    /// How many; 1 for serialised items and rooms.
    pub qty: NonZeroU32,
    /// The place to take it from; `None` takes from the only place that keeps it.
    pub from: Option<Id<Place>>,
    /// Who or what gets it.
    pub to: Holder,
    /// When it is due back, exclusive; `None` for good.
    pub due: Option<Timestamp>,
    /// What the caller demands of the item's present version.
    pub precondition: Precondition,
}

/// What comes back, and where it is put.
#[derive(Debug, Clone)]
pub struct CheckIn {
    /// The item.
    pub item: Id<Item>,
    /// How many; 1 for serialised items and rooms.
    pub qty: NonZeroU32,
    /// Who or what gives it back; `None` takes from the only holder.
    pub from: Option<Holder>,
    /// The place that keeps it from now on.
    pub to: Id<Place>,
    /// What the caller demands of the item's present version.
    pub precondition: Precondition,
}

impl Inventory {
    /// Checks an item out to a person, a place or another item.
    ///
    /// # Errors
    /// [`InventoryError::AlreadyOut`], [`InventoryError::NoneKept`], [`InventoryError::TooFew`],
    /// [`InventoryError::Ambiguous`], [`InventoryError::NotSingle`],
    /// [`InventoryError::DueTooEarly`], [`InventoryError::ItemCycle`],
    /// [`InventoryError::NoItem`], [`InventoryError::NoPlace`], [`InventoryError::NoPerson`],
    /// [`InventoryError::PreconditionFailed`], [`InventoryError::Refused`], or the store's.
    pub async fn check_out(
        &self,
        actor: &Actor,
        out: CheckOut,
    ) -> Result<Movement, InventoryError> {
        let input = (actor.clone(), out);
        self.store
            .write(input, |tx, input| async move {
                let (actor, out) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let item = warden.found(repo::take_item(&tx, out.item).await)?;
                let from = named(out.from.map(Account::Place), |held| !held.is_out());
                let granted = warden.transfer(&item, from, out.to.into()).await?;
                check(&out.precondition, item.version)?;
                rules::loan(tx.now(), out.due)?;
                receivable(&tx, item.id, out.to).await?;
                let state = state(&tx, &item).await?;
                let from = rules::check_out(state, out.from.map(Account::Place), out.qty)?;
                let transfer = Transfer {
                    from,
                    to: out.to.into(),
                    qty: out.qty,
                    due: out.due,
                };
                let movement = post(&tx, actor, (&granted, &item), transfer).await?;
                record(&tx, actor, "inventory.item.check_out", &movement).await?;
                Ok(movement)
            })
            .await
    }

    /// Checks an item in: what was out is kept in a place again.
    ///
    /// # Errors
    /// [`InventoryError::NotOut`], [`InventoryError::TooFew`], [`InventoryError::Ambiguous`],
    /// [`InventoryError::NotSingle`], [`InventoryError::NoItem`], [`InventoryError::NoPlace`],
    /// [`InventoryError::PreconditionFailed`], [`InventoryError::Refused`], or the store's.
    pub async fn check_in(&self, actor: &Actor, back: CheckIn) -> Result<Movement, InventoryError> {
        let input = (actor.clone(), back);
        self.store
            .write(input, |tx, input| async move {
                let (actor, back) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let item = warden.found(repo::take_item(&tx, back.item).await)?;
                let from = named(back.from.map(Account::from), Account::is_out);
                let to = Account::Place(back.to);
                let granted = warden.transfer(&item, from, to).await?;
                check(&back.precondition, item.version)?;
                let place = repo::place(&tx, back.to).await?.id;
                let state = state(&tx, &item).await?;
                let from = rules::check_in(state, back.from.map(Account::from), back.qty)?;
                let transfer = Transfer {
                    from,
                    to: Account::Place(place),
                    qty: back.qty,
                    due: None,
                };
                let movement = post(&tx, actor, (&granted, &item), transfer).await?;
                record(&tx, actor, "inventory.item.check_in", &movement).await?;
                Ok(movement)
            })
            .await
    }

    /// A page of the movements of `item`, oldest first.
    ///
    /// # Errors
    /// [`InventoryError::NoItem`], [`InventoryError::Page`] for a foreign cursor,
    /// [`InventoryError::Refused`], or the store's.
    pub async fn movements(
        &self,
        actor: &Actor,
        item: Id<Item>,
        range: Range,
    ) -> Result<Page<Movement>, InventoryError> {
        self.store
            .read(range, |at, range| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                let found = warden.found(repo::item(&at, item).await)?;
                warden.sees(&found).await?;
                repo::movements(&at, item, &range).await
            })
            .await
    }
}

/// A movement that is decided.
pub(super) struct Transfer {
    pub(super) from: Account,
    pub(super) to: Account,
    pub(super) qty: NonZeroU32,
    pub(super) due: Option<Timestamp>,
}

/// Writes a movement of `item` down, as the one that made its present version.
pub(super) async fn post(
    tx: &Tx,
    actor: &Actor,
    (granted, item): (&Granted<Item>, &Item),
    transfer: Transfer,
) -> Result<Movement, InventoryError> {
    let movement = Movement {
        id: tx.new_id(),
        item: item.id,
        item_version: item.version,
        from: transfer.from,
        to: transfer.to,
        qty: i64::from(transfer.qty.get()),
        at: tx.now(),
        due: transfer.due,
        actor: actor.to_audit(),
    };
    repo::post(tx, granted, &movement).await?;
    Ok(movement)
}

async fn state<'a>(tx: &Tx, item: &'a Item) -> Result<rules::State<'a>, InventoryError> {
    Ok(rules::State {
        item: item.id,
        kind: repo::item_type(tx, item.type_id).await?.kind,
        holdings: &item.holdings,
    })
}

/// Whether `to` is there, and `item` would not come to be inside itself.
async fn receivable(tx: &Tx, item: Id<Item>, to: Holder) -> Result<(), InventoryError> {
    match to {
        Holder::Party(person) => {
            if !principals::is_active(tx, person).await? {
                return Err(InventoryError::NoPerson(person));
            }
        }
        Holder::Place(place) => {
            repo::place(tx, place).await?;
        }
        Holder::Item(container) => {
            repo::item(tx, container).await?;
            if rules::closes_a_cycle(item, &repo::lock_above_item(tx, container).await?) {
                return Err(InventoryError::ItemCycle(item));
            }
        }
    }
    Ok(())
}

async fn record(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    movement: &Movement,
) -> Result<(), InventoryError> {
    let detail = json!({
        "movement": movement.id,
        "from": movement.from.to_string(),
        "to": movement.to.to_string(),
        "qty": movement.qty,
    });
    audit::record(tx, event(actor, action, ("item", movement.item), detail)).await?;
    Ok(())
}
