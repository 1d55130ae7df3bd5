//! `CALDAV:calendar-query` (RFC 4791 §7.8).

use jiff::tz::TimeZone;

use super::super::Call;
use super::super::error::DavError;
use super::super::path::Resource;
use super::super::propfind::{Depth, depth};
use super::super::xml::Multistatus;
use super::super::xml::request::Query;
use super::{Answer, unsupported};
use crate::calendar::{Calendar, CalendarQuery, ObjectRef};
use crate::ical::CalendarObject;

/// How many objects one query answers with; the biggest calendars that people have are smaller.
const MATCHES_MAX: usize = 50_000;

/// The objects that satisfy the filter.
pub(super) async fn answer(call: &Call, query: Query) -> Result<Multistatus, DavError> {
    let depth = depth(&call.headers)?.unwrap_or(Depth::Zero);
    let mut answer = Answer::new(call, &query.asked);
    match (&call.resource, depth) {
        (Resource::Object(at), _) => one_object(&mut answer, &query, at).await?,
        (Resource::Calendar(at), depth) => {
            let calendar = call.calendars.calendar(&call.actor, at).await?;
            if depth == Depth::Zero {
                // §7.8: without a Depth it is 0, and a calendar is no calendar object.
                answer.multistatus.description(
                    "Depth: 0 asks about the calendar itself, which is no calendar object: send \
                     Depth: 1 to ask about what is in it",
                );
            } else {
                members(&mut answer, &query, &calendar, MATCHES_MAX).await?;
            }
        }
        (Resource::Home(who), depth) => {
            let calendars = call.calendars.home(&call.actor, who).await?;
            let mut left = MATCHES_MAX;
            // The members of a home are calendars; objects are one deeper.
            let reached = calendars.iter().filter(|_| depth == Depth::Infinity);
            for calendar in reached {
                left = members(&mut answer, &query, calendar, left).await?;
                if left == 0 {
                    break;
                }
            }
        }
        _ => return Err(unsupported(call, "CALDAV:calendar-query")),
    }
    Ok(answer.multistatus)
}

/// Adds the matches of one calendar; gives how many more may be added.
async fn members(
    answer: &mut Answer<'_>,
    query: &Query,
    calendar: &Calendar,
    limit: usize,
) -> Result<usize, DavError> {
    let call = answer.call;
    let asked = CalendarQuery {
        at: calendar.at.clone(),
        filter: query.filter.clone(),
        zone: query.zone.clone(),
        limit: Some(limit),
    };
    let matches = call.calendars.query(&call.actor, asked).await?;
    let zone = zone_of(call, query, calendar);
    for object in &matches.objects {
        answer.object(&calendar.at, object, &zone).await;
    }
    if matches.truncated {
        answer.truncated("more objects match than one answer holds: ask for a shorter time range");
        return Ok(0);
    }
    Ok(limit.saturating_sub(matches.objects.len()))
}

async fn one_object(
    answer: &mut Answer<'_>,
    query: &Query,
    at: &ObjectRef,
) -> Result<(), DavError> {
    let call = answer.call;
    let calendar = call.calendars.calendar(&call.actor, &at.calendar).await?;
    let stored = call.calendars.object(&call.actor, at).await?;
    let zone = zone_of(call, query, &calendar);
    let matches = CalendarObject::parse(&stored.body)
        .is_ok_and(|object| query.filter.matches(&object, &zone));
    if matches {
        answer.object(&at.calendar, &stored, &zone).await;
    }
    Ok(())
}

fn zone_of(call: &Call, query: &Query, calendar: &Calendar) -> TimeZone {
    let of_query = query.zone.clone();
    of_query
        .or_else(|| calendar.properties.time_zone())
        .unwrap_or_else(|| call.calendars.limits().default_zone.clone())
}
