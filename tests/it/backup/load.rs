//! The service is killed while it is written; its machine is gone; the store of objects alone gives
//! everything back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{elsewhere, listed, run, to};
use crate::support::azure::Cloud;
use crate::support::azurite::Azurite;
use crate::support::dav::{Dav, event};
use crate::support::on_postgres;
use crate::support::served::Place;

const START: &str = "20270101T090000Z";

/// Stores objects until the connection breaks; gives all that were sent, and counts those that were
/// acknowledged.
async fn write_until_it_breaks(
    dav: Dav,
    writer: usize,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    for n in 0.. {
        let name = format!("w{writer}-{n}.ics");
        let body = event(&format!("w{writer}-{n}"), START, &"x".repeat(n % 900));
        sent.push((name.clone(), body.clone()));
        match dav.put(&format!("stream/{name}"), body).await {
            Ok(201) => acknowledged.fetch_add(1, Ordering::SeqCst),
            Ok(status) => panic!("{name}: {status}"),
            Err(_) => break,
        };
    }
    sent
}

async fn body(dav: &Dav, path: &str) -> (String, String) {
    let answer = dav.send("GET", path, &[], "").await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    (etag, answer.text().await.unwrap())
}

/// What CalDAV says of a calendar that nobody writes: bodies, tags, a query with its answers.
async fn answers(dav: &Dav) -> (String, BTreeMap<String, (String, String)>) {
    let query = "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
                 <D:prop><D:getetag/><D:getcontenttype/><C:calendar-data/></D:prop><C:filter>\
                 <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
                 <C:time-range start=\"20270101T000000Z\" end=\"20270102T000000Z\"/>\
                 </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>";
    let found = dav.report("still/", query).await;
    let mut bodies = BTreeMap::new();
    for name in dav.sync("still/", "").await.changed {
        bodies.insert(name.clone(), body(dav, &format!("still/{name}")).await);
    }
    (found, bodies)
}

/// The service and its two writers.
struct Load {
    dav: Dav,
    writers: Vec<tokio::task::JoinHandle<Vec<(String, String)>>>,
    acknowledged: [Arc<AtomicUsize>; 2],
}

impl Load {
    /// Writes to `stream`, and has written some hundred objects when this returns.
    async fn begin(dav: &Dav) -> Self {
        let acknowledged = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let writer = |(n, count): (usize, &Arc<AtomicUsize>)| {
            tokio::spawn(write_until_it_breaks(dav.clone(), n, Arc::clone(count)))
        };
        let load = Self {
            dav: dav.clone(),
            writers: acknowledged.iter().enumerate().map(writer).collect(),
            acknowledged,
        };
        while load.counts().iter().any(|count| *count < 150) {
            // Something else is asked meanwhile: no time passes unused.
            load.dav.sync("still/", "").await;
        }
        load
    }

    fn counts(&self) -> [usize; 2] {
        [0, 1].map(|n: usize| self.acknowledged[n].load(Ordering::SeqCst))
    }

    /// Everything that was sent, when the service is gone.
    async fn sent(self) -> BTreeMap<String, String> {
        let mut sent = BTreeMap::new();
        for writer in self.writers {
            sent.extend(writer.await.unwrap());
        }
        sent
    }
}

/// A place whose backups go to `container` with the identity of a machine, and a token of alice.
fn place(cloud: &Cloud, container: &str) -> (Place, String) {
    let mut place = to(Place::started(), container);
    let imds = "AZURE_POD_IDENTITY_AUTHORITY_HOST".to_owned();
    place.environment.push((imds, cloud.url.clone()));
    let token = place.token("alice", "caldav");
    (place, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_under_load_every_write_of_the_snapshot_comes_back_from_the_store_alone() {
    if on_postgres() {
        return;
    }
    let cloud = Cloud::start();
    let azurite = Azurite::start(&cloud, "backups").await;
    let (place, token) = place(&cloud, &format!("{}/a/b", azurite.container));
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    for calendar in ["still", "stream"] {
        dav.make_calendar(calendar).await;
    }
    for n in 0..50 {
        let text = event(&format!("still-{n}"), START, &format!("Émile {n}"));
        assert_eq!(dav.put(&format!("still/{n}.ics"), text).await.unwrap(), 201);
    }
    let still = answers(&dav).await;
    let known = dav.sync("still/", "").await.token;
    let load = Load::begin(&dav).await;
    let certain = load.counts();
    let made = tokio::task::spawn_blocking(move || (run(&place, &["backup", "now"]), place));
    let (said, place) = made.await.unwrap();
    let after = load.counts();
    assert!(after > certain, "the load went on: {certain:?} {after:?}");
    served.kill();
    let sent = load.sent().await;

    // The machine is gone with all that was on it; the key file was kept elsewhere.
    let new = tempfile::tempdir().unwrap();
    let folder = new.path().join("restored");
    let restored = elsewhere(&place, &folder);
    std::fs::remove_dir_all(place.data.join("keys")).unwrap();
    std::fs::remove_file(place.data.join("freehold.db")).unwrap();
    assert_eq!(listed(&restored).len(), 1, "{said}");
    let into = folder.to_str().unwrap();
    run(&restored, &["backup", "restore", "--into", into]);

    let served = restored.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    assert_eq!(answers(&dav).await, still);
    let found = dav.sync("stream/", "").await.changed;
    for name in &found {
        let (_, text) = body(&dav, &format!("stream/{name}")).await;
        assert_eq!(text, sent[name], "{name}");
    }
    for (writer, count) in certain.into_iter().enumerate() {
        let names = (0..count).map(|n| format!("w{writer}-{n}.ics"));
        let lost: Vec<_> = names.filter(|name| !found.contains(name)).collect();
        assert!(lost.is_empty(), "acknowledged before the backup: {lost:?}");
    }
    assert_begins_anew(&dav, &known).await;
    assert_added_only(&azurite.asked());
}

/// A client that may know more than what came back is told to begin anew.
async fn assert_begins_anew(dav: &Dav, known: &str) {
    let query = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{known}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>"
    );
    let headers = [("content-type", "application/xml"), ("depth", "0")];
    let answer = dav.send("REPORT", "still/", &headers, query).await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    let why = answer.text().await.unwrap();
    assert!(why.contains("valid-sync-token"), "{why}");
}

/// The keys before the data, the data for a name that is not there yet, nothing deleted.
fn assert_added_only(asked: &[String]) {
    let commits: Vec<_> = asked
        .iter()
        .filter(|line| line.starts_with("PUT ") && line.contains("blocklist"))
        .collect();
    assert_eq!(commits.len(), 2, "{asked:?}");
    assert!(commits[0].contains("/a/b/keys/ring.fhb?"), "{commits:?}");
    assert!(commits[1].contains("/a/b/data/"), "{commits:?}");
    assert!(commits[1].ends_with(" *"), "{commits:?}");
    assert!(!asked.iter().any(|line| line.starts_with("DELETE")));
}
