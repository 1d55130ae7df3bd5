//! Filters: collations, negation, absence, time ranges, and that all conditions must hold.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::tz::TimeZone;

use super::super::{CalendarObject, Window};
use super::*;

fn event() -> CalendarObject {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\n\
                DTSTART:20240701T100000Z\r\nDTEND:20240701T110000Z\r\nSUMMARY:Übung Alpha\r\n\
                ATTENDEE;PARTSTAT=DECLINED:mailto:a@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    CalendarObject::parse(text.as_bytes()).unwrap()
}

fn calendar(comps: Vec<CompFilter>) -> CompFilter {
    let test = CompTest::Matches {
        time_range: None,
        props: vec![],
        comps,
    };
    CompFilter {
        name: "VCALENDAR".to_owned(),
        test,
    }
}

fn vevent(time_range: Option<Window>, props: Vec<PropFilter>) -> CompFilter {
    let test = CompTest::Matches {
        time_range,
        props,
        comps: vec![],
    };
    calendar(vec![CompFilter {
        name: "VEVENT".to_owned(),
        test,
    }])
}

fn prop(name: &str, value: Option<TextMatch>, params: Vec<ParamFilter>) -> PropFilter {
    let test = PropTest::Matches {
        time_range: None,
        text: value,
        params,
    };
    PropFilter {
        name: name.to_owned(),
        test,
    }
}

fn matches(filter: &CompFilter) -> bool {
    filter.matches(&event(), &TimeZone::UTC)
}

#[test]
fn ascii_casemap_folds_only_a_to_z() {
    let found = |text: &str, collation: &str| {
        let collation = Collation::by_name(collation).unwrap();
        let text = Some(TextMatch::contains(text, collation));
        matches(&vevent(None, vec![prop("SUMMARY", text, vec![])]))
    };
    assert!(found("ALPHA", "i;ascii-casemap"));
    assert!(found("alpha", "default"));
    assert!(!found("ALPHA", "i;octet"));
    assert!(!found("übung", "i;ascii-casemap"));
    assert!(found("übung", "i;unicode-casemap"));
    assert_eq!(Collation::by_name("i;nonsense"), None);
}

#[test]
fn a_negated_match_and_an_absent_property() {
    let octet = Collation::by_name("i;octet").unwrap();
    let lacks = |text: &str| Some(TextMatch::lacks(text, octet));
    assert!(!matches(&vevent(
        None,
        vec![prop("SUMMARY", lacks("Alpha"), vec![])]
    )));
    assert!(matches(&vevent(
        None,
        vec![prop("SUMMARY", lacks("Beta"), vec![])]
    )));
    let absent = |name: &str| PropFilter {
        name: name.to_owned(),
        test: PropTest::NotDefined,
    };
    assert!(matches(&vevent(None, vec![absent("CATEGORIES")])));
    assert!(!matches(&vevent(None, vec![absent("SUMMARY")])));
}

#[test]
fn parameters_are_looked_at() {
    let octet = Collation::by_name("i;octet").unwrap();
    let partstat = |test| ParamFilter {
        name: "PARTSTAT".to_owned(),
        test,
    };
    let with = |test| {
        matches(&vevent(
            None,
            vec![prop("ATTENDEE", None, vec![partstat(test)])],
        ))
    };
    assert!(with(ParamTest::Defined));
    assert!(with(ParamTest::Text(TextMatch::contains(
        "DECLINED", octet
    ))));
    assert!(!with(ParamTest::Text(TextMatch::contains(
        "ACCEPTED", octet
    ))));
    assert!(!with(ParamTest::NotDefined));
}

#[test]
fn all_conditions_of_one_component_must_hold() {
    let inside = Window::new(
        "2024-07-01T00:00:00Z".parse().unwrap(),
        "2024-07-02T00:00:00Z".parse().unwrap(),
    );
    let outside = Window::new(
        "2024-07-02T00:00:00Z".parse().unwrap(),
        "2024-07-03T00:00:00Z".parse().unwrap(),
    );
    assert!(matches(&vevent(
        Some(inside),
        vec![prop("SUMMARY", None, vec![])]
    )));
    assert!(!matches(&vevent(
        Some(outside),
        vec![prop("SUMMARY", None, vec![])]
    )));
    assert!(!matches(&vevent(
        Some(inside),
        vec![prop("LOCATION", None, vec![])]
    )));
    let todo = CompFilter {
        name: "VTODO".to_owned(),
        test: CompTest::NotDefined,
    };
    assert!(matches(&calendar(vec![todo])));
}
