//! Properties of CalDAV (RFC 4791 §5.2, §6.2.1, §7.5.1; RFC 6638 §2.4.1) and Apple's two.

use super::super::path::{home_href, principal_href};
use super::super::xml::{APPLE, CALDAV, Xml};
use super::acl::href;
use super::webdav::{kept, text};
use super::{Subject, View};
use crate::calendar::PropertyName;
use crate::ical::filter::Collation;

pub(super) fn calendar_home_set(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    match subject {
        Subject::Principal(who) => Some(href(&home_href(who))),
        _ => None,
    }
}

/// Mail addresses are not known here; the principal's own URL is an address too.
pub(super) fn calendar_user_address_set(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    match subject {
        Subject::Principal(who) => Some(href(&principal_href(who))),
        _ => None,
    }
}

pub(super) fn description(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    kept(subject, &PropertyName::description())
}

pub(super) fn timezone(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    kept(subject, &PropertyName::time_zone())
}

pub(super) fn color(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    kept(subject, &PropertyName::color())
}

pub(super) fn order(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    kept(subject, &PropertyName::new(APPLE, "calendar-order"))
}

pub(super) fn supported_calendar_component_set(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    let mut xml = Xml::piece();
    for name in subject.calendar()?.components.names() {
        xml.empty_with(CALDAV, "comp", &[("name", name)]);
    }
    Some(xml)
}

pub(super) fn supported_calendar_data(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject.calendar()?;
    let mut xml = Xml::piece();
    let kind = [("content-type", "text/calendar"), ("version", "2.0")];
    xml.empty_with(CALDAV, "calendar-data", &kind);
    Some(xml)
}

pub(super) fn supported_collation_set(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject.calendar()?;
    let mut xml = Xml::piece();
    for collation in Collation::ALL {
        xml.element(CALDAV, "supported-collation", collation.name());
    }
    Some(xml)
}

pub(super) fn max_resource_size(subject: Subject<'_>, view: View<'_>) -> Option<Xml> {
    subject.calendar()?;
    Some(text(&view.max_resource_size.to_string()))
}
