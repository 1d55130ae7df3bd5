//! Places: create, get, update (name and parent), list.

use serde_json::json;

use super::{Changes, Inventory, InventoryError, Name, Place, Range};
use super::{READ, WRITE, Warden, check, event, repo, rules, shown};
use crate::audit;
use crate::base::{Id, Page, Precondition};
use crate::identity::Actor;

/// A place to be made.
#[derive(Debug, Clone)]
pub struct NewPlace {
    /// Its name.
    pub name: Name,
    /// The place it is in; `None` at the root.
    pub parent: Option<Id<Place>>,
}

/// A place as it shall be.
#[derive(Debug, Clone)]
pub struct ChangePlace {
    /// Which one.
    pub id: Id<Place>,
    /// Its name from now on.
    pub name: Name,
    /// The place it is in from now on; what is in it moves along.
    pub parent: Option<Id<Place>>,
    /// What the caller demands of the present version.
    pub precondition: Precondition,
}

impl Inventory {
    /// Makes a place.
    ///
    /// # Errors
    /// [`InventoryError::NoPlace`] for the parent, [`InventoryError::Refused`], or the store's.
    pub async fn create_place(
        &self,
        actor: &Actor,
        new: NewPlace,
    ) -> Result<Place, InventoryError> {
        let input = (actor.clone(), new);
        self.store
            .write(input, |tx, input| async move {
                let (actor, new) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                if let Some(parent) = new.parent {
                    warden.found(repo::place(&tx, parent).await)?;
                }
                let id = tx.new_id();
                let granted = warden.at(id, None, &[new.parent]).await?;
                let made = Place {
                    id,
                    name: new.name.clone(),
                    parent: new.parent,
                    version: 1,
                };
                repo::insert_place(&tx, &granted, &made).await?;
                let detail = json!({ "parent": made.parent });
                let event = event(actor, "inventory.place.create", ("place", made.id), detail);
                audit::record(&tx, event).await?;
                Ok(made)
            })
            .await
    }

    /// The place `id`.
    ///
    /// # Errors
    /// [`InventoryError::NoPlace`], [`InventoryError::Refused`], or the store's.
    pub async fn place(&self, actor: &Actor, id: Id<Place>) -> Result<Place, InventoryError> {
        self.store
            .read(id, |at, id| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                let found = warden.found(repo::place(&at, id).await)?;
                warden.at(id, None, &[Some(id)]).await?;
                Ok(found)
            })
            .await
    }

    /// Renames a place, or puts it into another one.
    ///
    /// # Errors
    /// [`InventoryError::NoPlace`] for it or the parent, [`InventoryError::PreconditionFailed`],
    /// [`InventoryError::PlaceCycle`], [`InventoryError::Refused`], or the store's.
    pub async fn update_place(
        &self,
        actor: &Actor,
        change: ChangePlace,
    ) -> Result<Place, InventoryError> {
        let input = (self.clone(), actor.clone(), change);
        self.store
            .write(input, |tx, input| async move {
                let (inventory, actor, change) = &*input;
                let warden = Warden::of(&tx, actor, &WRITE).await?;
                let mut changed = warden.found(repo::take_place(&tx, change.id).await)?;
                let mut ends = vec![Some(changed.id)];
                if change.parent != changed.parent {
                    ends.extend([changed.parent, change.parent]);
                }
                let granted = warden.at(changed.id, None, &ends).await?;
                check(&change.precondition, changed.version)?;
                if let Some(parent) = change.parent {
                    repo::place(&tx, parent).await?;
                    if rules::closes_a_cycle(
                        changed.id,
                        &repo::lock_above_place(&tx, parent).await?,
                    ) {
                        return Err(InventoryError::PlaceCycle(changed.id));
                    }
                }
                let told = Changes::default()
                    .with("name", &changed.name.as_str(), &change.name.as_str())
                    .with("parent", &changed.parent, &change.parent);
                let parts = inventory.seal(&tx, told).await?;
                changed.name = change.name.clone();
                changed.parent = change.parent;
                repo::update_place(&tx, &granted, &changed).await?;
                let detail = json!({ "version": changed.version, "parent": changed.parent });
                let event = event(
                    actor,
                    "inventory.place.update",
                    ("place", changed.id),
                    detail,
                );
                audit::record_with(&tx, event, &parts).await?;
                Ok(changed)
            })
            .await
    }

    /// A page of the places, oldest first.
    ///
    /// # Errors
    /// [`InventoryError::Page`] for a foreign cursor, [`InventoryError::Refused`], or the store's.
    pub async fn places(&self, actor: &Actor, range: Range) -> Result<Page<Place>, InventoryError> {
        self.store
            .read(range, |at, range| async move {
                let warden = Warden::of(&at, actor, &READ).await?;
                warden.anywhere()?;
                let mut page = repo::places(&at, &range).await?;
                let mut rows = Vec::with_capacity(page.rows.len());
                for row in page.rows {
                    rows.extend(shown(warden.at(row.id, None, &[Some(row.id)]).await, row)?);
                }
                page.rows = rows;
                Ok(page)
            })
            .await
    }
}
