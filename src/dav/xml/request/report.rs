//! The bodies of REPORT: `CALDAV:calendar-query` (RFC 4791 §9.5), `CALDAV:calendar-multiget`
//! (§9.10) and `DAV:sync-collection` (RFC 6578 §6.1).

use jiff::tz::TimeZone;

use super::super::{CALDAV, DAV, Element, Name, spelled};
use super::calendar_data::calendar_data;
use super::filter::filter;
use super::{CalendarData, PropRequest, unexpected};
use crate::dav::error::{Condition, DavError};
use crate::ical::filter::CompFilter;
use crate::ical::zone;

/// How many resources one multiget may name.
pub(crate) const HREFS_MAX: usize = 10_000;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Report {
    /// `CALDAV:calendar-query`.
    CalendarQuery(Query),
    /// `CALDAV:calendar-multiget`.
    CalendarMultiget(Multiget),
    /// `DAV:sync-collection`.
    SyncCollection(SyncCollection),
}

/// Which properties of each resource.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The properties; `calendar-data` is not among them.
    pub(crate) props: PropRequest,
    /// The calendar data, if it is asked for.
    pub(crate) data: Option<CalendarData>,
}

/// `CALDAV:calendar-query`.
#[derive(Debug)]
pub(crate) struct Query {
    /// What to answer for each match.
    pub(crate) asked: Asked,
    /// Which objects.
    pub(crate) filter: CompFilter,
    /// The zone for floating times and days; `None` for the calendar's.
    pub(crate) zone: Option<TimeZone>,
}

/// `CALDAV:calendar-multiget`.
#[derive(Debug)]
pub(crate) struct Multiget {
    /// What to answer for each.
    pub(crate) asked: Asked,
    /// Which resources, as the client wrote them.
    pub(crate) hrefs: Vec<String>,
}

/// `DAV:sync-collection`.
#[derive(Debug)]
pub(crate) struct SyncCollection {
    /// What to answer for each change.
    pub(crate) asked: Asked,
    /// Since when; empty for everything.
    pub(crate) sync_token: String,
    /// How deep; `None` where the client did not say.
    pub(crate) sync_level: Option<String>,
    /// How many changes at most.
    pub(crate) limit: Option<usize>,
}

/// Reads the body of a REPORT.
///
/// # Errors
/// 400, or 403 with the precondition that does not hold, `DAV:supported-report` among them.
pub(crate) fn report(body: &[u8]) -> Result<Report, DavError> {
    let root = Element::parse(body)?;
    let name = root.name();
    match (name.namespace.as_str(), name.local.as_str()) {
        (CALDAV, "calendar-query") => query(&root).map(Report::CalendarQuery),
        (CALDAV, "calendar-multiget") => multiget(&root).map(Report::CalendarMultiget),
        (DAV, "sync-collection") => sync_collection(&root).map(Report::SyncCollection),
        (DAV, "propfind" | "propertyupdate") => Err(unexpected(&root, "a report")),
        _ => Err(DavError::unmet(
            Condition::SupportedReport,
            format!(
                "there is no report {} here: see DAV:supported-report-set",
                spelled(&name)
            ),
        )),
    }
}

fn asked(root: &Element) -> Result<Asked, DavError> {
    let props = PropRequest::of(root).unwrap_or(PropRequest::Props(Vec::new()));
    let prop = root.child(DAV, "prop");
    let data = prop.and_then(|prop| prop.child(CALDAV, "calendar-data"));
    let is_data = |name: &Name| name.is(CALDAV, "calendar-data");
    Ok(Asked {
        props: match props {
            PropRequest::Props(mut names) => {
                names.retain(|name| !is_data(name));
                PropRequest::Props(names)
            }
            other => other,
        },
        data: data.map(calendar_data).transpose()?,
    })
}

fn query(root: &Element) -> Result<Query, DavError> {
    let conditions = root.child(CALDAV, "filter").ok_or_else(|| {
        DavError::unmet(
            Condition::ValidFilter,
            "calendar-query has no CALDAV:filter",
        )
    })?;
    Ok(Query {
        asked: asked(root)?,
        filter: filter(conditions)?,
        zone: time_zone(root)?,
    })
}

/// `CALDAV:timezone` (RFC 4791 §9.8) or `CALDAV:timezone-id` (RFC 7809 §3.2.1).
fn time_zone(root: &Element) -> Result<Option<TimeZone>, DavError> {
    if let Some(id) = root.child(CALDAV, "timezone-id") {
        let id = id.text().trim();
        return zone::by_name(id).map(Some).ok_or_else(|| {
            DavError::unmet(
                Condition::ValidTimezone,
                format!("there is no time zone {id:?}: use a name of the IANA database"),
            )
        });
    }
    let Some(text) = root.child(CALDAV, "timezone") else {
        return Ok(None);
    };
    zone::of_calendar(text.text()).map(Some).ok_or_else(|| {
        DavError::unmet(
            Condition::ValidCalendarData,
            "CALDAV:timezone is no iCalendar text with one VTIMEZONE",
        )
    })
}

fn multiget(root: &Element) -> Result<Multiget, DavError> {
    let hrefs: Vec<String> = root
        .children()
        .iter()
        .filter(|child| child.is(DAV, "href"))
        .map(|href| href.text().trim().to_owned())
        .collect();
    if hrefs.len() > HREFS_MAX {
        return Err(DavError::unmet(
            Condition::NumberOfMatchesWithinLimits,
            format!(
                "calendar-multiget names {} resources; {HREFS_MAX} are allowed at a time",
                hrefs.len()
            ),
        ));
    }
    Ok(Multiget {
        asked: asked(root)?,
        hrefs,
    })
}

fn sync_collection(root: &Element) -> Result<SyncCollection, DavError> {
    let text_of = |local| {
        root.child(DAV, local)
            .map(|child| child.text().trim().to_owned())
    };
    let nresults = root
        .child(DAV, "limit")
        .and_then(|limit| limit.child(DAV, "nresults"));
    let limit = nresults.map(|nresults| {
        let text = nresults.text().trim();
        text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| {
            DavError::malformed(format!("DAV:nresults is a positive number, not {text:?}"))
        })
    });
    Ok(SyncCollection {
        asked: asked(root)?,
        sync_token: text_of("sync-token").unwrap_or_default(),
        sync_level: text_of("sync-level"),
        limit: limit.transpose()?,
    })
}
