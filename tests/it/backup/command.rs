//! The commands, the schedule, what a folder keeps, and what is said where backups are not for us.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use freehold::crypto::Owner;
use freehold::identity::principals;

use super::{listed, refused, run, to, with_folder};
use crate::support::dav::{Dav, event};
use crate::support::on_postgres;
use crate::support::served::Place;

#[test]
fn on_postgresql_the_command_says_who_makes_backups() {
    if !on_postgres() {
        return;
    }
    let place = Place::started();
    for arguments in [["backup", "now"], ["backup", "list"]] {
        let said = refused(&place, &arguments);
        assert!(said.contains("the server makes the backups"), "{said}");
        assert!(said.contains("point-in-time restore"), "{said}");
    }
    let place = to(place, "file:/srv/backups");
    let said = refused(&place, &["config", "check"]);
    assert!(said.contains("`backup.to` is set, and with"), "{said}");
}

#[test]
fn without_a_place_the_commands_say_what_to_set() {
    if on_postgres() {
        return;
    }
    let place = Place::started();
    for arguments in [["backup", "now"], ["backup", "list"], ["backup", "verify"]] {
        let said = refused(&place, &arguments);
        assert!(said.contains("backup.to is not set"), "{said}");
    }
    let place = to(place, "file:/nowhere/at/all");
    let said = refused(&place, &["backup", "now"]);
    assert!(said.contains("make the folder or mount the disk"), "{said}");
}

#[test]
fn a_folder_keeps_as_many_as_it_is_told_and_each_opens() {
    if on_postgres() {
        return;
    }
    let (mut place, shelf) = with_folder();
    place
        .environment
        .push(("FREEHOLD__BACKUP__KEEP".to_owned(), "2".to_owned()));
    let made: Vec<String> = (0..4)
        .map(|_| {
            let said = run(&place, &["backup", "now"]);
            said.split(' ').next().unwrap().to_owned()
        })
        .collect();
    let kept = listed(&place);
    assert_eq!(kept.len(), 2);
    let mut known: Vec<&str> = kept.iter().map(|one| one["id"].as_str().unwrap()).collect();
    known.sort_unstable();
    assert_eq!(known, made[2..], "the newest two");
    for id in known {
        let said = run(&place, &["backup", "verify", id]);
        assert!(
            said.starts_with(id) && said.contains("is whole and opens"),
            "{said}"
        );
    }
    // Of the ring there is the newest; nothing that was on its way is left.
    super::object(shelf.path(), "keys");
    assert!(!place.data.join("backup/copy").exists());
    assert!(!place.data.join("backup/verify").exists());
    let text = std::fs::read_to_string(place.data.join("backup/last.json")).unwrap();
    assert!(text.contains("Z-"), "{text}");
}

#[test]
fn the_service_makes_one_when_it_starts_and_says_so() {
    if on_postgres() {
        return;
    }
    let (mut place, _shelf) = with_folder();
    // A tenth of five minutes is the longest that it waits.
    place
        .environment
        .retain(|(name, _)| name != "FREEHOLD__BACKUP__EVERY_MINS");
    place
        .environment
        .push(("FREEHOLD__BACKUP__EVERY_MINS".to_owned(), "5".to_owned()));
    let mut served = place.serve();
    served.wait_for(|line| line.contains("a backup is made").then_some(()));
    assert_eq!(listed(&place).len(), 1);
    let doctor = place.command(&["doctor"]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("backup"))
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("readiness") && line.contains("backup, last 2")),
        "{said}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("the newest 0 minutes old")),
        "{said}"
    );
}

/// What every file of the data folder holds.
fn kept(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let inside = |path: PathBuf| {
        if path.is_dir() {
            return kept(&path);
        }
        // A socket has nothing to read.
        let held = std::fs::read(&path).unwrap_or_default();
        BTreeMap::from([(path, held)])
    };
    entries
        .flat_map(|entry| inside(entry.unwrap().path()))
        .collect()
}

