//! `CALDAV:calendar-data` inside of `DAV:prop`: which parts of an object, in which shape (RFC 4791
//! §9.6).

use super::super::{CALDAV, Element, spelled};
use super::filter::time_range;
use crate::dav::error::{Condition, DavError};
use crate::ical::Window;

/// What is asked of the calendar data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CalendarData {
    /// Only these parts; `None` for the whole object.
    pub(crate) comp: Option<CompSelection>,
    /// What to do with recurrences.
    pub(crate) shape: Shape,
    /// `limit-freebusy-set` (§9.6.7).
    pub(crate) limit_freebusy_set: Option<Window>,
}

impl CalendarData {
    /// Whether the stored bytes are the answer.
    pub(crate) fn is_verbatim(&self) -> bool {
        *self == Self::default()
    }
}

/// What to do with recurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    /// Nothing.
    #[default]
    AsStored,
    /// `expand` (§9.6.5); both ends are there.
    Expand(Window),
    /// `limit-recurrence-set` (§9.6.6); both ends are there.
    LimitRecurrenceSet(Window),
}

/// `comp` (§9.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompSelection {
    /// The component's name.
    pub(crate) name: String,
    /// Its properties; `None` for all.
    pub(crate) props: Option<Vec<PropSelection>>,
    /// Its components; `None` for all.
    pub(crate) comps: Option<Vec<CompSelection>>,
}

/// `prop` (§9.6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PropSelection {
    /// The property's name.
    pub(crate) name: String,
    /// Whether its value is left out.
    pub(crate) novalue: bool,
}

/// Reads `CALDAV:calendar-data`.
pub(super) fn calendar_data(element: &Element) -> Result<CalendarData, DavError> {
    let is_icalendar = |kind: &str| kind.eq_ignore_ascii_case("text/calendar");
    if !element.attribute("content-type").is_none_or(is_icalendar)
        || element.attribute("version").is_some_and(|it| it != "2.0")
    {
        return Err(DavError::unmet(
            Condition::SupportedCalendarData,
            "calendar data is kept as text/calendar version 2.0 only",
        ));
    }
    let shape = match (
        element.child(CALDAV, "expand"),
        element.child(CALDAV, "limit-recurrence-set"),
    ) {
        (Some(expand), _) => Shape::Expand(closed_window(expand)?),
        (None, Some(limit)) => Shape::LimitRecurrenceSet(closed_window(limit)?),
        (None, None) => Shape::AsStored,
    };
    let limit = element.child(CALDAV, "limit-freebusy-set");
    Ok(CalendarData {
        comp: element.child(CALDAV, "comp").map(comp).transpose()?,
        shape,
        limit_freebusy_set: limit.map(closed_window).transpose()?,
    })
}

fn closed_window(element: &Element) -> Result<Window, DavError> {
    let window = time_range(element)?;
    if window.from.is_none() || window.to.is_none() {
        return Err(DavError::unmet(
            Condition::ValidFilter,
            format!("{} needs both start and end", spelled(&element.name())),
        ));
    }
    Ok(window)
}

// Calls itself; `Element::parse` has limited the nesting.
fn comp(element: &Element) -> Result<CompSelection, DavError> {
    let named = |local| {
        let children = element.children().iter();
        children.filter(move |child| child.is(CALDAV, local))
    };
    let has = |local| element.child(CALDAV, local).is_some();
    let props = named("prop").map(|prop| {
        Ok(PropSelection {
            name: name_of(prop)?,
            novalue: prop.attribute("novalue") == Some("yes"),
        })
    });
    let comps = named("comp").map(comp);
    Ok(CompSelection {
        name: name_of(element)?,
        props: (!has("allprop"))
            .then(|| props.collect::<Result<_, DavError>>())
            .transpose()?,
        comps: (!has("allcomp"))
            .then(|| comps.collect::<Result<_, _>>())
            .transpose()?,
    })
}

fn name_of(element: &Element) -> Result<String, DavError> {
    let name = element.attribute("name").map(str::to_owned);
    name.ok_or_else(|| DavError::malformed(format!("{} has no name", spelled(&element.name()))))
}
