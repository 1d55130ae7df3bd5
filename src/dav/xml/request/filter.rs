//! `CALDAV:filter` (RFC 4791 §9.7) and `CALDAV:time-range` (§9.9).

use super::super::{CALDAV, Element, spelled};
use crate::dav::error::{Condition, DavError};
use crate::ical::filter::{
    Collation, CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest, TextMatch,
};
use crate::ical::zone::Zones;
use crate::ical::{CalDateTime, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Reads `CALDAV:filter`.
pub(super) fn filter(filter: &Element) -> Result<CompFilter, DavError> {
    let mut outermost = filter
        .children()
        .iter()
        .filter(|child| child.is(CALDAV, "comp-filter"));
    let (Some(calendar), None) = (outermost.next(), outermost.next()) else {
        return Err(invalid("CALDAV:filter holds not exactly one comp-filter"));
    };
    let calendar = comp_filter(calendar)?;
    if !calendar.name.eq_ignore_ascii_case("VCALENDAR") {
        return Err(invalid(
            "the outermost comp-filter has to have name=\"VCALENDAR\"",
        ));
    }
    Ok(calendar)
}

// Calls itself; `Element::parse` has limited the nesting.
fn comp_filter(element: &Element) -> Result<CompFilter, DavError> {
    let name = name_of(element)?;
    if is_not_defined(element) {
        let test = CompTest::NotDefined;
        return Ok(CompFilter { name, test });
    }
    let test = CompTest::Matches {
        time_range: optional(element, "time-range", time_range)?,
        props: each(element, "prop-filter", prop_filter)?,
        comps: each(element, "comp-filter", comp_filter)?,
    };
    Ok(CompFilter { name, test })
}

fn prop_filter(element: &Element) -> Result<PropFilter, DavError> {
    let name = name_of(element)?;
    if is_not_defined(element) {
        let test = PropTest::NotDefined;
        return Ok(PropFilter { name, test });
    }
    let test = PropTest::Matches {
        time_range: optional(element, "time-range", time_range)?,
        text: optional(element, "text-match", text_match)?,
        params: each(element, "param-filter", param_filter)?,
    };
    Ok(PropFilter { name, test })
}

fn param_filter(element: &Element) -> Result<ParamFilter, DavError> {
    let name = name_of(element)?;
    if is_not_defined(element) {
        let test = ParamTest::NotDefined;
        return Ok(ParamFilter { name, test });
    }
    let condition = optional(element, "text-match", text_match)?;
    let test = condition.map_or(ParamTest::Defined, ParamTest::Text);
    Ok(ParamFilter { name, test })
}

fn text_match(element: &Element) -> Result<TextMatch, DavError> {
    let collation = match element.attribute("collation") {
        None => Collation::default(),
        Some(name) => Collation::by_name(name).ok_or_else(|| {
            let known: Vec<_> = Collation::ALL.iter().map(|known| known.name()).collect();
            DavError::unmet(
                Condition::SupportedCollation,
                format!(
                    "there is no collation {name:?} here: use one of {}",
                    known.join(", ")
                ),
            )
        })?,
    };
    match element.attribute("negate-condition") {
        None | Some("no") => Ok(TextMatch::contains(element.text(), collation)),
        Some("yes") => Ok(TextMatch::lacks(element.text(), collation)),
        Some(other) => Err(invalid(&format!(
            "negate-condition is yes or no, not {other:?}"
        ))),
    }
}

/// Reads the `start` and `end` of a time range; one of them may be absent.
pub(super) fn time_range(element: &Element) -> Result<Window, DavError> {
    let end_of = |which| {
        element
            .attribute(which)
            .map(|text| instant(which, text))
            .transpose()
    };
    let window = Window {
        from: end_of("start")?,
        to: end_of("end")?,
    };
    match (window.from, window.to) {
        (None, None) => Err(invalid("a time-range has neither start nor end")),
        (Some(from), Some(to)) if from >= to => Err(invalid(&format!(
            "a time-range ends at {to}, which is not after its start at {from}"
        ))),
        _ => Ok(window),
    }
}

/// A "date with UTC time" (§9.9).
fn instant(which: &str, text: &str) -> Result<Timestamp, DavError> {
    match CalDateTime::parse(text, None) {
        Some(at @ CalDateTime::Utc(_)) => Ok(Zones::default().instant(&at, &TimeZone::UTC)),
        _ => Err(invalid(&format!(
            "{which}={text:?} is no instant in UTC: write it like 20270131T090000Z"
        ))),
    }
}

fn is_not_defined(element: &Element) -> bool {
    element.child(CALDAV, "is-not-defined").is_some()
}

fn name_of(element: &Element) -> Result<String, DavError> {
    let name = element.attribute("name").map(str::trim);
    name.filter(|name| !name.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| invalid(&format!("{} has no name", spelled(&element.name()))))
}

fn optional<T>(
    element: &Element,
    local: &str,
    read: fn(&Element) -> Result<T, DavError>,
) -> Result<Option<T>, DavError> {
    element.child(CALDAV, local).map(read).transpose()
}

fn each<T>(
    element: &Element,
    local: &str,
    read: fn(&Element) -> Result<T, DavError>,
) -> Result<Vec<T>, DavError> {
    let named = element.children().iter();
    named
        .filter(|child| child.is(CALDAV, local))
        .map(read)
        .collect()
}

fn invalid(reason: &str) -> DavError {
    DavError::unmet(Condition::ValidFilter, reason)
}
