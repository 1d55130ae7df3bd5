//! Case D06, its second half: a damaged database is found, and its copy takes no good one's place.

use std::io::{Seek as _, SeekFrom, Write as _};

use super::{listed, refused, run, with_folder};
use crate::support::dav::{Dav, event};
use crate::support::on_postgres;
use crate::support::served::{Place, Served};

const START: &str = "20270101T090000Z";

/// Writes over pages in the middle of the database's file, as a broken disk would.
fn spoil(place: &Place) {
    let path = place.data.join("freehold.db");
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let middle = file.metadata().unwrap().len() / 2 / 4096 * 4096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&vec![0xa5; 16 * 4096]).unwrap();
    file.sync_all().unwrap();
}

async fn ready(served: &Served) -> (u16, String) {
    let url = format!("{}/readyz?verbose", served.url);
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_found_and_its_backup_is_refused_and_the_good_one_stays() {
    if on_postgres() {
        return;
    }
    let (place, _shelf) = with_folder();
    let token = place.token("alice", "caldav");
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    for n in 0..20 {
        let body = event(&format!("{n}"), START, &"y".repeat(100_000));
        assert_eq!(dav.put(&format!("work/{n}.ics"), body).await.unwrap(), 201);
    }
    run(&place, &["backup", "now"]);
    let good = listed(&place);
    assert_eq!(good.len(), 1);
    served.terminate();

    // While the service runs and has not looked: the backup looks, and readiness knows from then on.
    let served = place.serve();
    let (status, said) = ready(&served).await;
    assert_eq!(status, 200, "{said}");
    assert!(said.contains("\nbackup, last 2"), "{said}");
    spoil(&place);
    let said = refused(&place, &["backup", "now"]);
    assert!(said.contains("the database is damaged"), "{said}");
    assert!(said.contains("would stand before the good ones"), "{said}");
    let (status, said) = ready(&served).await;
    assert_eq!(status, 503, "{said}");
    assert!(
        said.contains("store: failed: the database is damaged"),
        "{said}"
    );
    assert!(said.contains("backup, last 2"), "{said}");
    served.kill();

    // From the start: its examination finds it.
    let mut served = place.serve();
    served.wait_for(|line| line.contains("did not pass its examination").then_some(()));
    assert_eq!(ready(&served).await.0, 503);
    let said = refused(&place, &["backup", "now"]);
    assert!(said.contains("the database is damaged"), "{said}");
    assert_eq!(listed(&place), good, "the good one stands alone");
    run(&place, &["backup", "verify"]);
}
