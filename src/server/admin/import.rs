//! The import command: objects as they come, a batch a transaction, as the person whose they are.

use super::super::Rooms;
use super::command::{Answer, Body, Fate, ImportInto, Input, Output};
use super::run::{Failure, Talk, find_or_create};
use crate::calendar::{CalendarRef, Components, Import, ImportOutcome, NewCalendar, Slug};
use crate::identity::{Actor, Role, principals};

/// Takes batches until there are no more. Importing invites nobody: it only stores.
pub(super) async fn import(
    rooms: &Rooms,
    into: ImportInto,
    talk: &mut Talk,
) -> Result<Answer, Failure> {
    let slug: Slug = into.calendar.parse()?;
    let role = into.create.then_some(Role::Member);
    let owner = find_or_create(rooms, into.principal, role).await?;
    let handle = owner.principal.handle;
    let person = principals::acting(&rooms.identity, &Actor::operator(), &handle).await?;
    let at = CalendarRef {
        owner: handle,
        slug,
    };
    let new = NewCalendar {
        at: at.clone(),
        components: Components::ALL,
        properties: Vec::new(),
    };
    rooms.calendars.ensure_calendar(&person, new).await?;
    talk.send(&Output::Ready).await?;
    loop {
        let Input::Objects(bodies) = talk.input().await? else {
            return Ok(Answer::Done);
        };
        let import = Import {
            at: at.clone(),
            objects: bodies.into_iter().map(|Body(bytes)| bytes).collect(),
        };
        let outcomes = rooms.calendars.import(&person, import).await?;
        let fates = outcomes.into_iter().map(Fate::from).collect();
        talk.send(&Output::Imported(fates)).await?;
    }
}

impl From<ImportOutcome> for Fate {
    fn from(outcome: ImportOutcome) -> Self {
        match outcome {
            ImportOutcome::Created => Self::Created,
            ImportOutcome::Replaced => Self::Replaced,
            ImportOutcome::Unchanged => Self::Unchanged,
            ImportOutcome::Refused(reason) => Self::Refused(reason),
        }
    }
}
