//! Item types: create, get, update, list.

use serde_json::json;

use super::{Inventory, InventoryError, ItemType, Name, Range, TypeKind};
use super::{check, event, may_read, may_write, repo};
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
                may_write(actor)?;
                let made = ItemType {
                    id: tx.new_id(),
                    name: new.name.clone(),
                    kind: new.kind,
                    unit: new.unit.clone(),
                    version: 1,
                };
                repo::insert_type(&tx, &made).await?;
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
                may_read(actor)?;
                repo::item_type(&at, id).await
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
        let input = (actor.clone(), change);
        self.store
            .write(input, |tx, input| async move {
                let (actor, change) = &*input;
                may_write(actor)?;
                let mut changed = repo::take_type(&tx, change.id).await?;
                check(&change.precondition, changed.version)?;
                changed.name = change.name.clone();
                changed.unit = change.unit.clone();
                repo::update_type(&tx, &changed).await?;
                let detail = json!({ "version": changed.version });
                let event = event(actor, "inventory.type.update", ("type", changed.id), detail);
                audit::record(&tx, event).await?;
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
                may_read(actor)?;
                repo::item_types(&at, &range).await
            })
            .await
    }
}
