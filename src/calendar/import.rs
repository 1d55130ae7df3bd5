//! Import: many objects at once, again and again without harm.

use serde_json::json;

use super::model::CalendarRow;
use super::objects::repo::{self, Present};
use super::objects::{Incoming, Place, store};
use super::repo::{self as calendars, unexpected};
use super::{
    Calendar, CalendarError, CalendarRef, Calendars, ObjectName, Outcome, StoredObject, event,
    rules,
};
use crate::audit;
use crate::identity::{Actor, Granted, Privilege, Refusal};
use crate::store::Tx;

/// Objects to be taken in.
#[derive(Debug, Clone)]
pub struct Import {
    /// Into which calendar.
    pub at: CalendarRef,
    /// One text for each object.
    pub objects: Vec<Vec<u8>>,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is new.
    Created,
    /// It replaced another version.
    Replaced,
    /// It was there; nothing was written.
    Unchanged,
    /// It cannot be stored, and why.
    Refused(String),
}

impl Calendars {
    /// Takes objects in, one transaction for all of them. An object whose UID is there is compared
    /// with it: the same bytes are left alone, others replace it under the name it has. What is new
    /// is named after its UID. What cannot be stored is left out and told. When nothing changes,
    /// nothing is written. Nobody is invited.
    ///
    /// # Errors
    /// [`CalendarError::Refused`], the vault's, or the store's; nothing was taken in then.
    pub async fn import(
        &self,
        actor: &Actor,
        import: Import,
    ) -> Result<Vec<ImportOutcome>, CalendarError> {
        let read = import.objects.into_iter().map(|body| {
            let incoming = Incoming::read(self, body);
            incoming.map_err(|why| why.to_string())
        });
        let incoming: Vec<_> = read.collect();
        let input = (self.clone(), actor.clone(), import.at, incoming);
        self.store
            .write(input, |tx, input| async move {
                let (of, actor, at, incoming) = &*input;
                let mut row = calendars::lock(&tx, at).await?.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Bind)?;
                let granted = rules::grant(actor, &row, Privilege::WriteContent)?;
                let mut outcomes = Vec::with_capacity(incoming.len());
                for one in incoming {
                    outcomes.push(match one {
                        Ok(one) => take(of, &tx, (&mut row, &granted), one).await?,
                        Err(why) => ImportOutcome::Refused(why.clone()),
                    });
                }
                let count = |wanted| outcomes.iter().filter(|one| **one == wanted).count();
                let created = count(ImportOutcome::Created);
                let replaced = count(ImportOutcome::Replaced);
                if created + replaced > 0 {
                    let detail = json!({ "created": created, "replaced": replaced });
                    let subject = ("calendar", row.id);
                    let done = event(actor, "calendar.import", subject, detail);
                    audit::record(&tx, done).await?;
                }
                Ok(outcomes)
            })
            .await
    }
}

async fn take(
    of: &Calendars,
    tx: &Tx,
    (calendar, granted): (&mut CalendarRow, &Granted<Calendar>),
    incoming: &Incoming,
) -> Result<ImportOutcome, CalendarError> {
    if let Err(why) = rules::takes(calendar.components, incoming.kind) {
        return Ok(ImportOutcome::Refused(why.to_string()));
    }
    let (name, present) = named(tx, calendar, incoming).await?;
    let place = Place {
        granted,
        calendar,
        name: &name,
        present,
    };
    let (_, outcome) = store(of, tx, place, incoming).await?;
    Ok(match outcome {
        Outcome::Created => ImportOutcome::Created,
        Outcome::Replaced => ImportOutcome::Replaced,
        Outcome::Unchanged => ImportOutcome::Unchanged,
    })
}

/// The name that the UID has, or a free one, and what is there.
async fn named(
    tx: &Tx,
    calendar: &CalendarRow,
    incoming: &Incoming,
) -> Result<(ObjectName, Option<Present>), CalendarError> {
    if let Some(name) = repo::name_by_uid(tx, calendar.id, &incoming.uid_hash).await? {
        let present = repo::present(tx, calendar.id, &name).await?;
        return Ok((name, present));
    }
    let names = [
        rules::name_of_uid(&incoming.uid),
        rules::digest_of_uid(&incoming.uid),
    ];
    for name in names {
        let name: ObjectName = name.parse().map_err(unexpected)?;
        if repo::present(tx, calendar.id, &name).await?.is_none() {
            return Ok((name, None));
        }
    }
    // Both are taken by objects with other UIDs, which nobody does by accident.
    let name = format!("{}.ics", tx.new_id::<StoredObject>());
    Ok((name.parse().map_err(unexpected)?, None))
}
