//! Items: create, get, find by identifier, update, list.

use std::num::NonZeroU32;

use serde_json::json;

use super::custody::{self, Transfer};
use super::{
    Account, Changes, Holding, Identifier, Inventory, InventoryError, Item, ItemType, Name, Place,
    Range,
};
use super::{READ, WRITE, Warden, check, event, repo, rules, shown};
use crate::audit;
use crate::base::{Id, Page, Precondition};
use crate::identity::Actor;

/// An item to be made, with what there is of it at first.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// Of which type.
    pub type_id: Id<ItemType>,
    /// Its name.
    pub name: Name,
    /// What it is also known as; no other item has any of these.
    pub identifiers: Vec<Identifier>,
    /// The place that keeps it.
    pub place: Id<Place>,
    /// How many; 1 for serialised items and rooms.
    pub qty: NonZeroU32,
}

/// An item as it shall be.
#[derive(Debug, Clone)]
pub struct ChangeItem {
    /// Which one.
    pub id: Id<Item>,
    /// Its name from now on.
    pub name: Name,
    /// All its identifiers from now on.
    pub identifiers: Vec<Identifier>,
    /// What the caller demands of the present version.
    pub precondition: Precondition,
}

impl Inventory {
    /// Makes an item; its first movement brings it from outside into its place.
    ///
    /// # Errors
    /// [`InventoryError::NoType`], [`InventoryError::NoPlace`], [`InventoryError::NotSingle`],
    /// [`InventoryError::IdentifierTaken`], [`InventoryError::Refused`], or the store's.
    pub async fn create_item(&self, actor: &Actor, new: NewItem) -> Result<Item, InventoryError> {
        let input = (actor.clone(), new);
        self.store
            .write(input, |tx, input| async move {
                let (actor, new) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let kind = warden.found(repo::item_type(&tx, new.type_id).await)?.kind;
                let place = warden.found(repo::place(&tx, new.place).await)?.id;
                let id = tx.new_id();
                let granted = warden.at(id, Some(new.type_id), &[Some(place)]).await?;
                rules::quantity(kind, new.qty.get())?;
                let made = Item {
                    id,
                    type_id: new.type_id,
                    name: new.name.clone(),
                    version: 1,
                    identifiers: new.identifiers.clone(),
                    holdings: vec![Holding {
                        account: Account::Place(place),
                        qty: i64::from(new.qty.get()),
                        due: None,
                    }],
                };
                repo::insert_item(&tx, &granted, &made).await?;
                repo::replace_identifiers(&tx, &granted, &made).await?;
                let transfer = Transfer {
                    from: Account::Outside,
                    to: Account::Place(place),
                    qty: new.qty,
                    due: None,
                };
                let first = custody::post(&tx, actor, (&granted, &made), transfer).await?;
                let detail = json!({ "type": made.type_id, "place": place, "qty": first.qty });
                let event = event(actor, "inventory.item.create", ("item", made.id), detail);
                audit::record(&tx, event).await?;
                Ok(made)
            })
            .await
    }

    /// The item `id`, with its identifiers and who has it.
    ///
    /// # Errors
    /// [`InventoryError::NoItem`], [`InventoryError::Refused`], or the store's.
    pub async fn item(&self, actor: &Actor, id: Id<Item>) -> Result<Item, InventoryError> {
        self.store
            .read(id, |at, id| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                let found = warden.found(repo::item(&at, id).await)?;
                warden.sees(&found).await?;
                Ok(found)
            })
            .await
    }

    /// The item that has `identifier`, such as a scanned tag.
    ///
    /// # Errors
    /// [`InventoryError::Unidentified`], [`InventoryError::Refused`], or the store's.
    pub async fn item_by_identifier(
        &self,
        actor: &Actor,
        identifier: Identifier,
    ) -> Result<Item, InventoryError> {
        self.store
            .read(identifier, |at, identifier| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                warden.anywhere()?;
                let Some(id) = repo::identified(&at, &identifier).await? else {
                    return Err(InventoryError::Unidentified(identifier));
                };
                let found = repo::item(&at, id).await?;
                match shown(warden.sees(&found).await, found)? {
                    Some(found) => Ok(found),
                    None => Err(InventoryError::Unidentified(identifier)),
                }
            })
            .await
    }

    /// Changes name and identifiers of an item.
    ///
    /// # Errors
    /// [`InventoryError::NoItem`], [`InventoryError::PreconditionFailed`],
    /// [`InventoryError::IdentifierTaken`], [`InventoryError::Refused`], or the store's.
    pub async fn update_item(
        &self,
        actor: &Actor,
        change: ChangeItem,
    ) -> Result<Item, InventoryError> {
        let input = (self.clone(), actor.clone(), change);
        self.store
            .write(input, |tx, input| async move {
                let (inventory, actor, change) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let mut changed = warden.found(repo::take_item(&tx, change.id).await)?;
                let granted = warden.item(&changed).await?;
                check(&change.precondition, changed.version)?;
                let codes = |all: &[Identifier]| all.iter().map(code).collect::<Vec<_>>();
                let told = Changes::default()
                    .with("name", &changed.name.as_str(), &change.name.as_str())
                    .with(
                        "identifiers",
                        &codes(&changed.identifiers),
                        &codes(&change.identifiers),
                    );
                let parts = inventory.seal(&tx, told).await?;
                changed.name = change.name.clone();
                changed.identifiers = change.identifiers.clone();
                repo::rename_item(&tx, &granted, &changed).await?;
                repo::replace_identifiers(&tx, &granted, &changed).await?;
                let detail = json!({
                    "version": changed.version,
                    "identifiers": changed.identifiers.len(),
                });
                let event = event(actor, "inventory.item.update", ("item", changed.id), detail);
                audit::record_with(&tx, event, &parts).await?;
                Ok(changed)
            })
            .await
    }

    /// A page of the items, oldest first, each with its identifiers and who has it.
    ///
    /// # Errors
    /// [`InventoryError::Page`] for a foreign cursor, [`InventoryError::Refused`], or the store's.
    pub async fn items(&self, actor: &Actor, range: Range) -> Result<Page<Item>, InventoryError> {
        self.store
            .read(range, |at, range| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                warden.anywhere()?;
                let mut page = repo::items(&at, &range).await?;
                let mut rows = Vec::with_capacity(page.rows.len());
                for row in page.rows {
                    rows.extend(shown(warden.sees(&row).await, row)?);
                }
                page.rows = rows;
                Ok(page)
            })
            .await
    }
}

fn code(of: &Identifier) -> String {
    format!("{} {}", of.scheme(), of.value())
}
