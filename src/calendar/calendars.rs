//! The use cases of calendars themselves: home, create, properties, delete.

use std::collections::HashMap;

use serde_json::json;

use super::model::CalendarRow;
use super::repo::SealedProperty;
use super::{
    Calendar, CalendarError, CalendarRef, Calendars, NewCalendar, Properties, PropertyChange,
    SyncToken, event, objects, repo, rules,
};
use crate::audit;
use crate::base::{Id, Precondition};
use crate::identity::{Actor, Granted, Handle, Privilege, Refusal};
use crate::store::Tx;

impl Calendars {
    /// The calendars in a home that the actor may read, by name.
    ///
    /// # Errors
    /// [`CalendarError::Refused`] for a home of nobody or of a stranger;
    /// [`CalendarError::Sealed`], or the store's.
    pub async fn home(
        &self,
        actor: &Actor,
        owner: &Handle,
    ) -> Result<Vec<Calendar>, CalendarError> {
        let (rows, sealed) = self
            .store
            .read((), |at, ()| async move {
                let home = repo::home(&at, owner).await?.ok_or(Refusal::NotFound)?;
                rules::grant_home(actor, home, Privilege::Read)?;
                let rows = repo::in_home(&at, home).await?;
                let sealed = repo::properties_in_home(&at, home).await?;
                Ok::<_, CalendarError>((rows, sealed))
            })
            .await?;
        let mut by_calendar: HashMap<Id<Calendar>, Vec<SealedProperty>> = HashMap::new();
        for one in sealed {
            by_calendar.entry(one.calendar).or_default().push(one);
        }
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let sealed = by_calendar.remove(&row.id).unwrap_or_default();
            all.push(whole(row, owner, self.open_properties(sealed).await?));
        }
        Ok(all)
    }

    /// One calendar.
    ///
    /// # Errors
    /// [`CalendarError::Refused`] when it is not there as far as the actor may know;
    /// [`CalendarError::Sealed`], or the store's.
    pub async fn calendar(
        &self,
        actor: &Actor,
        at: &CalendarRef,
    ) -> Result<Calendar, CalendarError> {
        let (row, sealed) = self
            .store
            .read((), |snapshot, ()| async move {
                let row = repo::find(&snapshot, at).await?.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Read)?;
                let sealed = repo::properties(&snapshot, row.id).await?;
                Ok::<_, CalendarError>((row, sealed))
            })
            .await?;
        Ok(whole(row, &at.owner, self.open_properties(sealed).await?))
    }

    /// Makes a calendar in the actor's home (RFC 4791 §5.3.1).
    ///
    /// # Errors
    /// [`CalendarError::CalendarExists`], [`CalendarError::Refused`] in the home of another,
    /// [`CalendarError::InvalidProperty`], [`CalendarError::TooManyProperties`],
    /// [`CalendarError::TooLarge`], the vault's, or the store's.
    pub async fn create_calendar(
        &self,
        actor: &Actor,
        new: NewCalendar,
    ) -> Result<Calendar, CalendarError> {
        let sets = new.properties.into_iter();
        let changes: Vec<_> = sets
            .map(|(name, value)| PropertyChange::Set(name, value))
            .collect();
        let mut properties = Properties::default();
        let changes = rules::change(&mut properties, &changes, self.limits.max_object_bytes)?;
        let input = (
            self.clone(),
            actor.clone(),
            new.at,
            new.components,
            properties,
            changes,
        );
        self.store
            .write(input, |tx, input| async move {
                let (calendars, actor, at, components, properties, changes) = &*input;
                let home = repo::home(&tx, &at.owner).await?.ok_or(Refusal::NotFound)?;
                let home = rules::grant_home(actor, home, Privilege::Bind)?;
                let row = CalendarRow {
                    id: tx.new_id(),
                    owner: home.on(),
                    slug: at.slug.clone(),
                    components: *components,
                    change_seq: 0,
                    floor_seq: 0,
                };
                let inserted = repo::insert_calendar(&tx, &home, &row).await;
                inserted.map_err(|error| {
                    if error.is_unique_on("slug") {
                        return CalendarError::CalendarExists(at.clone());
                    }
                    error.into()
                })?;
                let granted = rules::grant(actor, &row, Privilege::WriteProperties)?;
                calendars
                    .write_changes(&tx, &granted, &row, changes)
                    .await?;
                let subject = ("calendar", row.id);
                let made = event(actor, "calendar.create", subject, json!({}));
                audit::record(&tx, made).await?;
                Ok(whole(row, &at.owner, properties.clone()))
            })
            .await
    }

    /// The calendar of this name, made if there is none. One that is there stays as it is.
    ///
    /// # Errors
    /// As [`Self::calendar`] and [`Self::create_calendar`].
    pub async fn ensure_calendar(
        &self,
        actor: &Actor,
        new: NewCalendar,
    ) -> Result<Calendar, CalendarError> {
        let at = new.at.clone();
        match self.calendar(actor, &at).await {
            Err(CalendarError::Refused(Refusal::NotFound)) => {}
            found => return found,
        }
        match self.create_calendar(actor, new).await {
            // Another was faster.
            Err(CalendarError::CalendarExists(_)) => self.calendar(actor, &at).await,
            made => made,
        }
    }

    /// Changes properties: all of them or none (RFC 4918 §9.2). Nothing is written when nothing
    /// changes. A new zone moves the calendar's days and floating times.
    ///
    /// # Errors
    /// [`CalendarError::InvalidProperty`], [`CalendarError::TooManyProperties`],
    /// [`CalendarError::TooLarge`], [`CalendarError::Refused`], [`CalendarError::Sealed`], or the
    /// store's.
    pub async fn change_properties(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        changes: Vec<PropertyChange>,
    ) -> Result<Calendar, CalendarError> {
        let input = (self.clone(), actor.clone(), at.clone(), changes);
        self.store
            .write(input, |tx, input| async move {
                let (calendars, actor, at, changes) = &*input;
                let mut row = repo::lock(&tx, at).await?.ok_or(Refusal::NotFound)?;
                let granted = rules::grant(actor, &row, Privilege::WriteProperties)?;
                let sealed = repo::properties(&tx, row.id).await?;
                let mut properties = calendars.open_properties(sealed).await?;
                let zone_before = properties.time_zone();
                let limit = calendars.limits.max_object_bytes;
                let made = rules::change(&mut properties, changes, limit)?;
                if made.is_empty() {
                    return Ok(whole(row, &at.owner, properties));
                }
                repo::step(&tx, &granted, &mut row).await?;
                calendars.write_changes(&tx, &granted, &row, &made).await?;
                let zone = properties.time_zone();
                if zone != zone_before {
                    let zone = zone.unwrap_or_else(|| calendars.limits.default_zone.clone());
                    objects::read_again_in(calendars, &tx, &row, &zone).await?;
                }
                let detail = json!({ "properties": made.len() });
                let subject = ("calendar", row.id);
                let done = event(actor, "calendar.change-properties", subject, detail);
                audit::record(&tx, done).await?;
                Ok(whole(row, &at.owner, properties))
            })
            .await
    }

    /// Deletes a calendar with everything in it.
    ///
    /// # Errors
    /// [`CalendarError::PreconditionFailed`] against [`Calendar::etag`],
    /// [`CalendarError::Refused`], or the store's.
    pub async fn delete_calendar(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        precondition: Precondition,
    ) -> Result<(), CalendarError> {
        let input = (actor.clone(), at.clone(), precondition);
        self.store
            .write(input, |tx, input| async move {
                let (actor, at, precondition) = &*input;
                let row = repo::lock(&tx, at).await?.ok_or(Refusal::NotFound)?;
                let granted = rules::grant(actor, &row, Privilege::Unbind)?;
                let id = row.id;
                let present = whole(row, &at.owner, Properties::default());
                precondition.check(Some(&present.etag()))?;
                repo::delete_calendar(&tx, &granted).await?;
                let done = event(actor, "calendar.delete", ("calendar", id), json!({}));
                audit::record(&tx, done).await?;
                Ok(())
            })
            .await
    }

    async fn open_properties(
        &self,
        sealed: Vec<SealedProperty>,
    ) -> Result<Properties, CalendarError> {
        let mut opened = Vec::with_capacity(sealed.len());
        for one in sealed {
            opened.push(self.open_property(one).await?);
        }
        Ok(opened.into_iter().collect())
    }

    async fn write_changes(
        &self,
        tx: &Tx,
        on: &Granted<Calendar>,
        row: &CalendarRow,
        changes: &[PropertyChange],
    ) -> Result<(), CalendarError> {
        for change in changes {
            match change {
                PropertyChange::Set(name, value) => {
                    let sealed = self.seal_property(row, name, value).await?;
                    repo::set_property(tx, on, name, sealed).await?;
                }
                PropertyChange::Remove(name) => repo::remove_property(tx, on, name).await?,
            }
        }
        Ok(())
    }
}

fn whole(row: CalendarRow, owner: &Handle, properties: Properties) -> Calendar {
    Calendar {
        id: row.id,
        at: CalendarRef {
            owner: owner.clone(),
            slug: row.slug,
        },
        components: row.components,
        properties,
        sync_token: SyncToken::new(row.id, row.change_seq),
    }
}