#[test]
fn with_running_only_a_service_makes_a_backup_and_without_one_nothing_is_touched() {
    if on_postgres() {
        return;
    }
    let now = ["backup", "now", "--running"];
    let (place, _shelf) = with_folder();
    let served = place.serve();
    let made = run(&place, &now);
    let known = listed(&place);
    assert_eq!(known.len(), 1);
    assert!(made.starts_with(known[0]["id"].as_str().unwrap()), "{made}");
    // Killed, it leaves a socket behind, and a log that the next one to open the store takes in.
    served.kill();
    let before = kept(&place.data);
    assert!(before.keys().any(|path| path.ends_with("freehold.db-wal")));
    assert!(before.keys().any(|path| path.ends_with("admin.sock")));
    let said = refused(&place, &now);
    assert!(said.contains("no service answers at"), "{said}");
    assert!(said.contains("start the service on this folder"), "{said}");
    assert!(kept(&place.data) == before, "something was touched");
    assert_eq!(listed(&place).len(), 1);

    let nowhere = super::elsewhere(&place, &place.folder.path().join("nowhere"));
    let said = refused(&nowhere, &now);
    assert!(said.contains("no service answers at"), "{said}");
    assert!(!nowhere.data.exists());
}

/// Before an upgrade the new program asks the old one, and says its own version.
#[test]
fn a_command_line_of_any_version_may_ask_a_running_service_for_a_backup() {
    if on_postgres() {
        return;
    }
    let (place, _shelf) = with_folder();
    let _served = place.serve();
    for version in ["0.0.1", "99.0.0"] {
        let mut socket = UnixStream::connect(place.data.join("admin.sock")).unwrap();
        writeln!(
            socket,
            "{{\"version\":\"{version}\",\"command\":\"backup_now\"}}"
        )
        .unwrap();
        let lines = BufReader::new(socket).lines();
        let last = lines.map(Result::unwrap).last().unwrap();
        let last: serde_json::Value = serde_json::from_str(&last).unwrap();
        let id = &last["answer"]["backup"]["id"];
        let newest = listed(&place).pop().unwrap();
        assert_eq!(&newest["id"], id, "{version}: {last}");
    }
    assert_eq!(listed(&place).len(), 2);
}

#[test]
fn doctor_names_what_is_missing() {
    if on_postgres() {
        return;
    }
    let said = |place: &Place| {
        let output = place.command(&["doctor"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let place = Place::started();
    assert!(
        said(&place).contains("warn  backup         backup.to is not set"),
        "{}",
        said(&place)
    );
    let place = to(place, "file:/nowhere/at/all");
    assert!(
        said(&place).contains("FAIL  backup         cannot use file:/nowhere"),
        "{}",
        said(&place)
    );
    let (place, _shelf) = with_folder();
    let text = said(&place);
    assert!(text.contains("holds no backup yet"), "{text}");
    assert!(text.contains("on the disk of the data"), "{text}");
    assert!(text.contains("keep a copy of it apart"), "{text}");
}

#[tokio::test]
async fn what_was_destroyed_stays_destroyed_in_older_backups() {
    if on_postgres() {
        return;
    }
    let (place, _shelf) = with_folder();
    let token = place.token("alice", "caldav");
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    let body = event("one", "20270101T090000Z", "secret");
    assert_eq!(dav.put("work/one.ics", body).await.unwrap(), 201);
    let said = run(&place, &["backup", "now"]);
    let older = said.split(' ').next().unwrap();
    served.terminate();
    let rooms = place.rooms().await;
    let handle = "alice".parse().unwrap();
    let alice = principals::by_handle(&rooms.identity, &handle)
        .await
        .unwrap()
        .unwrap();
    rooms
        .keys
        .destroy(Owner::principal(alice.id))
        .await
        .unwrap();
    rooms.close().await;
    drop(rooms);
    run(&place, &["backup", "now"]);

    let new = tempfile::tempdir().unwrap();
    let folder = new.path().join("older");
    run(
        &place,
        &[
            "backup",
            "restore",
            older,
            "--into",
            folder.to_str().unwrap(),
        ],
    );
    let served = super::elsewhere(&place, &folder).serve();
    let dav = Dav::new(&served.url, "alice", &token);
    let got = dav.send("GET", "work/one.ics", &[], "").await.unwrap();
    assert_eq!(
        got.status().as_u16(),
        500,
        "there is the object, and no key that opens it"
    );
}
