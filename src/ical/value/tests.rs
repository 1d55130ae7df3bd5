//! RFC 5545 §3.3.4 to §3.3.9 with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;

#[test]
fn dates_and_times_keep_their_form() {
    let tzid: Arc<str> = Arc::from("Europe/Berlin");
    let read = |text| CalDateTime::parse(text, None).unwrap();
    assert!(matches!(read("16040229"), CalDateTime::Date(_)));
    assert!(matches!(read("19980118T230000"), CalDateTime::Floating(_)));
    assert!(matches!(read("19980119T070000Z"), CalDateTime::Utc(_)));
    let zoned = CalDateTime::parse("19980119T020000", Some(&tzid)).unwrap();
    assert_eq!(
        zoned.to_line("DTSTART").raw(),
        "DTSTART;TZID=Europe/Berlin:19980119T020000"
    );
    assert_eq!(
        read("99991231").to_line("DUE").raw(),
        "DUE;VALUE=DATE:99991231"
    );
    for text in ["19980119T070000Z", "19980119T070000", "19980119"] {
        assert_eq!(read(text).to_string(), text);
    }
}

#[test]
fn common_slips_are_tolerated_and_nonsense_is_not() {
    let read = |text| CalDateTime::parse(text, None).map(|at| at.to_string());
    assert_eq!(read(" 2027-01-31t09:00z ").unwrap(), "20270131T090000Z");
    assert_eq!(read("20161231T235960Z").unwrap(), "20161231T235959Z");
    for text in [
        "",
        "2027",
        "20270230",
        "20270131T",
        "20270131T250000",
        "20270131T0900000000",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn durations_are_read_and_written() {
    let cases = [
        ("P15DT5H0M20S", 15, 18_020, "P15DT5H20S"),
        ("P7W", 49, 0, "P49D"),
        ("-PT15M", 0, -900, "-PT15M"),
        ("+P1D", 1, 0, "P1D"),
        ("PT0S", 0, 0, "PT0S"),
        ("pt1h30m", 0, 5400, "PT1H30M"),
        ("P1W2DT3S", 9, 3, "P9DT3S"),
    ];
    for (text, days, seconds, written) in cases {
        let read = CalDuration::parse(text).unwrap();
        assert_eq!(read, CalDuration { days, seconds }, "{text}");
        assert_eq!(read.to_string(), written);
    }
    for text in [
        "",
        "P",
        "PT",
        "15M",
        "P1",
        "P1Y",
        "PT99999999999999999999S",
        "P999999999W",
    ] {
        assert_eq!(CalDuration::parse(text), None, "{text}");
    }
}

#[test]
fn periods_end_at_a_time_or_after_a_length() {
    let at = Period::parse("19970101T180000Z/19970102T070000Z", None).unwrap();
    assert!(matches!(at.end, PeriodEnd::At(_)));
    let after = Period::parse("19970101T180000Z/PT5H30M", None).unwrap();
    assert_eq!(
        after.end,
        PeriodEnd::After(CalDuration::from_seconds(19_800))
    );
    assert_eq!(Period::parse("19970101T180000Z", None), None);
}

#[test]
fn civil_arithmetic_agrees_with_jiff_over_all_years() {
    let mut date = jiff::civil::Date::MIN;
    while let Ok(next) = date.checked_add(jiff::Span::new().days(97)) {
        let local = LocalTime::from_civil(date.to_datetime(jiff::civil::time(23, 59, 58, 0)));
        let (year, month, day) = year_month_day(local.day());
        let parts = (
            i64::from(date.year()),
            i64::from(date.month()),
            i64::from(date.day()),
        );
        assert_eq!((year, month, day), parts);
        assert_eq!(day_of(year, month, day), local.day());
        assert_eq!(
            weekday_of(local.day()),
            i64::from(date.weekday().to_monday_zero_offset())
        );
        assert_eq!(local.to_civil().date(), date);
        date = next;
    }
}

#[test]
fn what_lies_outside_of_the_years_becomes_the_nearest_reading() {
    assert_eq!(LocalTime(i64::MAX).to_civil(), jiff::civil::DateTime::MAX);
    assert_eq!(LocalTime(i64::MIN).to_civil(), jiff::civil::DateTime::MIN);
    assert_eq!(
        add_seconds(jiff::Timestamp::MAX, i64::MAX),
        jiff::Timestamp::MAX
    );
}
