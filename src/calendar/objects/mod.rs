//! The use cases of calendar objects: put, get, delete, list, multiget.

pub(super) mod repo;
mod storing;

use serde_json::json;

pub(super) use storing::{Incoming, Place, parsed, read_again_in, store, zone_of};

use super::repo as calendars;
use super::{
    CalendarError, CalendarRef, Calendars, ObjectEntry, ObjectName, ObjectRef, Stored,
    StoredObject, event, rules,
};
use crate::audit;
use crate::base::Precondition;
use crate::identity::{Actor, Privilege, Refusal};
use crate::store::Snapshot;

/// An object that is to be stored.
#[derive(Debug, Clone)]
pub struct PutObject {
    /// Where.
    pub at: ObjectRef,
    /// The client's bytes.
    pub body: Vec<u8>,
    /// What the caller demands of the object that is there now.
    pub precondition: Precondition,
}

impl Calendars {
    /// Stores an object under its name (RFC 4791 §5.3.2). The bytes come back as they are; the same
    /// bytes once more write nothing.
    ///
    /// # Errors
    /// [`CalendarError::PreconditionFailed`], [`CalendarError::InvalidData`],
    /// [`CalendarError::InvalidObject`], [`CalendarError::UnsupportedComponent`],
    /// [`CalendarError::NoCalendar`], [`CalendarError::UidConflict`], [`CalendarError::TooLarge`], [`CalendarError::Refused`],
    /// the vault's, or the store's.
    pub async fn put_object(&self, actor: &Actor, put: PutObject) -> Result<Stored, CalendarError> {
        let incoming = Incoming::read(self, put.body)?;
        let input = (
            self.clone(),
            actor.clone(),
            put.at,
            put.precondition,
            incoming,
        );
        self.store
            .write(input, |tx, input| async move {
                let (calendars, actor, at, precondition, incoming) = &*input;
                let Some(mut row) = calendars::lock(&tx, &at.calendar).await? else {
                    let home = calendars::home(&tx, &at.calendar.owner).await?;
                    rules::grant_home(actor, home.ok_or(Refusal::NotFound)?, Privilege::Bind)?;
                    return Err(CalendarError::NoCalendar(at.calendar.clone()));
                };
                let present = repo::present(&tx, row.id, &at.name).await?;
                let privilege = match present {
                    Some(_) => Privilege::WriteContent,
                    None => Privilege::Bind,
                };
                let granted = rules::grant(actor, &row, privilege)?;
                precondition.check(present.as_ref().map(|present| &present.etag))?;
                rules::takes(row.components, incoming.kind)?;
                let holder = repo::name_by_uid(&tx, row.id, &incoming.uid_hash).await?;
                if let Some(name) = holder.filter(|holder| *holder != at.name) {
                    return Err(CalendarError::UidConflict { name });
                }
                let place = Place {
                    granted: &granted,
                    calendar: &mut row,
                    name: &at.name,
                    present,
                };
                let (id, outcome) = store(calendars, &tx, place, incoming).await?;
                if let Some(outcome) = outcome.to_audit() {
                    let detail = json!({ "calendar": row.id, "outcome": outcome });
                    let subject = ("calendar_object", id);
                    let done = event(actor, "calendar.object.put", subject, detail);
                    audit::record(&tx, done).await?;
                }
                let etag = incoming.etag.clone();
                Ok(Stored { etag, outcome })
            })
            .await
    }

