//! `CALDAV:calendar-data` of one object: as stored, or in the shape that was asked for (RFC 4791
//! §9.6).

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::super::error::{Condition, DavError};
use super::super::xml::request::{CalendarData, CompSelection, Shape};
use crate::ical::object::Completeness;
use crate::ical::text::{Component, Entry};
use crate::ical::{CalendarObject, IcalError};

/// How many occurrences of one object are written out.
const OCCURRENCES_MAX: usize = 5_000;

/// The text for the answer.
///
/// # Errors
/// What to say in place of it: the object has too many occurrences to expand, or it is not readable.
pub(super) fn render<'b>(
    body: &'b [u8],
    asked: &CalendarData,
    zone: &TimeZone,
) -> Result<Cow<'b, str>, DavError> {
    if asked.is_verbatim()
        && let Ok(text) = std::str::from_utf8(body)
    {
        return Ok(Cow::Borrowed(text));
    }
    // A line that was folded inside of a character is no UTF-8 until it is folded anew, so bytes
    // that are no text are written again even where nothing else is asked.
    let object = CalendarObject::parse(body).map_err(|error| unreadable(&error))?;
    let calendar = shaped(&object, asked, zone)?;
    let calendar = match asked.limit_freebusy_set {
        Some(window) => CalendarObject::from_calendar(calendar)
            .map_err(|error| unreadable(&error))?
            .limit_freebusy_set(window, zone),
        None => calendar,
    };
    let calendar = match &asked.comp {
        Some(comp) if calendar.is(&comp.name) => selected(&calendar, comp),
        Some(_) | None => calendar,
    };
    Ok(Cow::Owned(calendar.to_text()))
}

fn shaped(
    object: &CalendarObject,
    asked: &CalendarData,
    zone: &TimeZone,
) -> Result<Component, DavError> {
    match asked.shape {
        Shape::AsStored => Ok(object.calendar().clone()),
        Shape::LimitRecurrenceSet(window) => Ok(object.limit_recurrence_set(window, zone)),
        Shape::Expand(window) => {
            let expanded = object.expand(window, zone, OCCURRENCES_MAX);
            if expanded.completeness == Completeness::Complete {
                return Ok(expanded.calendar);
            }
            Err(DavError::unmet(
                Condition::NumberOfMatchesWithinLimits,
                format!(
                    "the object has more than {OCCURRENCES_MAX} occurrences in the range to \
                     expand, or they are too costly to find: ask for a shorter range"
                ),
            ))
        }
    }
}

fn unreadable(error: &IcalError) -> DavError {
    DavError::unmet(
        Condition::ValidCalendarData,
        format!("the stored object cannot be read: {error}; GET returns its bytes"),
    )
}

/// The parts of a component that are asked for (§9.6.1 to §9.6.4). Nesting is limited by the
/// request and by the object.
fn selected(component: &Component, asked: &CompSelection) -> Component {
    let mut picked = Component::new(component.name());
    for entry in component.entries() {
        match entry {
            Entry::Line(line) => match &asked.props {
                None => picked.push(entry.clone()),
                Some(props) => {
                    let Some(prop) = props.iter().find(|prop| line.is(&prop.name)) else {
                        continue;
                    };
                    picked.push(Entry::Line(if prop.novalue {
                        line.with_value("")
                    } else {
                        line.clone()
                    }));
                }
            },
            Entry::Component(inner) => match &asked.comps {
                None => picked.push(entry.clone()),
                Some(comps) => {
                    if let Some(comp) = comps.iter().find(|comp| inner.is(&comp.name)) {
                        picked.push(Entry::Component(selected(inner, comp)));
                    }
                }
            },
        }
    }
    picked
}
