//! What is stored, and what is asked.

use crate::client::Ask;

pub(crate) const EVENTS: usize = 10_000;
pub(crate) const CALENDAR: &str = "/dav/calendars/alice/bench/";

const ICALENDAR: &[(&str, &str)] = &[("Content-Type", "text/calendar; charset=utf-8")];
const DEPTH_0: &[(&str, &str)] = &[XML, ("Depth", "0")];
const DEPTH_1: &[(&str, &str)] = &[XML, ("Depth", "1")];
const XML: (&str, &str) = ("Content-Type", "application/xml; charset=utf-8");

/// RFC 4791 §7.8, with the objects themselves.
pub(crate) const MONTH: Ask = Ask(
    "REPORT",
    CALENDAR,
    DEPTH_1,
    "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
     <D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
     <C:comp-filter name=\"VEVENT\"><C:time-range start=\"20270601T000000Z\" \
     end=\"20270701T000000Z\"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
);
/// Every object is opened and read; none matches.
pub(crate) const SEARCH: Ask = Ask(
    "REPORT",
    CALENDAR,
    DEPTH_1,
    "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
     <D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
     <C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"SUMMARY\"><C:text-match>nowhere\
     </C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter>\
     </C:calendar-query>",
);
/// RFC 4918 §9.1: how clients without sync-collection look for changes.
pub(crate) const ETAGS: Ask = Ask(
    "PROPFIND",
    CALENDAR,
    DEPTH_1,
    "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop></D:propfind>",
);

pub(crate) fn get(path: &str) -> Ask<'_> {
    Ask("GET", path, &[], "")
}

pub(crate) fn put<'a>(path: &'a str, body: &'a str) -> Ask<'a> {
    Ask("PUT", path, ICALENDAR, body)
}

/// RFC 6578 §3.2; the body is one of [`sync_body`].
pub(crate) fn sync(body: &str) -> Ask<'_> {
    Ask("REPORT", CALENDAR, DEPTH_0, body)
}

pub(crate) fn sync_body(token: &str) -> String {
    format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    )
}

pub(crate) fn path(n: usize) -> String {
    format!("{CALENDAR}{n}.ics")
}

/// Events over three years around 2027, one in ten weekly for a year; about 700 bytes each.
pub(crate) fn event(n: usize) -> String {
    let (year, month, day, hour) = (2026 + n % 3, 1 + n / 3 % 12, 1 + n / 36 % 28, 8 + n % 9);
    let rule = if n.is_multiple_of(10) {
        "RRULE:FREQ=WEEKLY;COUNT=52\r\n"
    } else {
        ""
    };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Freehold//bench//EN\r\nBEGIN:VEVENT\r\n\
         UID:bench-{n}@example.org\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART;TZID=Europe/Berlin:{year}{month:02}{day:02}T{hour:02}0000\r\nDURATION:PT45M\r\n{rule}\
         SUMMARY:Event {n}\r\nLOCATION:Room {}\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        n % 40,
        "words ".repeat(60)
    )
}
