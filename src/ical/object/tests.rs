//! Calendar objects: occurrences, bounds, overlap, validation, on real reports and by value.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::Window;
use super::*;

fn object(text: &str) -> CalendarObject {
    CalendarObject::parse(text.replace('\n', "\r\n").as_bytes()).unwrap()
}

fn event(lines: &str) -> CalendarObject {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VEVENT\nUID:u\n\
         DTSTAMP:20240101T000000Z\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    object(&text)
}

fn case(bytes: &[u8]) -> CalendarObject {
    CalendarObject::parse(bytes).unwrap()
}

const C06: &[u8] = include_bytes!("../../../tests/fixtures/cases/C06-1.ics");
const C16: [&[u8]; 3] = [
    include_bytes!("../../../tests/fixtures/cases/C16-1.ics"),
    include_bytes!("../../../tests/fixtures/cases/C16-2.ics"),
    include_bytes!("../../../tests/fixtures/cases/C16-3.ics"),
];

fn window(from: &str, to: &str) -> Window {
    Window::new(from.parse().unwrap(), to.parse().unwrap())
}

fn starts(object: &CalendarObject, window: Window) -> Vec<String> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let found = object.occurrences(window, &zone, 1_000);
    assert_eq!(found.completeness, Completeness::Complete);
    found.list.iter().map(|o| o.start.to_string()).collect()
}

#[test]
fn overrides_without_their_master_are_occurrences() {
    let found = starts(
        &case(C06),
        window("2027-05-01T00:00:00Z", "2027-06-01T00:00:00Z"),
    );
    assert_eq!(found, ["2027-05-05T07:00:00Z", "2027-05-18T07:00:00Z"]);
}

#[test]
fn an_instance_in_the_gap_is_dropped_and_the_first_of_an_overlap_is_taken() {
    let daily = event("DTSTART;TZID=Europe/Berlin:20240329T023000\nRRULE:FREQ=DAILY");
    let spring = starts(
        &daily,
        window("2024-03-30T00:00:00Z", "2024-04-02T00:00:00Z"),
    );
    let expected = ["2024-03-30T01:30:00Z", "2024-04-01T00:30:00Z"];
    assert_eq!(spring, expected, "02:30 on 31 March does not exist");
    let autumn = starts(
        &daily,
        window("2024-10-26T12:00:00Z", "2024-10-28T00:00:00Z"),
    );
    assert_eq!(autumn, ["2024-10-27T00:30:00Z"]);
}

