//! `freehold import ics`: what other projects collected, whole and broken.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use freehold::audit;
use freehold::calendar::{CalendarRef, ObjectRef, SyncToken};
use freehold::ical::object::Kind;
use freehold::ical::split::{Piece, Split};
use freehold::ical::text::Component;
use freehold::identity::{Actor, principals};

use crate::ical::{fixtures, is_empty_calendar, lines};
use crate::support::served::Place;

/// A place that a service has made, and nobody serves.
fn place() -> Place {
    let place = Place::new();
    place.serve().terminate();
    place
}

fn import(place: &Place, calendar: &str, files: &[&Path]) -> Output {
    let arguments = [
        "import",
        "ics",
        "--principal",
        "alice",
        "--create",
        "--calendar",
        calendar,
    ];
    let mut command = place.command(&arguments);
    command.args(files);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is in a calendar of alice.
struct Kept {
    bodies: Vec<Vec<u8>>,
    token: SyncToken,
    audit_entries: i64,
}

async fn kept(place: &Place, calendars: &[String]) -> BTreeMap<String, Kept> {
    let rooms = place.rooms().await;
    let owner = "alice".parse().unwrap();
    let alice = principals::acting(&rooms.identity, &Actor::operator(), &owner)
        .await
        .unwrap();
    let audit_entries = audit::last(&rooms.store).await.unwrap().unwrap().seq;
    let mut all = BTreeMap::new();
    for name in calendars {
        let at = CalendarRef {
            owner: owner.clone(),
            slug: name.parse().unwrap(),
        };
        let token = rooms
            .calendars
            .calendar(&alice, &at)
            .await
            .unwrap()
            .sync_token;
        let mut bodies = Vec::new();
        for entry in rooms.calendars.list(&alice, &at).await.unwrap() {
            let object = ObjectRef {
                calendar: at.clone(),
                name: entry.name,
            };
            bodies.push(rooms.calendars.object(&alice, &object).await.unwrap().body);
        }
        all.insert(
            name.clone(),
            Kept {
                bodies,
                token,
                audit_entries,
            },
        );
    }
    rooms.store.close().await;
    all
}

/// Every content line of every calendar component, counted.
fn content(calendars: &[Component]) -> BTreeMap<String, i32> {
    let mut found = Vec::new();
    for calendar in calendars {
        let is_kept = |kind| kind != Kind::FreeBusy;
        let objects = calendar
            .components()
            .filter(|c| Kind::of(c.name()).is_some_and(is_kept));
        objects.for_each(|component| lines(component, &mut found));
    }
    let mut counted = BTreeMap::new();
    // A UID that a file did not have is the one thing that is added.
    for line in found.into_iter().filter(|line| !line.starts_with("UID:")) {
        *counted.entry(line).or_default() += 1;
    }
    counted
}

/// Files that their collectors call valid, with messages about one event one after the other: a
/// calendar has a UID once (RFC 4791 §4.1). The second is named, and the rest is taken.
const PARTLY: [(&str, &str); 2] = [
    ("classify.ics", "another object with the same UID"),
    ("incoming.ics", "another object with the same UID"),
];

/// Files that can be in one calendar together, because no UID is in two of them.
struct Group {
    calendar: String,
    uids: HashSet<String>,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// What is left out of its file, when the group is one of [`PARTLY`].
    partly: Option<&'static str>,
}

fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let files = fixtures("ical4j-valid");
    assert_eq!(files.len(), 81);
    for (path, bytes) in files {
        let object = |piece| match piece {
            Piece::Object(object) => Some(object.uid),
            Piece::Problem(_) => None,
        };
        let uids: HashSet<String> = Split::new(&bytes[..]).filter_map(object).collect();
        let partly = PARTLY.iter().find(|(file, _)| path.ends_with(file));
        let partly = partly.map(|(_, why)| *why);
        let fits = |group: &Group| {
            let both = group.partly.is_none() && partly.is_none();
            both && group.uids.is_disjoint(&uids)
        };
        let place = groups.iter().position(fits).unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group {
                calendar: format!("c{place}"),
                uids: HashSet::new(),
                files: Vec::new(),
                partly,
            });
        }
        let group = &mut groups[place];
        group.uids.extend(uids);
        group.files.push((path, bytes));
    }
    groups
}

