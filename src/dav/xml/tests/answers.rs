//! RFC 4918 §13: what is written can be read, whatever is in it.

use super::super::multistatus::{Detail, Propstats};
use super::super::{CALDAV, DAV, Element, Multistatus, Name, Xml};
use crate::dav::error::{Condition, DavError};

fn read(xml: &str) -> Element {
    Element::parse(xml.as_bytes()).unwrap()
}

/// What a reader gets of a text.
fn round(text: &str) -> String {
    let mut xml = Xml::document();
    xml.root(CALDAV, "calendar-data", |xml| xml.text(text));
    read(&xml.finish()).text().to_owned()
}

#[test]
fn calendar_data_come_back_byte_for_byte() {
    let text = "BEGIN:VCALENDAR\r\nX: <&>\"' ]]> \t\u{e4}\u{1f4c5}\r\n\r folded\nEND:VCALENDAR\r\n";
    assert_eq!(round(text), text);
}

#[test]
fn characters_that_xml_cannot_hold_are_left_out() {
    assert_eq!(round("a\u{0}b\u{8}c\u{1f}d\u{fffe}e\u{7f}"), "abcde\u{7f}");
}

#[test]
fn names_of_any_namespace_are_written() {
    let mut propstats = Propstats::new();
    for (namespace, local) in [(DAV, "a"), ("", "b"), ("u\"&<>v", "c"), (CALDAV, "d")] {
        propstats.missing(&Name::new(namespace, local));
    }
    let mut answer = Multistatus::new(Detail::Full);
    answer.properties("/dav/", propstats);
    let root = read(&answer.finish());
    let propstat = root.children()[0].child(DAV, "propstat").unwrap();
    let prop = propstat.child(DAV, "prop").unwrap();
    let names: Vec<_> = prop.children().iter().map(Element::name).collect();
    assert_eq!(names[0], Name::new(DAV, "a"));
    assert_eq!(names[1], Name::new("", "b"));
    assert_eq!(names[2], Name::new("u\"&<>v", "c"));
    assert_eq!(names[3], Name::new(CALDAV, "d"));
}

#[test]
fn minimal_answers_do_not_mention_what_is_missing() {
    let missing = || {
        let mut propstats = Propstats::new();
        propstats.missing(&Name::new(DAV, "a"));
        propstats
    };
    let answer = |detail, propstats| {
        let mut answer = Multistatus::new(detail);
        answer.properties("/dav/", propstats);
        answer.finish()
    };
    assert!(answer(Detail::Full, missing()).contains("404"));
    let minimal = answer(Detail::Minimal, missing());
    assert!(
        !minimal.contains("404") && minimal.contains("200 OK"),
        "{minimal}"
    );
}

#[test]
fn a_refusal_has_its_word_and_a_sentence() {
    let why = DavError::unmet(Condition::NumberOfMatchesWithinLimits, "ask for less");
    let mut answer = Multistatus::new(Detail::Full);
    answer.refused("/dav/<>/", &why);
    answer.sync_token("urn:x");
    let root = read(&answer.finish());
    let response = &root.children()[0];
    assert_eq!(response.child(DAV, "href").unwrap().text(), "/dav/<>/");
    let status = response.child(DAV, "status").unwrap().text().to_owned();
    assert_eq!(status, "HTTP/1.1 507 Insufficient Storage");
    let error = response.child(DAV, "error").unwrap();
    assert!(
        error
            .child(DAV, "number-of-matches-within-limits")
            .is_some()
    );
    assert_eq!(root.child(DAV, "sync-token").unwrap().text(), "urn:x");
}