#[test]
fn an_override_takes_the_place_of_its_instance_whatever_its_sequence_and_zone() {
    let series = object(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VEVENT\nUID:u\n\
         DTSTAMP:20240101T000000Z\nDTSTART;TZID=Europe/Berlin:20240701T100000\n\
         DURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSEQUENCE:0\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\n\
         DTSTAMP:20240101T000000Z\nRECURRENCE-ID:20240702T080000Z\nSEQUENCE:2\n\
         DTSTART;TZID=Europe/Berlin:20240702T150000\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    let found = starts(
        &series,
        window("2024-07-01T00:00:00Z", "2024-07-10T00:00:00Z"),
    );
    assert_eq!(
        found,
        [
            "2024-07-01T08:00:00Z",
            "2024-07-02T13:00:00Z",
            "2024-07-03T08:00:00Z"
        ]
    );
}

#[test]
fn this_and_future_moves_the_rest() {
    let series = object(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VEVENT\nUID:u\n\
         DTSTAMP:20240101T000000Z\nDTSTART:20240701T100000Z\nRRULE:FREQ=DAILY;COUNT=4\n\
         END:VEVENT\nBEGIN:VEVENT\nUID:u\nDTSTAMP:20240101T000000Z\n\
         RECURRENCE-ID;RANGE=THISANDFUTURE:20240703T100000Z\nDTSTART:20240703T120000Z\n\
         END:VEVENT\nEND:VCALENDAR\n",
    );
    let found = starts(
        &series,
        window("2024-07-01T00:00:00Z", "2024-07-10T00:00:00Z"),
    );
    let expected = [
        "2024-07-01T10:00:00Z",
        "2024-07-02T10:00:00Z",
        "2024-07-03T12:00:00Z",
        "2024-07-04T12:00:00Z",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_day_excluded_as_a_date_excludes_the_timed_instance() {
    let series = event(
        "DTSTART;TZID=Europe/Berlin:20240701T100000\nRRULE:FREQ=DAILY;COUNT=3\n\
         EXDATE;VALUE=DATE:20240702",
    );
    let found = starts(
        &series,
        window("2024-07-01T00:00:00Z", "2024-07-10T00:00:00Z"),
    );
    assert_eq!(found, ["2024-07-01T08:00:00Z", "2024-07-03T08:00:00Z"]);
}

#[test]
fn dates_far_outside_the_usual_are_kept() {
    let zone = TimeZone::UTC;
    for bytes in C16 {
        let bounds = case(bytes).bounds(&zone);
        assert!(bounds.last_end.is_none_or(|end| end >= bounds.first_start));
    }
    let leap = event("DTSTART;VALUE=DATE:16040229\nRRULE:FREQ=YEARLY");
    let of = |year: i16| {
        let from: Timestamp = format!("{year}-01-01T00:00:00Z").parse().unwrap();
        let to: Timestamp = format!("{}-01-01T00:00:00Z", year + 1).parse().unwrap();
        leap.occurrences(Window::new(from, to), &zone, 10)
            .list
            .len()
    };
    assert_eq!(
        [of(2027), of(2028)],
        [0, 1],
        "29 February is skipped, not moved"
    );
    assert_eq!(leap.bounds(&zone).last_end, None, "endless");
}

#[test]
fn a_rule_by_the_second_is_bounded() {
    let hostile = event("DTSTART:20000101T000000Z\nRRULE:FREQ=SECONDLY");
    let asked = window("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let found = hostile.occurrences(asked, &TimeZone::UTC, 100);
    assert!(found.list.len() <= 100);
    assert_ne!(
        found.completeness,
        Completeness::Complete,
        "it says that there is more"
    );
}

#[test]
fn overlap_follows_the_table_of_rfc_4791_9_9() {
    let day = window("2024-07-01T00:00:00Z", "2024-07-02T00:00:00Z");
    let overlaps = |lines: &str| event(lines).overlaps_any(day, &TimeZone::UTC);
    assert!(overlaps("DTSTART:20240630T230000Z\nDTEND:20240701T010000Z"));
    assert!(
        !overlaps("DTSTART:20240630T230000Z\nDTEND:20240701T000000Z"),
        "the end is open"
    );
    assert!(
        overlaps("DTSTART:20240701T000000Z"),
        "no length counts as its moment"
    );
    assert!(!overlaps("DTSTART:20240702T000000Z"));
    assert!(
        overlaps("DTSTART;VALUE=DATE:20240701"),
        "a day without an end lasts a day"
    );
    assert!(!overlaps("DTSTART;VALUE=DATE:20240702"));
    assert!(overlaps("DTSTART:20240630T230000Z\nDURATION:PT2H"));
}

#[test]
fn validation_names_what_rfc_4791_4_1_forbids() {
    event("DTSTART:20240701T000000Z")
        .validate_for_caldav()
        .unwrap();
    let two = object(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:a\nDTSTART:20240701T000000Z\n\
         END:VEVENT\nBEGIN:VEVENT\nUID:b\nDTSTART:20240701T000000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    two.validate_for_caldav().unwrap_err();
    let mixed = object(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:a\nDTSTART:20240701T000000Z\n\
         END:VEVENT\nBEGIN:VTODO\nUID:a\nEND:VTODO\nEND:VCALENDAR\n",
    );
    assert!(matches!(
        mixed.validate_for_caldav(),
        Err(ObjectRule::SeveralTypes { .. })
    ));
    let empty = object("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n");
    assert!(matches!(
        empty.validate_for_caldav(),
        Err(ObjectRule::NoComponent)
    ));
}
