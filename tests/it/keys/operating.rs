//! `freehold keys`, beside running services and alone.

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use freehold::store::key_ring::Rotation;

use super::*;
use crate::support::dav::{Dav, event};
use crate::support::served::{Place, Served};

const START: &str = "20270101T090000Z";

pub(super) fn run(place: &Place, arguments: &[&str]) -> String {
    let output = place.command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn refused(place: &Place, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = place.command(arguments).output().unwrap();
    assert_eq!(status.code(), Some(1), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

/// Puts and gets until it is told to end; every answer is the right one. Gives how many there were.
async fn load(dav: Dav, name: String, done: Arc<AtomicBool>) -> u32 {
    let mut rounds = 0;
    while !done.load(Ordering::SeqCst) {
        let path = format!("work/{name}-{}.ics", rounds % 10);
        let body = event(
            &format!("{name}-{}", rounds % 10),
            START,
            &rounds.to_string(),
        );
        let status = dav.put(&path, body.clone()).await.unwrap();
        assert!(status == 201 || status == 204, "{path}: {status}");
        let got = dav.send("GET", &path, &[], "").await.unwrap();
        assert_eq!(got.status().as_u16(), 200, "{path}");
        assert_eq!(got.text().await.unwrap(), body);
        rounds += 1;
    }
    rounds
}

/// Runs `work` while every service is under load; no request may fail.
async fn under_load(served: &[&Served], token: &str, work: impl FnOnce() + Send + 'static) {
    let done = Arc::new(AtomicBool::new(false));
    let client = |(n, served): (usize, &&Served)| {
        let dav = Dav::new(&served.url, "alice", token);
        tokio::spawn(load(dav, format!("s{n}"), Arc::clone(&done)))
    };
    let loads: Vec<_> = served.iter().enumerate().map(client).collect();
    tokio::task::spawn_blocking(work).await.unwrap();
    done.store(true, Ordering::SeqCst);
    for load in loads {
        assert!(load.await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_and_another_key_encryption_key_fail_no_request() {
    let one = Arc::new(Place::started());
    let token = one.token("alice", "caldav");
    let (old, new) = ["keys/kek.key", "keys/new.key"]
        .map(|name| one.folder.path().join(name))
        .into();
    let new_file = format!("file:{}", new.display());
    // On PostgreSQL a second process, which has the key-encryption key in a folder of its own.
    let mut other = Place::new();
    other.environment.clone_from(&one.environment);
    std::fs::create_dir_all(other.folder.path().join("keys")).unwrap();
    std::fs::copy(&old, other.folder.path().join("keys/kek.key")).unwrap();

    let here = one.serve();
    Dav::new(&here.url, "alice", &token)
        .make_calendar("work")
        .await;
    let there = on_postgres().then(|| other.serve());
    let both: Vec<&Served> = [Some(&here), there.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    let (place, to) = (Arc::clone(&one), new_file.clone());
    under_load(&both, &token, move || {
        for what in ["all", "data", "root"] {
            run(&place, &["keys", "rotate", what]);
        }
        let said = run(&place, &["keys", "rewrap", "--to", &to]);
        assert_eq!(said.matches("kek-").count(), 2, "{said}");
        run(&place, &["keys", "rotate", "data"]);
    })
    .await;

    // The setting is changed; on PostgreSQL one process after the other.
    let to_new = ("FREEHOLD__VAULT__KEY_FILE".to_owned(), new_file);
    let rewrap = |place: Place| {
        move || {
            let said = run(&place, &["keys", "rewrap"]);
            assert_eq!(said.matches("kek-").count(), 1, "{said}");
        }
    };
    if let Some(there) = there {
        there.terminate();
        other.environment.push(to_new.clone());
        let there = other.serve();
        under_load(&[&here, &there], &token, rewrap(other)).await;
    }
    here.terminate();
    let mut one = Arc::into_inner(one).unwrap();
    if !on_postgres() {
        one.environment.push(to_new.clone());
        run(&one, &["keys", "rewrap"]);
        one.environment.pop();
    }
    let said = refused(&one, &["keys", "status"]);
    let named = said.matches("kek-").count();
    assert_eq!(named, 3, "needed, given, needed: {said}");
    std::fs::remove_file(old).unwrap();
    one.environment.push(to_new);
    let again = one.serve();
    let dav = Dav::new(&again.url, "alice", &token);
    for n in 0..10 {
        let got = dav.send("GET", &format!("work/s0-{n}.ics"), &[], "").await;
        assert_eq!(got.unwrap().status().as_u16(), 200, "{n}");
    }
}

#[tokio::test]
async fn the_status_is_a_table_and_what_is_done_is_audited() {
    let place = Place::started();
    place.token("alice", "caldav");
    let served = place.serve();
    let before = run(&place, &["keys", "status"]);
    for line in [
        "key-encryption key  file: kek-",
        "root key            root-",
        "recovery key        no: set vault.recovery_key",
        " of 1073741824 values",
    ] {
        assert!(before.contains(line), "{line}: {before}");
    }
    run(&place, &["keys", "rotate"]);
    let after = run(&place, &["keys", "status"]);
    let line = |text: &str, name: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with(name));
        lines.next().unwrap().to_owned()
    };
    assert_ne!(line(&before, "root key"), line(&after, "root key"));
    let keys = |text: &str| -> u32 {
        let line = line(text, "data keys");
        line.split_whitespace().nth(2).unwrap().parse().unwrap()
    };
    let owners = line(&before, "data keys");
    let owners: u32 = owners.split_whitespace().nth(4).unwrap().parse().unwrap();
    // One more for each; those for look-up hashes and signatures stay.
    assert_eq!(keys(&after), keys(&before) + owners, "{before}{after}");
    run(&place, &["keys", "rewrap"]);
    served.terminate();

    let alone = run(&place, &["keys", "status"]);
    assert_eq!(line(&alone, "data keys"), line(&after, "data keys"));
    let rooms = place.rooms().await;
    for action in ["keys.rotate", "keys.rewrap"] {
        let count = rooms.store.read(action, |at, action: &str| async move {
            let sql = "SELECT COUNT(*) FROM audit_entry WHERE action = $1 AND actor = 'operator'";
            at.fixed_one(sql, vec![action.into()], |row| row.i64(0))
                .await
        });
        assert_eq!(count.await.unwrap(), Some(1), "{action}");
    }
}

#[tokio::test]
async fn without_the_key_encryption_key_nothing_is_rotated_and_nothing_lost() {
    let test = TestStore::new().await;
    let place = RowBinding {
        table: "t",
        column: "c",
        row: b"1",
    };
    let sealed = test
        .keys
        .seal(Owner::Organisation, &place, b"x")
        .await
        .unwrap();
    let root = test.keys.status().await.unwrap().root;
    let (file, away) = ["keys/kek.key", "keys/away"]
        .map(|name| test.folder.path().join(name))
        .into();
    std::fs::rename(&file, &away).unwrap();
    test.keys.rotate(Rotation::All).await.unwrap_err();
    test.keys.rewrap(None).await.unwrap_err();
    assert_eq!(test.keys.status().await.unwrap().root, root);
    std::fs::rename(&away, &file).unwrap();
    let again = ring_again(&test).await.unwrap();
    again.open_sealed(&place, &sealed).await.unwrap();
}

#[tokio::test]
async fn a_key_made_while_another_process_makes_a_new_root_key_opens_afterwards() {
    if !on_postgres() {
        return;
    }
    let test = TestStore::new().await;
    let other = ring_again(&test).await.unwrap();
    test.keys.rotate(Rotation::Root).await.unwrap();
    let owner = Owner::Principal([1; 16]);
    other.ensure(owner).await.unwrap();
    test.keys.rotate(Rotation::Root).await.unwrap();
    test.keys.hold(owner).await.unwrap();
    let late = ring_again(&test).await.unwrap();
    assert!(late.vault().can_seal(&owner));
}
