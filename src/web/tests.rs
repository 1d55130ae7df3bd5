//! A month laid out, and addresses to return to, with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::grid::{Line, around, days_of, lay_out};
use super::return_to::ReturnTo;
use super::view::six_digits;
use crate::calendar::{CalendarRef, Entry};

fn entry(start: &str, end: &str, all_day: bool) -> Entry {
    Entry {
        calendar: CalendarRef {
            owner: "ann".parse().unwrap(),
            slug: "work".parse().unwrap(),
        },
        name: "a.ics".parse().unwrap(),
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
        all_day,
        recurring: false,
        component: "VEVENT".to_owned(),
        summary: format!("{start}/{end}"),
        location: None,
    }
}

fn timed(start: &str, end: &str) -> Entry {
    entry(&format!("{start}:00Z"), &format!("{end}:00Z"), false)
}

fn whole(from: &str, to: &str) -> Entry {
    let midnight = |day| format!("{day}T00:00:00Z");
    entry(&midnight(from), &midnight(to), true)
}

#[test]
fn a_month_is_its_weeks_from_monday_to_sunday() {
    let from_to = |day: Date| around(day);
    assert_eq!(
        from_to(date(2026, 11, 15)),
        (date(2026, 10, 26), date(2026, 12, 6))
    );
    // A February of exactly four weeks.
    assert_eq!(
        from_to(date(2027, 2, 1)),
        (date(2027, 2, 1), date(2027, 2, 28))
    );
    let weeks = |day| lay_out(day, &[], &TimeZone::UTC).weeks;
    assert_eq!(weeks(date(2027, 2, 1)).len(), 4);
    assert_eq!(weeks(date(2026, 11, 1)).len(), 6);
    assert!(weeks(date(2026, 11, 1)).iter().all(|week| week.len() == 7));
}

#[test]
fn an_entry_ends_on_the_day_before_its_end() {
    let utc = TimeZone::UTC;
    let days = |entry: &Entry| days_of(entry, &utc);
    let (first, second) = (date(2026, 11, 5), date(2026, 11, 6));
    assert_eq!(days(&whole("2026-11-05", "2026-11-06")), (first, first));
    let until_midnight = timed("2026-11-05T20:00", "2026-11-06T00:00");
    assert_eq!(days(&until_midnight), (first, first));
    let beyond = timed("2026-11-05T20:00", "2026-11-06T00:01");
    assert_eq!(days(&beyond), (first, second));
    let moment = timed("2026-11-06T00:00", "2026-11-06T00:00");
    assert_eq!(days(&moment), (second, second));
}

/// What stands in the lines of a day: `-` for a gap, the start for everything else.
fn lines(entries: &[Entry], day: Date) -> (Vec<String>, usize) {
    let grid = lay_out(day, entries, &TimeZone::UTC);
    let mut days = grid.weeks.iter().flatten();
    let found = days.find(|one| one.date == day).unwrap();
    let text = |line: &Line<'_>| match line {
        Line::Gap => "-".to_owned(),
        Line::Timed(entry) | Line::Bar { entry, .. } => entry.summary[8..10].to_owned(),
    };
    (found.lines.iter().map(text).collect(), found.more)
}

#[test]
fn a_bar_keeps_its_lane_and_what_is_short_fills_the_gaps() {
    let entries = [
        whole("2026-11-03", "2026-11-05"),
        whole("2026-11-04", "2026-11-07"),
        timed("2026-11-05T10:00", "2026-11-05T11:00"),
    ];
    assert_eq!(lines(&entries, date(2026, 11, 3)).0, ["03"]);
    assert_eq!(lines(&entries, date(2026, 11, 4)).0, ["03", "04"]);
    assert_eq!(lines(&entries, date(2026, 11, 5)).0, ["05", "04"]);
    assert_eq!(lines(&entries, date(2026, 11, 6)).0, ["-", "04"]);
    assert!(lines(&entries, date(2026, 11, 7)).0.is_empty());
}

#[test]
fn what_does_not_fit_is_counted() {
    let hour = |hour: u8| {
        let at = |minute| format!("2026-11-05T{hour:02}:{minute}");
        timed(&at("00"), &at("30"))
    };
    let four: Vec<Entry> = (8..12).map(hour).collect();
    let (shown, more) = lines(&four, date(2026, 11, 5));
    assert_eq!((shown.len(), more), (4, 0));
    let five: Vec<Entry> = (8..13).map(hour).collect();
    let (shown, more) = lines(&five, date(2026, 11, 5));
    assert_eq!((shown.len(), more), (3, 2));
}

#[test]
fn only_a_page_of_our_own_is_returned_to() {
    let kept = |address: &str| ReturnTo::or_start(address).as_str() == address;
    for own in [
        "/",
        "/items",
        "/day?date=2026-11-05",
        "/i/7f3a?tab=history&q=a%26b%3Dc",
        "/calendar?x=a;b+c%2Bd#part",
        "/items?q=%C3%84//..",
        "/items/",
    ] {
        assert!(kept(own), "{own}");
    }
    for other in [
        "",
        "items",
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2fevil.example",
        "/%09/evil.example",
        "/..//evil.example",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a//b",
        "https://evil.example/",
        "javascript:alert(1)",
        "/items?q=\"",
        "/items?q=\n",
        "/items?q=Ä",
        "/auth/logout",
        "/%61uth/logout",
        "/sign-out",
        "/sign-in",
        "/%ff",
    ] {
        assert!(!kept(other), "{other}");
        assert_eq!(ReturnTo::or_start(other).as_str(), "/");
    }
    assert!(kept(&format!("/{}", "a".repeat(2047))));
    assert!(!kept(&format!("/{}", "a".repeat(2048))));
}

#[test]
fn nothing_but_a_colour_gets_into_a_style() {
    let is = |text: &str, color: &str| six_digits(text).as_deref() == Some(color);
    assert!(is("#12ABef", "#12abef") && is(" #12abef80 ", "#12abef"));
    for none in [
        "red", "#123", "#12345g", "#123456}", "#1234567", "12abef", "",
    ] {
        assert!(six_digits(none).is_none(), "{none}");
    }
}
