//! Item types: create, get, update, list.

use serde_json::json;

use super::{Changes, Inventory, InventoryError, ItemType, Name, Range, TypeKind};
use super::{READ, WRITE, Warden, check, event, repo, shown};
use crate::audit;
use crate::base::{Id, Page, Precondition};
use crate::identity::Actor;

/// An item type to be made.
#[derive(Debug, Clone)]
pub struct NewType {
    /// Its name; no other type has it.
    pub name: Name,
    /// How its items are counted.
    pub kind: TypeKind,
    /// What is counted.
    pub unit: Name,
}

/// An item type as it shall be.
#[derive(Debug, Clone)]
pub struct ChangeType {
    /// Which one.
    pub id: Id<ItemType>,
    /// Its name from now on.
    pub name: Name,
    /// Its unit from now on.
    pub unit: Name,
    /// What the caller demands of the present version.
    pub precondition: Precondition,
}

impl Inventory {
    /// Makes an item type.
    ///
    /// # Errors
    /// [`InventoryError::TypeNameTaken`], [`InventoryError::Refused`], or the store's.
    pub async fn create_type(
        &self,
        actor: &Actor,
        new: NewType,
    ) -> Result<ItemType, InventoryError> {
        let input = (actor.clone(), new);
        self.store
            .write(input, |tx, input| async move {
                let (actor, new) = &*input;
                let id = tx.new_id();
                let granted = Warden::of(&tx, actor, &WRITE).await?.everywhere(id)?;
                let made = ItemType {
                    id,
                    name: new.name.clone(),
                    kind: new.kind,
                    unit: new.unit.clone(),
                    version: 1,
                };
                repo::insert_type(&tx, &granted, &made).await?;
                let detail = json!({ "kind": made.kind.as_str() });
                let event = event(actor, "inventory.type.create", ("type", made.id), detail);
                audit::record(&tx, event).await?;
                Ok(made)
            })
            .await
    }

    /// The item type `id`.
    ///
    /// # Errors
    /// [`InventoryError::NoType`], [`InventoryError::Refused`], or the store's.
    pub async fn item_type(
        &self,
        actor: &Actor,
        id: Id<ItemType>,
    ) -> Result<ItemType, InventoryError> {
        self.store
            .read(id, |at, id| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                let found = warden.found(repo::item_type(&at, id).await)?;
                warden.at(id, Some(id), &[]).await?;
                Ok(found)
            })
            .await
    }

    /// Changes name and unit of an item type.
    ///
    /// # Errors
    /// [`InventoryError::NoType`], [`InventoryError::PreconditionFailed`],
    /// [`InventoryError::TypeNameTaken`], [`InventoryError::Refused`], or the store's.
    pub async fn update_type(
        &self,
        actor: &Actor,
        change: ChangeType,
    ) -> Result<ItemType, InventoryError> {
        let input = (self.clone(), actor.clone(), change);
        self.store
            .write(input, |tx, input| async move {
                let (inventory, actor, change) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let mut changed = warden.found(repo::take_type(&tx, change.id).await)?;
                let granted = warden.at(changed.id, Some(changed.id), &[]).await?;
                check(&change.precondition, changed.version)?;
                let told = Changes::default()
                    .with("name", &changed.name.as_str(), &change.name.as_str())
                    .with("unit", &changed.unit.as_str(), &change.unit.as_str());
                let parts = inventory.seal(&tx, told).await?;
                changed.name = change.name.clone();
                changed.unit = change.unit.clone();
                repo::update_type(&tx, &granted, &changed).await?;
                let detail = json!({ "version": changed.version });
                let event = event(actor, "inventory.type.update", ("type", changed.id), detail);
                audit::record_with(&tx, event, &parts).await?;
                Ok(changed)
            })
            .await
    }

    /// A page of the item types, oldest first.
    ///
    /// # Errors
    /// [`InventoryError::Page`] for a foreign cursor, [`InventoryError::Refused`], or the store's.
    pub async fn item_types(
        &self,
        actor: &Actor,
        range: Range,
    ) -> Result<Page<ItemType>, InventoryError> {
        self.store
            .read(range, |at, range| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                warden.anywhere()?;
                let mut page = repo::item_types(&at, &range).await?;
                let mut rows = Vec::with_capacity(page.rows.len());
                for row in page.rows {
                    rows.extend(shown(warden.at(row.id, Some(row.id), &[]).await, row)?);
                }
                page.rows = rows;
                Ok(page)
            })
            .await
    }
}