#[tokio::test]
async fn every_valid_calendar_is_imported_and_every_content_line_comes_back() {
    let place = place();
    let groups = groups();
    let all = |group: &Group| {
        let paths: Vec<&Path> = group.files.iter().map(|(path, _)| path.as_path()).collect();
        import(&place, &group.calendar, &paths)
    };
    for group in &groups {
        let output = all(group);
        match group.partly {
            None => assert!(output.status.success(), "{output:?}"),
            Some(why) => {
                assert_eq!(output.status.code(), Some(3), "{output:?}");
                assert!(said(&output).contains(why), "{output:?}");
            }
        }
    }
    let names: Vec<String> = groups.iter().map(|group| group.calendar.clone()).collect();
    let before = kept(&place, &names).await;
    for group in &groups {
        comes_back(group, &before[&group.calendar].bodies);
    }

    for group in &groups {
        let again = said(&all(group));
        let wrote = again.contains("created") || again.contains("replaced");
        assert!(
            !wrote && again.contains("unchanged") != group.partly.is_some_and(is_all),
            "{again}"
        );
    }
    let after = kept(&place, &names).await;
    for name in &names {
        assert_eq!(before[name].token, after[name].token, "{name}");
        assert_eq!(
            before[name].audit_entries, after[name].audit_entries,
            "{name}"
        );
        assert_eq!(before[name].bodies, after[name].bodies, "{name}");
    }
}

/// Whether nothing at all of such a file can be taken.
fn is_all(why: &str) -> bool {
    why.contains("DTSTART")
}

fn comes_back(group: &Group, bodies: &[Vec<u8>]) {
    let texts: Vec<String> = group
        .files
        .iter()
        .map(|(_, bytes)| as_text(bytes))
        .collect();
    let parse = |text: &[u8]| Component::parse_all(text).unwrap();
    let files: Vec<Component> = texts
        .iter()
        .flat_map(|text| parse(text.as_bytes()))
        .collect();
    let mut wanted = content(&files);
    let stored: Vec<Component> = bodies.iter().flat_map(|body| parse(body)).collect();
    let found = content(&stored);
    if group.partly.is_some() {
        wanted.retain(|line, _| found.contains_key(line));
        assert!(found.keys().eq(wanted.keys()), "{}", group.calendar);
        return;
    }
    for line in found.keys().chain(wanted.keys()) {
        assert_eq!(
            found.get(line),
            wanted.get(line),
            "{}: {line}",
            group.calendar
        );
    }
    for text in texts.iter().filter(|text| text.contains("\nUID")) {
        let file = parse(text.as_bytes());
        let is_one = file.len() == 1 && file[0].components().count() == 1;
        let kept = |c: &Component| Kind::of(c.name()).is_some_and(|kind| kind != Kind::FreeBusy);
        if is_one && file[0].first("METHOD").is_none() && file[0].components().all(kept) {
            assert!(
                bodies.iter().any(|body| body == text.as_bytes()),
                "byte for byte: {text}"
            );
        }
    }
}

/// One file is damaged UTF-8; what is no character in it is read as Windows-1252.
fn as_text(bytes: &[u8]) -> String {
    let pieces = bytes.utf8_chunks().map(|chunk| {
        let foreign = chunk.invalid().iter().map(|byte| match byte {
            0x82 => '‚',
            0x9a => 'š',
            0x9b => '›',
            latin => char::from(*latin),
        });
        chunk.valid().chars().chain(foreign).collect::<String>()
    });
    pieces.collect()
}

#[test]
fn every_broken_calendar_is_named_with_its_line_and_the_rest_is_taken() {
    let place = place();
    let _served = place.serve();
    for (folder, with_refusals) in [("ical4j-invalid", 8), ("icalendar", 10)] {
        let files = fixtures(folder);
        let paths: Vec<&Path> = files.iter().map(|(path, _)| path.as_path()).collect();
        let output = import(&place, folder, &paths);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.is_empty(), "{stderr}");
        assert_eq!(output.status.code(), Some(3));
        let said = said(&output);
        let refusals: Vec<&str> = said
            .lines()
            .filter(|line| line.contains(": refused: "))
            .collect();
        let mut refused = HashSet::new();
        for line in refusals {
            let of = |path: &&Path| line.strip_prefix(&format!("{}:", path.display()));
            let (path, rest) = paths
                .iter()
                .find_map(|path| Some((path, of(path)?)))
                .unwrap();
            assert!(
                rest.split(':').next().unwrap().parse::<u32>().unwrap() > 0,
                "{line}"
            );
            refused.insert(path);
        }
        assert!(
            refused.len() >= with_refusals,
            "{folder}: {}",
            refused.len()
        );
        for (path, bytes) in &files {
            let nothing = said.contains(&format!("{}: nothing to import\n", path.display()));
            assert!(!nothing || is_empty_calendar(bytes), "{}", path.display());
        }
    }
}