    /// An object.
    ///
    /// # Errors
    /// [`CalendarError::Refused`] when it is not there as far as the actor may know;
    /// [`CalendarError::Sealed`], or the store's.
    pub async fn object(
        &self,
        actor: &Actor,
        at: &ObjectRef,
    ) -> Result<StoredObject, CalendarError> {
        let sealed = self
            .store
            .read((), |snapshot, ()| async move {
                let row = calendars::find(&snapshot, &at.calendar).await?;
                let row = row.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Read)?;
                let sealed = repo::object(&snapshot, row.id, &at.name).await?;
                sealed.ok_or(CalendarError::Refused(Refusal::NotFound))
            })
            .await?;
        self.open_object(sealed).await
    }

    /// Removes an object. Clients that synchronise learn of it.
    ///
    /// # Errors
    /// [`CalendarError::PreconditionFailed`], [`CalendarError::Refused`] when it is not there, or
    /// the store's.
    pub async fn delete_object(
        &self,
        actor: &Actor,
        at: &ObjectRef,
        precondition: Precondition,
    ) -> Result<(), CalendarError> {
        let input = (actor.clone(), at.clone(), precondition);
        self.store
            .write(input, |tx, input| async move {
                let (actor, at, precondition) = &*input;
                let row = calendars::lock(&tx, &at.calendar).await?;
                let mut row = row.ok_or(Refusal::NotFound)?;
                let granted = rules::grant(actor, &row, Privilege::Unbind)?;
                let present = repo::present(&tx, row.id, &at.name).await?;
                let present = present.ok_or(Refusal::NotFound)?;
                precondition.check(Some(&present.etag))?;
                let seq = calendars::step(&tx, &granted, &mut row).await?;
                repo::delete(&tx, &granted, &present).await?;
                calendars::put_tombstone(&tx, &granted, &at.name, seq).await?;
                let detail = json!({ "calendar": row.id });
                let subject = ("calendar_object", present.id);
                let done = event(actor, "calendar.object.delete", subject, detail);
                audit::record(&tx, done).await?;
                Ok(())
            })
            .await
    }

    /// All objects of a calendar without their bodies, by name. A long list is read page by page:
    /// an object that changes meanwhile is there in one of its states.
    ///
    /// # Errors
    /// [`CalendarError::Refused`], or the store's.
    pub async fn list(
        &self,
        actor: &Actor,
        at: &CalendarRef,
    ) -> Result<Vec<ObjectEntry>, CalendarError> {
        let id = self
            .store
            .read((), |snapshot, ()| async move {
                let row = calendars::find(&snapshot, at).await?;
                let row = row.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Read)?;
                Ok::<_, CalendarError>(row.id)
            })
            .await?;
        let mut all: Vec<ObjectEntry> = Vec::new();
        loop {
            let after = all.last().map_or("", |last| last.name.as_str());
            let read = |at: Snapshot, ()| async move { repo::entries_behind(&at, id, after).await };
            let page = self.store.read((), read).await?;
            let is_last = page.len() < calendars::PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The objects of these names, in this order; `None` where there is none (RFC 4791 §7.9).
    ///
    /// # Errors
    /// [`CalendarError::Refused`], [`CalendarError::Sealed`], or the store's.
    pub async fn multiget(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        names: Vec<ObjectName>,
    ) -> Result<Vec<(ObjectName, Option<StoredObject>)>, CalendarError> {
        let mut all = Vec::with_capacity(names.len());
        // An empty question is answered too, if the actor may ask it.
        let batches = names.chunks(repo::BATCH);
        let batches: Vec<_> = if names.is_empty() {
            vec![&[][..]]
        } else {
            batches.collect()
        };
        for batch in batches {
            let found = self
                .store
                .read((), |snapshot, ()| async move {
                    let row = calendars::find(&snapshot, at).await?;
                    let row = row.ok_or(Refusal::NotFound)?;
                    rules::grant(actor, &row, Privilege::Read)?;
                    let found = repo::by_names(&snapshot, row.id, batch).await?;
                    Ok::<_, CalendarError>(found)
                })
                .await?;
            let mut opened = Vec::with_capacity(found.len());
            for sealed in found {
                opened.push(self.open_object(sealed).await?);
            }
            for name in batch {
                let object = opened.iter().find(|object| object.entry.name == *name);
                all.push((name.clone(), object.cloned()));
            }
            tokio::task::yield_now().await;
        }
        Ok(all)
    }
}
