//! Properties of WebDAV (RFC 4918 §15, RFC 3253 §3.1.5) and of its synchronisation (RFC 6578 §4).

use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::xml::{CALDAV, DAV, Xml};
use super::{Subject, View};
use crate::base::Timestamp;
use crate::calendar::{ObjectEntry, PropertyName};

pub(super) fn text(text: &str) -> Xml {
    let mut xml = Xml::piece();
    xml.text(text);
    xml
}

pub(super) fn resourcetype(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    let mut xml = Xml::piece();
    match subject {
        Subject::Object(..) => {}
        // A principal can be asked like a collection, and it has no members (RFC 3744 §4).
        Subject::Principal(_) => {
            xml.empty(DAV, "collection");
            xml.empty(DAV, "principal");
        }
        Subject::Collection | Subject::Home(_) => xml.empty(DAV, "collection"),
        Subject::Calendar(_) => {
            xml.empty(DAV, "collection");
            xml.empty(CALDAV, "calendar");
        }
    }
    Some(xml)
}

pub(super) fn displayname(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    match subject {
        Subject::Principal(who) => Some(text(who.as_str())),
        Subject::Calendar(_) => kept(subject, &PropertyName::display_name()),
        _ => None,
    }
}

/// The text of a property that the calendar keeps.
pub(super) fn kept(subject: Subject<'_>, name: &PropertyName) -> Option<Xml> {
    let value = subject.calendar()?.properties.get(name)?;
    value.as_text().map(text)
}

pub(super) fn getetag(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    let etag = match subject {
        Subject::Calendar(calendar) => calendar.etag(),
        Subject::Object(_, entry) => entry.etag.clone(),
        _ => return None,
    };
    Some(text(&etag.to_string()))
}

pub(super) fn getcontenttype(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject.object().map(|entry| text(&content_type(entry)))
}

/// The media type of a calendar object (RFC 5545 §8.1).
pub(crate) fn content_type(entry: &ObjectEntry) -> String {
    format!(
        "text/calendar; charset=utf-8; component={}",
        entry.component
    )
}

pub(super) fn getcontentlength(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject
        .object()
        .map(|entry| text(&entry.size_bytes.to_string()))
}

pub(super) fn getlastmodified(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    let entry = subject.object()?;
    http_date(entry.modified).map(|date| text(&date))
}

/// The instant as HTTP writes it (RFC 9110 §5.6.7).
pub(crate) fn http_date(at: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

pub(super) fn supported_report_set(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    let reports: &[(&str, &str)] = match subject {
        Subject::Calendar(_) => &[
            (CALDAV, "calendar-query"),
            (CALDAV, "calendar-multiget"),
            (DAV, "sync-collection"),
        ],
        Subject::Home(_) | Subject::Object(..) => {
            &[(CALDAV, "calendar-query"), (CALDAV, "calendar-multiget")]
        }
        Subject::Collection | Subject::Principal(_) => &[],
    };
    let mut xml = Xml::piece();
    for (namespace, local) in reports {
        xml.within(DAV, "supported-report", |xml| {
            xml.within(DAV, "report", |xml| xml.empty(namespace, local));
        });
    }
    Some(xml)
}

/// `DAV:sync-token`, and `getctag`, which moves with it.
pub(super) fn sync_token(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject
        .calendar()
        .map(|calendar| text(&calendar.sync_token.to_string()))
}
