//! What was acknowledged stays: killed processes, full disks, readers on other connections, two
//! processes on one PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::dav::{Dav, event};
use crate::support::on_postgres;
use crate::support::served::{Place, Served};

const START: &str = "20270101T090000Z";

/// Stores objects one after the other until the connection breaks; gives those acknowledged.
async fn store_until_it_breaks(dav: Dav, round: usize) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let name = format!("r{round}-{n}.ics");
        let body = event(&format!("r{round}-{n}"), START, &"x".repeat(n % 700));
        match dav.put(&format!("stream/{name}"), body.clone()).await {
            Ok(201) => acknowledged.push((name, body)),
            Ok(status) => panic!("{name}: {status}"),
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_put_survives_fifty_kills() {
    let place = Place::started();
    let token = place.token("alice", "caldav");
    let mut expected = BTreeMap::new();
    for round in 0..50 {
        let served = place.serve();
        let dav = Dav::new(&served.url, "alice", &token);
        if round == 0 {
            dav.make_calendar("stream").await;
        }
        let streams: Vec<_> = (0..2)
            .map(|half| tokio::spawn(store_until_it_breaks(dav.clone(), round * 2 + half)))
            .collect();
        // Not always the same moment: between nothing and some hundred requests.
        let pause = 20 + (round as u64 * 37) % 160;
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        served.kill();
        for stream in streams {
            expected.extend(stream.await.unwrap());
        }
    }
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    assert!(expected.len() > 50, "{} were acknowledged", expected.len());
    for (name, body) in &expected {
        let answer = dav
            .send("GET", &format!("stream/{name}"), &[], "")
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{name}");
        assert_eq!(answer.text().await.unwrap(), *body, "{name}");
    }
    let listed = dav.sync("stream/", "").await;
    let listed: BTreeSet<_> = listed.changed.into_iter().collect();
    assert!(expected.keys().all(|name| listed.contains(name)));
    served.terminate();
    if !on_postgres() {
        let file = rusqlite::Connection::open(place.folder.path().join("freehold.db")).unwrap();
        let verdict: String = file
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_on_another_connection_sees_each_of_10_000_puts() {
    let place = Place::new();
    let served = place.serve();
    let token = place.token("alice", "caldav");
    let (writer, reader) = (
        Dav::new(&served.url, "alice", &token),
        Dav::new(&served.url, "alice", &token),
    );
    writer.make_calendar("work").await;
    let log = place.folder.path().join("freehold.db-wal");
    let mut largest = 0;
    for n in 0..10_000_u32 {
        // Twenty names over and over, so that the calendar stays small and the log does not.
        let name = format!("{}.ics", n % 20);
        let body = event(&format!("uid-{}", n % 20), START, &format!("version {n}"));
        let status = writer.put(&format!("work/{name}"), body).await.unwrap();
        assert!(status == 201 || status == 204, "{status}");
        let query = format!(
            "<C:calendar-multiget xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
             <D:prop><C:calendar-data/></D:prop>\
             <D:href>/dav/calendars/alice/work/{name}</D:href></C:calendar-multiget>"
        );
        let seen = reader.report("work/", &query).await;
        assert!(
            seen.contains(&format!("SUMMARY:version {n}&#")),
            "{n}: {seen}"
        );
        if n % 100 == 0 {
            largest = largest.max(std::fs::metadata(&log).map_or(0, |file| file.len()));
        }
    }
    assert!(
        largest < 32 * 1024 * 1024,
        "the log grew to {largest} bytes"
    );
}

/// Case D06. The data folder is a small file system of its own, in a mount namespace.
#[tokio::test]
async fn a_full_disk_refuses_with_507_keeps_what_it_has_and_recovers_by_itself() {
    if on_postgres() {
        return;
    }
    let mut place = Place::started();
    let token = place.token("alice", "caldav");
    let ballast = place.folder.path().join("ballast");
    place.wrap = Some(
        "mount -t tmpfs -o size=64m tmpfs \"$DATA\" && cp -a \"$KEEP\"/. \"$DATA\" && \
         head -c 32m /dev/zero >\"$DATA/ballast\" && exec \"$0\" \"$@\"",
    );
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    let mut kept = Vec::new();
    let full = loop {
        let name = format!("{}.ics", kept.len());
        let body = event(&name, START, &"y".repeat(200_000));
        let answer = dav
            .send("PUT", &format!("work/{name}"), &[], body.clone())
            .await
            .unwrap();
        match answer.status().as_u16() {
            201 => kept.push((name, body)),
            status => break (status, answer.text().await.unwrap()),
        }
        assert!(kept.len() < 400, "64 MiB never fill up");
    };
    assert_eq!(full.0, 507, "{}", full.1);
    assert!(full.1.contains("disk"), "{}", full.1);
    let ready = reqwest::get(format!("{}/readyz?verbose", served.url))
        .await
        .unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    assert!(ready.text().await.unwrap().contains("disk: failed"));
    assert_eq!(dav.sync("work/", "").await.changed.len(), kept.len());
    for (name, body) in &kept {
        let answer = dav
            .send("GET", &format!("work/{name}"), &[], "")
            .await
            .unwrap();
        assert_eq!(answer.text().await.unwrap(), *body);
    }
    let inside = format!("/proc/{}/root{}", served.id(), ballast.display());
    std::fs::remove_file(inside).unwrap();
    let again = dav
        .put("work/again.ics", event("again", START, "room"))
        .await;
    assert_eq!(again.unwrap(), 201);
    let ready = reqwest::get(format!("{}/readyz", served.url))
        .await
        .unwrap();
    assert_eq!(ready.status().as_u16(), 200);
}

/// Two processes on one database: eight writers, four clients that synchronise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_postgresql_never_hand_out_a_token_that_skips_a_change() {
    if !on_postgres() {
        return;
    }
    let (one, mut other) = (Place::started(), Place::new());
    other.environment.clone_from(&one.environment);
    let token = one.token("alice", "caldav");
    std::fs::create_dir(other.folder.path().join("keys")).unwrap();
    let key = |place: &Place| place.folder.path().join("keys/kek.key");
    std::fs::copy(key(&one), key(&other)).unwrap();
    let served: [Served; 2] = [one.serve(), other.serve()];
    let client = |n: usize| Dav::new(&served[n % 2].url, "alice", &token);
    client(0).make_calendar("work").await;

    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|n| tokio::spawn(follow(client(n), Arc::clone(&done))))
        .collect();
    let writers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(write_and_delete(client(n), n)))
        .collect();
    let mut live = BTreeSet::new();
    for writer in writers {
        live.extend(writer.await.unwrap());
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), live, "a client missed a change");
    }
}

async fn write_and_delete(dav: Dav, writer: usize) -> BTreeSet<String> {
    let mut live = BTreeSet::new();
    for n in 0..60 {
        let name = format!("w{writer}-{n}.ics");
        let path = format!("work/{name}");
        let status = dav.put(&path, event(&name, START, "made")).await.unwrap();
        assert_eq!(status, 201);
        if n % 3 == 0 {
            let gone = dav.send("DELETE", &path, &[], "").await.unwrap();
            assert_eq!(gone.status().as_u16(), 204);
        } else {
            live.insert(name);
        }
    }
    live
}

/// Follows the calendar by its tokens alone, until all is written and seen.
async fn follow(dav: Dav, done: Arc<AtomicBool>) -> BTreeSet<String> {
    let (mut known, mut token) = (BTreeSet::new(), String::new());
    loop {
        let last = done.load(Ordering::SeqCst);
        let synced = dav.sync("work/", &token).await;
        for name in synced.removed {
            known.remove(&name);
        }
        known.extend(synced.changed);
        token = synced.token;
        if last {
            return known;
        }
    }
}