/// So many events, each of its own.
fn events(from: u32, to: u32) -> String {
    let event = |number: u32| {
        format!(
            "BEGIN:VEVENT\r\nUID:{number}\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART:20260101T000000Z\r\nEND:VEVENT\r\n"
        )
    };
    (from..to).map(event).collect()
}

const BEGIN: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\n";

#[test]
fn an_import_that_is_broken_off_goes_on_where_it_was() {
    let place = place();
    let half = format!("{BEGIN}{}", events(0, 300));
    let file = place.folder.path().join("all.ics");
    let whole = format!("{BEGIN}{}END:VCALENDAR\r\n", events(0, 500));
    std::fs::write(&file, whole).unwrap();
    let served = place.serve();
    let cut = place.folder.path().join("cut.ics");
    std::fs::write(&cut, half).unwrap();
    let first = import(&place, "work", &[&cut]);
    assert_eq!(first.status.code(), Some(3), "{first:?}");
    assert!(said(&first).contains("300 created, 1 refused"), "{first:?}");
    let second = import(&place, "work", &[&file]);
    assert!(
        said(&second).contains("200 created, 300 unchanged"),
        "{second:?}"
    );
    let third = import(&place, "work", &[&file]);
    assert!(
        said(&third).ends_with("all.ics: 500 unchanged\n"),
        "{third:?}"
    );
    served.terminate();
}

#[test]
fn a_service_that_stops_ends_an_import_between_two_batches() {
    if crate::support::on_postgres() {
        return;
    }
    let place = place();
    let mut served = place.serve();
    let arguments = ["import", "ics", "-", "--principal", "alice", "--create"];
    let mut import = place.command(&arguments);
    let piped = import
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut import = piped.spawn().unwrap();
    let mut stdin = import.stdin.take().unwrap();
    let one = "END:VCALENDAR\r\n";
    stdin
        .write_all(format!("{BEGIN}{}{one}", events(0, 250)).as_bytes())
        .unwrap();
    stdin
        .write_all(format!("{BEGIN}{}{one}", events(250, 300)).as_bytes())
        .unwrap();
    stdin.flush().unwrap();
    served.wait_for(|line| line.contains("a command of the operator").then_some(()));
    let (status, log) = served.terminate();
    assert!(status.success(), "{log}");
    drop(stdin);
    let output = import.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr.contains("run the command again"), "{stderr}");
}

#[test]
fn one_uid_is_once_in_a_calendar_and_the_first_counts() {
    let place = place();
    let folder = place.folder.path().join("calendars");
    std::fs::create_dir(&folder).unwrap();
    let of = |summary: &str| {
        format!(
            "{BEGIN}BEGIN:VEVENT\r\nUID:same\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART:20260101T000000Z\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    std::fs::write(folder.join("a.ics"), of("one")).unwrap();
    std::fs::write(folder.join("b.ICS"), of("two")).unwrap();
    std::fs::write(folder.join("c.txt"), "not looked at").unwrap();
    for word in ["created", "unchanged"] {
        let output = import(&place, "work", &[&folder]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = said(&output);
        assert!(said.contains(&format!("a.ics: 1 {word}")), "{said}");
        assert!(
            said.contains("b.ICS:4: refused: another object with the same UID"),
            "{said}"
        );
        assert!(
            said.contains(&format!("2 files: 1 {word}, 1 refused")),
            "{said}"
        );
    }
    let missing = import(
        &place,
        "work",
        &[Path::new("nowhere.ics"), &folder.join("a.ics")],
    );
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
    assert!(
        said(&missing).contains("nowhere.ics: refused: it cannot be read"),
        "{missing:?}"
    );
    assert!(said(&missing).contains("a.ics: 1 unchanged"), "{missing:?}");
}
