//! `CALDAV:calendar-multiget` (RFC 4791 §7.9).

use std::collections::HashMap;

use super::super::Call;
use super::super::error::DavError;
use super::super::path::{Resource, object_href};
use super::super::xml::Multistatus;
use super::super::xml::request::Multiget;
use super::{Answer, unsupported};
use crate::calendar::{CalendarError, CalendarRef, ObjectName, StoredObject};
use crate::identity::Refusal;

/// How many objects are read at once, so that an answer holds few bodies in memory.
const READ_AT_ONCE: usize = 100;

/// The resources that are named, each with its own status.
pub(super) async fn answer(call: &Call, multiget: Multiget) -> Result<Multistatus, DavError> {
    match &call.resource {
        Resource::Home(who) => drop(call.calendars.home(&call.actor, who).await?),
        Resource::Calendar(at) => drop(call.calendars.calendar(&call.actor, at).await?),
        Resource::Object(at) => drop(call.calendars.calendar(&call.actor, &at.calendar).await?),
        _ => return Err(unsupported(call, "CALDAV:calendar-multiget")),
    }
    let mut answer = Answer::new(call, &multiget.asked);
    for (at, names) in by_calendar(&multiget.hrefs, &mut answer.multistatus) {
        for names in names.chunks(READ_AT_ONCE) {
            some(&mut answer, &at, names).await?;
        }
    }
    Ok(answer.multistatus)
}

/// Sorts what is named by calendar, in the order of the request, each once. What cannot be an
/// object is answered at once.
fn by_calendar(
    hrefs: &[String],
    multistatus: &mut Multistatus,
) -> Vec<(CalendarRef, Vec<ObjectName>)> {
    let mut groups: Vec<(CalendarRef, Vec<ObjectName>)> = Vec::new();
    let mut places: HashMap<CalendarRef, usize> = HashMap::new();
    let mut seen = std::collections::HashSet::new();
    for href in hrefs {
        let Ok(Resource::Object(at)) = Resource::of_href(href) else {
            multistatus.not_found(href);
            continue;
        };
        if !seen.insert(at.clone()) {
            continue;
        }
        let place = *places.entry(at.calendar.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, names)) => names.push(at.name),
            None => groups.push((at.calendar, vec![at.name])),
        }
    }
    groups
}

async fn some(
    answer: &mut Answer<'_>,
    at: &CalendarRef,
    names: &[ObjectName],
) -> Result<(), DavError> {
    let call = answer.call;
    let found = match call.calendars.calendar(&call.actor, at).await {
        Err(CalendarError::Refused(Refusal::NotFound)) => {
            // Somebody else's, or not there: the same.
            let none = |name: &ObjectName| (name.clone(), None::<StoredObject>);
            (names.iter().map(none).collect(), None)
        }
        Err(other) => return Err(other.into()),
        Ok(calendar) => {
            let found = call.calendars.multiget(&call.actor, at, names.to_vec());
            (found.await?, calendar.properties.time_zone())
        }
    };
    let (objects, zone) = found;
    let zone = zone.unwrap_or_else(|| call.calendars.limits().default_zone.clone());
    for (name, object) in objects {
        if let Some(object) = object {
            answer.object(at, &object, &zone).await;
            continue;
        }
        answer.multistatus.not_found(&object_href(at, &name));
    }
    Ok(())
}
