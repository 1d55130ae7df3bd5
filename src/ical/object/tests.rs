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
    for (start, zone) in [
        ("DTSTART:20000101T000000Z", "UTC"),
        ("DTSTART;TZID=Europe/Berlin:20000101T000000", "UTC"),
        ("DTSTART:20000101T000000", "Pacific/Apia"),
    ] {
        let dense = event(&format!("{start}\nRRULE:FREQ=SECONDLY"));
        let zone = TimeZone::get(zone).unwrap();
        let asked = window("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let found = dense.occurrences(asked, &zone, 100);
        assert_eq!(found.completeness, Completeness::Limited, "{start}");
        assert_eq!(found.list.len(), 100, "{start}");
        assert_eq!(found.list.first().unwrap().start, asked.from.unwrap());
        let minute = window("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
        let found = dense.occurrences(minute, &zone, 100);
        assert_eq!(found.completeness, Completeness::Complete, "{start}");
        assert_eq!(found.list.len(), 60, "{start}");
    }
}

#[test]
fn what_takes_too_long_to_find_out_is_shown_and_says_so() {
    // Counting from 2000 on is not done in one question.
    let hostile = event("DTSTART:20000101T000000Z\nRRULE:FREQ=SECONDLY;COUNT=2000000000");
    let asked = window("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let found = hostile.occurrences(asked, &TimeZone::UTC, 100);
    assert_eq!(found.completeness, Completeness::Exhausted);
    assert!(hostile.overlaps_any(asked, &TimeZone::UTC));
    let before = window("1999-01-01T00:00:00Z", "1999-02-01T00:00:00Z");
    assert!(!hostile.overlaps_any(before, &TimeZone::UTC));
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

/// One hour, from `T` on; a range is told by its minutes from `T`, an open side by `None`.
fn task_overlaps(lines: &str, from: Option<i64>, to: Option<i64>) -> bool {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:u\n{lines}END:VTODO\nEND:VCALENDAR\n");
    let base: Timestamp = "2024-07-01T10:00:00Z".parse().unwrap();
    let at = |minutes: i64| base + jiff::SignedDuration::from_mins(minutes);
    let window = Window {
        from: from.map(at),
        to: to.map(at),
    };
    object(&text).overlaps_any(window, &TimeZone::UTC)
}

#[test]
fn each_row_of_the_task_table_of_rfc_4791_9_9() {
    const START: &str = "DTSTART:20240701T100000Z\n";
    const HOUR: &str = "DURATION:PT1H\n";
    const DUE: &str = "DUE:20240701T110000Z\n";
    const CREATED: &str = "CREATED:20240701T100000Z\n";
    const DONE: &str = "COMPLETED:20240701T110000Z\n";
    // The row, and for each range whether it overlaps: ending at the start; beginning at the end;
    // ending at the end; inside; all time before; all time after.
    let rows = [
        ([START, HOUR], [false, true, true, true, false, false]),
        ([START, DUE], [false, false, true, true, false, false]),
        ([START, ""], [false, false, true, false, false, false]),
        (["", DUE], [false, false, true, false, false, false]),
        ([CREATED, DONE], [true, true, true, true, false, false]),
        (["", DONE], [false, true, true, false, false, false]),
        ([CREATED, ""], [false, true, true, true, false, true]),
        (["", ""], [true, true, true, true, true, true]),
    ];
    for (lines, expected) in rows {
        let ranges = [
            (Some(-60), Some(0)),
            (Some(60), Some(120)),
            (Some(-60), Some(60)),
            (Some(20), Some(40)),
            (None, Some(-1)),
            (Some(61), None),
        ];
        let found = ranges.map(|(from, to)| task_overlaps(&lines.concat(), from, to));
        assert_eq!(found, expected, "{lines:?}");
    }
}

#[test]
fn a_task_without_length_counts_at_both_ends_of_a_range() {
    for lines in [
        "DTSTART:20240701T100000Z\nDURATION:PT0S\n",
        "DTSTART:20240701T100000Z\nDUE:20240701T100000Z\n",
    ] {
        assert!(task_overlaps(lines, Some(0), Some(60)), "{lines}");
        assert!(task_overlaps(lines, Some(-60), Some(0)), "{lines}");
        assert!(!task_overlaps(lines, Some(1), Some(60)), "{lines}");
        assert!(!task_overlaps(lines, Some(-60), Some(-1)), "{lines}");
    }
    // Without a start, the beginning of the range is open: start < DUE.
    let due = "DUE:20240701T100000Z\nRRULE:FREQ=DAILY;COUNT=2\n";
    assert!(!task_overlaps(due, Some(0), Some(60)));
    assert!(task_overlaps(due, Some(-60), Some(0)));
    assert!(task_overlaps(due, Some(1440 - 60), Some(1440)));
}

const C08: &[u8] = include_bytes!("../../../tests/fixtures/cases/C08.ics");

#[test]
fn alarms_go_off_by_their_own_trigger_in_every_occurrence() {
    let series = case(C08);
    let fires = |alarm: usize, from: &str, to: &str| {
        series.alarm_fires(0, alarm, window(from, to), &TimeZone::UTC)
    };
    let [snooze, main, over] = [0, 1, 2];
    // An absolute trigger goes off once, whatever recurs.
    assert!(fires(
        snooze,
        "2027-02-01T08:50:00Z",
        "2027-02-01T08:51:00Z"
    ));
    assert!(!fires(
        snooze,
        "2027-02-01T08:49:00Z",
        "2027-02-01T08:50:00Z"
    ));
    assert!(!fires(
        snooze,
        "2027-02-02T08:50:00Z",
        "2027-02-02T08:51:00Z"
    ));
    // 15 minutes before each start: start <= trigger, end > trigger.
    assert!(fires(main, "2027-02-05T08:45:00Z", "2027-02-05T08:46:00Z"));
    assert!(!fires(main, "2027-02-05T08:44:00Z", "2027-02-05T08:45:00Z"));
    assert!(!fires(main, "2027-02-11T08:00:00Z", "2027-02-12T00:00:00Z"));
    // 5 minutes after each end.
    assert!(fires(over, "2027-02-10T09:35:00Z", "2027-02-10T09:36:00Z"));
    assert!(!fires(over, "2027-02-10T09:36:00Z", "2027-02-11T00:00:00Z"));
}

#[test]
fn an_alarm_repeats_and_may_be_days_away_from_its_occurrence() {
    let alarm = |lines: &str| {
        event(&format!(
            "DTSTART:20240701T100000Z\nRRULE:FREQ=WEEKLY;COUNT=2\nBEGIN:VALARM\n{lines}\nEND:VALARM"
        ))
    };
    let fires = |object: &CalendarObject, from: &str, to: &str| {
        object.alarm_fires(0, 0, window(from, to), &TimeZone::UTC)
    };
    let repeated = alarm("TRIGGER:-PT30M\nREPEAT:2\nDURATION:PT10M");
    for minute in ["30", "40", "50"] {
        let from = format!("2024-07-08T09:{minute}:00Z");
        let to = format!("2024-07-08T09:{minute}:01Z");
        assert!(fires(&repeated, &from, &to), "{minute}");
    }
    let [between, to] = ["2024-07-08T09:31:00Z", "2024-07-08T09:40:00Z"];
    assert!(!fires(&repeated, between, to));
    let [after, to] = ["2024-07-08T09:51:00Z", "2024-07-09T00:00:00Z"];
    assert!(!fires(&repeated, after, to), "two more times, not three");
    let far = alarm("TRIGGER:-P10D");
    assert!(fires(&far, "2024-06-28T10:00:00Z", "2024-06-28T10:00:01Z"));
    let later = alarm("TRIGGER;RELATED=END:P10D");
    assert!(fires(
        &later,
        "2024-07-18T10:00:00Z",
        "2024-07-18T10:00:01Z"
    ));
    let silent = alarm("ACTION:DISPLAY");
    assert!(!fires(
        &silent,
        "2024-01-01T00:00:00Z",
        "2025-01-01T00:00:00Z"
    ));
}

/// The second of three days is moved to the evening, the third is left out.
const MOVED: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VTIMEZONE\n\
    TZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\n\
    TZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:u\n\
    DTSTAMP:20240101T000000Z\nDTSTART;TZID=Europe/Berlin:20240701T100000\n\
    DTEND;TZID=Europe/Berlin:20240701T110000\nRRULE:FREQ=DAILY;COUNT=3\n\
    EXDATE;TZID=Europe/Berlin:20240703T100000\nSUMMARY:Each\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\n\
    DTSTAMP:20240101T000000Z\nRECURRENCE-ID;TZID=Europe/Berlin:20240702T100000\n\
    DTSTART;TZID=Europe/Berlin:20240702T180000\nDURATION:PT2H\nSUMMARY:Moved\nEND:VEVENT\n\
    END:VCALENDAR\n";

#[test]
fn expand_tells_each_occurrence_in_utc_and_nothing_of_the_series() {
    let expanded = object(MOVED).expand(
        window("2024-07-01T00:00:00Z", "2024-08-01T00:00:00Z"),
        &TimeZone::UTC,
        10,
    );
    assert_eq!(expanded.completeness, Completeness::Complete);
    let expected = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VEVENT\n\
        DTSTART:20240701T080000Z\nDTEND:20240701T090000Z\nRECURRENCE-ID:20240701T080000Z\nUID:u\n\
        DTSTAMP:20240101T000000Z\nSUMMARY:Each\nEND:VEVENT\nBEGIN:VEVENT\n\
        DTSTART:20240702T160000Z\nRECURRENCE-ID:20240702T080000Z\nUID:u\n\
        DTSTAMP:20240101T000000Z\nDURATION:PT2H\nSUMMARY:Moved\nEND:VEVENT\nEND:VCALENDAR\n";
    let text = expanded.calendar.to_text().replace("\r\n", "\n");
    assert_eq!(text, expected);
}

#[test]
fn limit_recurrence_set_keeps_the_text_and_leaves_out_what_does_not_matter() {
    let limited = |from: &str, to: &str| {
        let calendar = object(MOVED).limit_recurrence_set(window(from, to), &TimeZone::UTC);
        calendar.to_text().replace("\r\n", "\n")
    };
    // The override counts where it is now and where its instance would have been.
    let [now, was] = ["2024-07-02T16:00:00Z", "2024-07-02T08:00:00Z"];
    assert_eq!(limited(now, "2024-07-02T17:00:00Z"), MOVED);
    assert_eq!(limited(was, "2024-07-02T08:30:00Z"), MOVED);
    let (before, _) = MOVED
        .split_once("BEGIN:VEVENT\nUID:u\nDTSTAMP:20240101T000000Z\nREC")
        .unwrap();
    let without = format!("{before}END:VCALENDAR\n");
    assert_eq!(
        limited("2024-07-01T00:00:00Z", "2024-07-02T00:00:00Z"),
        without
    );
    assert_eq!(
        limited("2024-07-02T09:00:00Z", "2024-07-02T16:00:00Z"),
        without
    );
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
