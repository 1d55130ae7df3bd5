//! `DAV:sync-collection` (RFC 6578 §3).

use super::super::error::{Condition, DavError};
use super::super::path::{Resource, object_href};
use super::super::propfind::{Depth, depth};
use super::super::xml::Multistatus;
use super::super::xml::request::SyncCollection;
use super::super::{Call, clients};
use super::{Answer, unsupported};
use crate::calendar::{BadSyncToken, CalendarError, CalendarRef, ChangesSince, ObjectEntry};

/// How many changes one answer has at most when their calendar data are asked for.
const WITH_DATA_MAX: usize = 1_000;

/// An answer, and how many objects it names.
pub(super) struct Synchronisation {
    pub(super) multistatus: Multistatus,
    pub(super) objects: usize,
}

/// What changed since a token.
pub(super) async fn answer(call: &Call, sync: SyncCollection) -> Result<Synchronisation, DavError> {
    let Resource::Calendar(at) = &call.resource else {
        return Err(unsupported(call, "DAV:sync-collection"));
    };
    check_level(&sync, depth(&call.headers)?)?;
    let asked = ChangesSince {
        at: at.clone(),
        since: since(&sync.sync_token)?,
        limit: match &sync.asked.data {
            Some(_) => Some(sync.limit.unwrap_or(WITH_DATA_MAX).min(WITH_DATA_MAX)),
            None => sync.limit,
        },
    };
    let changes = call.calendars.changes(&call.actor, asked).await?;
    let objects = changes.changed.len() + changes.removed.len();
    let mut answer = Answer::new(call, &sync.asked);
    if sync.asked.data.is_some() {
        with_data(&mut answer, at, changes.changed).await?;
    } else {
        answer.entries(at, &changes.changed).await;
    }
    for name in changes.removed {
        answer.multistatus.not_found(&object_href(at, &name));
    }
    if changes.truncated {
        // §3.6: the collection itself has 507, and the token goes as far as the answer does.
        answer.truncated("there are more changes: ask again with the token of this answer");
    }
    answer.multistatus.sync_token(&changes.token.to_string());
    Ok(Synchronisation {
        multistatus: answer.multistatus,
        objects,
    })
}

/// Only the members of the calendar can be asked about (§3.3). A client that does not say how deep
/// says it by Depth (Appendix A).
fn check_level(sync: &SyncCollection, depth: Option<Depth>) -> Result<(), DavError> {
    match (sync.sync_level.as_deref(), depth) {
        (Some("1"), depth) if clients::goes_with_sync_level_1(depth) => Ok(()),
        (None, Some(Depth::One)) => Ok(()),
        (Some("1"), Some(_)) => Err(DavError::malformed(
            "sync-collection goes with Depth: 0; how deep it looks is said by DAV:sync-level",
        )),
        (Some("infinite" | "infinity"), _) | (None, Some(Depth::Infinity)) => Err(DavError::unmet(
            Condition::SyncTraversalSupported,
            "a calendar has no collections inside: use DAV:sync-level 1",
        )),
        (Some(other), _) => Err(DavError::malformed(format!(
            "DAV:sync-level is 1 or infinite, not {other:?}"
        ))),
        (None, _) => Err(DavError::malformed("DAV:sync-level is missing: use 1")),
    }
}

fn since(token: &str) -> Result<Option<crate::calendar::SyncToken>, DavError> {
    if token.is_empty() {
        return Ok(None);
    }
    let token = token
        .parse()
        .map_err(|bad: BadSyncToken| DavError::from(CalendarError::from(bad)))?;
    Ok(Some(token))
}

async fn with_data(
    answer: &mut Answer<'_>,
    at: &CalendarRef,
    changed: Vec<ObjectEntry>,
) -> Result<(), DavError> {
    let call = answer.call;
    let calendar = call.calendars.calendar(&call.actor, at).await?;
    let zone = calendar.properties.time_zone();
    let zone = zone.unwrap_or_else(|| call.calendars.limits().default_zone.clone());
    for entries in changed.chunks(100) {
        let names = entries.iter().map(|entry| entry.name.clone()).collect();
        // What is gone by now comes with the next sync.
        for (_, object) in call.calendars.multiget(&call.actor, at, names).await? {
            if let Some(object) = object {
                answer.object(at, &object, &zone).await;
            }
        }
    }
    Ok(())
}
