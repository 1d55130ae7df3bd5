//! Zones by name and zones from the text (RFC 5545 §3.3.5, §3.6.5).
#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::CalendarObject;
use super::*;

fn offset_hours(zone: &TimeZone, at: &str) -> f64 {
    f64::from(zone.to_offset(at.parse().unwrap()).seconds()) / 3600.0
}

fn is(name: &str, iana: &str) {
    assert_eq!(by_name(name).unwrap().iana_name(), Some(iana), "{name}");
}

#[test]
fn names_of_iana_of_windows_and_with_a_path_are_known() {
    is("Europe/Berlin", "Europe/Berlin");
    is("europe/berlin ", "Europe/Berlin");
    is("W. Europe Standard Time", "Europe/Berlin");
    is("Tokyo Standard Time", "Asia/Tokyo");
    is("Yukon Standard Time", "America/Whitehorse");
    is("/mozilla.org/20050126_1/Europe/Vienna", "Europe/Vienna");
    is(
        "/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia",
        "America/Argentina/Ushuaia",
    );
    assert_eq!(by_name("UTC").unwrap(), TimeZone::UTC);
    assert!(by_name("My own zone").is_none());
}

#[test]
fn every_windows_name_stands_for_a_zone_of_the_database() {
    let names = include_str!("windows.txt")
        .lines()
        .map(|line| line.split_once('\t').unwrap().0);
    let names: Vec<_> = names.collect();
    assert!(names.len() > 130);
    assert!(names.is_sorted());
    for name in names {
        assert!(by_name(name).is_some(), "{name}");
    }
}

fn private(observances: &str) -> TimeZone {
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Mine\n{observances}END:VTIMEZONE\nBEGIN:VEVENT\n\
         UID:1\nDTSTART;TZID=Mine:20240101T000000\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    let object = CalendarObject::parse(text.as_bytes()).unwrap();
    let start = object.items().first().unwrap().start.clone().unwrap();
    object
        .zones()
        .zone_of(&start, &TimeZone::fixed(jiff::tz::offset(-11)))
        .clone()
}

#[test]
fn a_private_name_means_what_the_text_defines() {
    let zone = private(
        "BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0430\nTZOFFSETTO:+0330\n\
         RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:+0330\nTZOFFSETTO:+0430\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\n",
    );
    for (at, hours) in [
        ("1960-06-01T00:00:00Z", 3.5),
        ("2024-01-01T00:00:00Z", 3.5),
        ("2024-03-30T22:29:59Z", 3.5),
        ("2024-03-30T22:30:00Z", 4.5),
        ("2024-10-26T22:29:59Z", 4.5),
        ("2024-10-26T22:30:00Z", 3.5),
        ("2150-07-01T00:00:00Z", 4.5),
    ] {
        assert!((offset_hours(&zone, at) - hours).abs() < 1e-9, "{at}");
    }
}

#[test]
fn onsets_end_with_until_and_come_from_rdates() {
    let zone = private(
        "BEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\n\
         END:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:20010401T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
         RDATE:20050401T020000\nEND:DAYLIGHT\n\
         BEGIN:STANDARD\nDTSTART:20011001T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
         RRULE:FREQ=YEARLY;UNTIL=20031001T010000Z\nEND:STANDARD\n",
    );
    for (at, hours) in [
        ("2001-07-01T00:00:00Z", 2.0),
        ("2002-07-01T00:00:00Z", 1.0),
        ("2005-07-01T00:00:00Z", 2.0),
        ("2006-01-01T00:00:00Z", 2.0),
    ] {
        assert!((offset_hours(&zone, at) - hours).abs() < 1e-9, "{at}");
    }
}

#[test]
fn a_definition_without_sense_leaves_the_callers_zone() {
    for observances in ["", "BEGIN:STANDARD\nTZOFFSETTO:x\nEND:STANDARD\n"] {
        assert!((offset_hours(&private(observances), "2024-01-01T00:00:00Z") + 11.0).abs() < 1e-9);
    }
}

#[test]
fn gaps_take_the_offset_before_and_overlaps_the_first() {
    let berlin = by_name("Europe/Berlin").unwrap();
    let local = |text: &str| LocalTime::from_civil(text.parse().unwrap());
    let at = |text| settle(local(text), &berlin).to_string();
    assert_eq!(at("2024-03-31T02:30:00"), "2024-03-31T01:30:00Z");
    assert_eq!(at("2024-10-27T02:30:00"), "2024-10-27T00:30:00Z");
    assert_eq!(settle_existing(local("2024-03-31T02:30:00"), &berlin), None);
}

#[test]
fn days_are_nominal_and_hours_exact() {
    let berlin = by_name("Europe/Berlin").unwrap();
    let start = LocalTime::from_civil("2024-03-30T12:00:00".parse().unwrap());
    let end = |length| after(start, length, &berlin).to_string();
    assert_eq!(end(CalDuration::from_days(1)), "2024-03-31T10:00:00Z");
    assert_eq!(
        end(CalDuration::from_seconds(86_400)),
        "2024-03-31T11:00:00Z"
    );
}

#[test]
fn the_last_second_of_the_calendar_is_no_error() {
    assert_eq!(settle(LocalTime(i64::MAX), &TimeZone::UTC), Timestamp::MAX);
    assert_eq!(settle(LocalTime(i64::MIN), &TimeZone::UTC), Timestamp::MIN);
}
