//! Splitting: what other projects collected, whole and broken.

use std::collections::BTreeMap;
use std::path::PathBuf;

use freehold::ical::object::Kind;
use freehold::ical::split::{Piece, Split, SplitObject, UidOrigin};
use freehold::ical::text::Component;
use freehold::ical::{CalendarObject, IcalError, Reason, Window};

pub(crate) fn fixtures(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/ics")
        .join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "ics"))
        .collect();
    paths.sort();
    assert!(paths.len() > 20, "{folder} is there");
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

fn split(bytes: &[u8]) -> (Vec<SplitObject>, Vec<IcalError>) {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for piece in Split::new(bytes) {
        match piece {
            Piece::Object(object) => objects.push(object),
            Piece::Problem(problem) => problems.push(problem),
        }
    }
    (objects, problems)
}

/// Every content line of a component and of those inside it.
pub(crate) fn lines(component: &Component, into: &mut Vec<String>) {
    into.extend(component.lines().map(|line| line.raw().to_owned()));
    component.components().for_each(|inner| lines(inner, into));
}

#[test]
fn every_valid_calendar_is_taken_and_every_content_line_comes_back() {
    let mut latin = 0;
    for (path, bytes) in fixtures("ical4j-valid") {
        let (objects, problems) = split(&bytes);
        if std::str::from_utf8(&bytes).is_err() {
            // One of them is Latin-1: RFC 5545 §3.1.4 wants UTF-8, and a guess could be wrong.
            latin += 1;
            let utf8 = |problem: &IcalError| problem.to_string().contains("UTF-8");
            assert!(
                problems.iter().all(utf8),
                "{}: {problems:?}",
                path.display()
            );
            assert!(!problems.is_empty());
            continue;
        }
        // What is no calendar object (an `X-` component, an alarm on its own) is named, the rest is
        // taken.
        let foreign = |problem: &IcalError| matches!(&problem.reason, Reason::NotObject(_));
        assert!(
            problems.iter().all(foreign),
            "{}: {problems:?}",
            path.display()
        );
        let mut before: BTreeMap<String, i32> = BTreeMap::new();
        for root in Component::parse_all(&bytes).unwrap() {
            let mut found = Vec::new();
            let kept = root.components().filter(|c| Kind::of(c.name()).is_some());
            kept.for_each(|component| lines(component, &mut found));
            for line in found {
                *before.entry(line).or_default() += 1;
            }
        }
        for object in &objects {
            let parsed = CalendarObject::parse(&object.text).unwrap();
            let mut found = Vec::new();
            let kept = parsed
                .calendar()
                .components()
                .filter(|c| Kind::of(c.name()).is_some());
            kept.for_each(|component| lines(component, &mut found));
            for line in found {
                *before.entry(line).or_default() -= 1;
            }
        }
        // A UID that the file did not have is the one thing that is added.
        before.retain(|line, count| *count != 0 && !line.starts_with("UID:"));
        assert!(before.is_empty(), "{}: {before:?}", path.display());
    }
    assert_eq!(latin, 1);
}

#[test]
fn every_broken_calendar_is_reported_with_its_line_or_taken() {
    let mut reported = 0;
    for folder in ["ical4j-invalid", "icalendar"] {
        for (path, bytes) in fixtures(folder) {
            let (objects, problems) = split(&bytes);
            reported += usize::from(!problems.is_empty());
            assert!(
                problems.iter().all(|p| p.to_string().contains("line")),
                "{}",
                path.display()
            );
            assert!(
                !objects.is_empty() || !problems.is_empty() || is_empty_calendar(&bytes),
                "{}: neither taken nor reported",
                path.display()
            );
            for object in objects {
                let parsed = CalendarObject::parse(&object.text).unwrap();
                let zone = jiff::tz::TimeZone::UTC;
                let ends = parsed.bounds(&zone);
                assert!(ends.last_end.is_none_or(|end| end >= ends.first_start));
                let found = parsed.occurrences(Window::default(), &zone, 200);
                assert!(found.list.len() <= 200);
            }
        }
    }
    assert!(reported > 10, "{reported}");
}

/// Calendars with time zones only, or nothing at all, hold nothing to import.
pub(crate) fn is_empty_calendar(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    ![
        "BEGIN:VEVENT",
        "BEGIN:VTODO",
        "BEGIN:VJOURNAL",
        "BEGIN:VFREEBUSY",
    ]
    .iter()
    .any(|begin| text.contains(begin))
}

#[test]
fn a_file_with_one_object_comes_back_byte_for_byte() {
    let file: &[u8] = b"BEGIN:VCALENDAR\nX-ODD:1\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n";
    let (objects, problems) = split(file);
    assert!(problems.is_empty());
    assert_eq!(objects.len(), 1);
    assert!(objects.iter().all(|object| object.text == file));
}

#[test]
fn a_file_that_was_sent_for_something_comes_without_its_method() {
    let file: &[u8] = b"BEGIN:VCALENDAR\nX-ODD:1\nMETHOD:PUBLISH\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n";
    let (objects, problems) = split(file);
    assert!(problems.is_empty());
    let wanted: &[u8] =
        b"BEGIN:VCALENDAR\r\nX-ODD:1\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert!(objects.len() == 1 && objects.iter().all(|object| object.text == wanted));
}

#[test]
fn blanks_that_are_folded_are_content() {
    let file: &[u8] = b"BEGIN:VCALENDAR\nMETHOD:PUBLISH\nBEGIN:VEVENT\nUID:1\nSUMMARY:a\n    \n\nEND:VEVENT\nEND:VCALENDAR\n";
    let (objects, problems) = split(file);
    assert!(problems.is_empty());
    let text = String::from_utf8(objects[0].text.clone()).unwrap();
    assert!(text.contains("SUMMARY:a\r\n    \r\nEND:VEVENT"), "{text}");
}

#[test]
fn a_component_without_uid_gets_the_same_one_each_time() {
    let file: &[u8] = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nDTSTART:20240101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let uid = |file| {
        split(file)
            .0
            .into_iter()
            .map(|o| (o.uid, o.uid_origin))
            .collect::<Vec<_>>()
    };
    assert_eq!(uid(file), uid(file));
    assert!(
        uid(file)
            .iter()
            .all(|(uid, origin)| !uid.is_empty() && *origin == UidOrigin::Digest)
    );
}

#[test]
fn ten_thousand_levels_neither_overflow_nor_hang() {
    let mut file = b"BEGIN:VCALENDAR\r\n".to_vec();
    for _level in 0..10_000 {
        file.extend_from_slice(b"BEGIN:VEVENT\r\n");
    }
    let (objects, problems) = split(&file);
    assert!(objects.is_empty());
    assert!(!problems.is_empty());
}
