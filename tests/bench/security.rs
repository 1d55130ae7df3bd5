//! What the security of a request costs, in this process: authentication of a CalDAV request, and the
//! check of a long audit chain. Each beside a floor that does the same to SQLite by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use freehold::audit::{self, Event, Verdict};
use freehold::config::Settings;
use freehold::edge;
use freehold::identity::tokens::{self, NewToken};
use freehold::identity::{Actor, Door, Identity, Role, Roles, Scope, principals};
use freehold::server::Rooms;
use freehold::store::{StoreError, Tx};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use crate::process::Cpu;

/// Entries of the chain, and so many in one transaction.
const ENTRIES: usize = 1_000_000;
const BATCH: usize = 10_000;
/// People with a token each, and so many requests of all of them.
const PEOPLE: usize = 100;
const ASKED: u32 = 20_000;

/// Prints a table.
pub(crate) fn measure(folder: &Path) {
    let folder = folder.join("security");
    let mut settings = Settings::default();
    settings.store.data.clone_from(&folder);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let rooms = Rooms::open(&settings).await.unwrap();
        println!("\n| What | CPU | Times its floor | At most |\n| --- | ---: | ---: | ---: |");
        authentication(&rooms.identity, &folder).await;
        chain(&rooms, &folder).await;
        rooms.store.close().await;
    });
}

/// From the headers of a request to who asks, over and over.
async fn authentication(identity: &Identity, folder: &Path) {
    let by = Actor::operator();
    let member = Roles::of(&[Role::Member]);
    let mut secrets = Vec::new();
    for number in 0..PEOPLE {
        let handle = format!("person-{number}").parse().unwrap();
        let person = principals::create(identity, &by, handle, member).await;
        let new = NewToken {
            principal: person.unwrap().id,
            label: "bench".to_owned(),
            scope: Scope::Caldav,
            expires_at: None,
        };
        let (_, secret) = tokens::create(identity, &by, new).await.unwrap();
        secrets.push(secret.expose().to_owned());
    }
    let asks = secrets.iter().enumerate().map(|(number, secret)| {
        let pair = format!("person-{number}:{secret}");
        let basic = base64::prelude::BASE64_STANDARD.encode(pair);
        let request = http::Request::get("/dav/").header("authorization", format!("Basic {basic}"));
        request.body(()).unwrap().into_parts().0
    });
    let asks: Vec<_> = asks.collect();
    // The first use of each token is written down, once a minute.
    for parts in &asks {
        edge::authenticate(identity, parts, Door::Caldav)
            .await
            .unwrap();
    }
    let mut lowest = Duration::MAX;
    for _ in 0..3 {
        let cpu = Cpu::from_now();
        for parts in asks.iter().cycle().take(ASKED as usize) {
            edge::authenticate(identity, parts, Door::Caldav)
                .await
                .unwrap();
        }
        lowest = lowest.min(cpu.used() / ASKED);
    }
    let floor = look_up(folder, &secrets);
    let micros = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
    println!(
        "| floor: SHA-256 and one prepared SELECT | {} | | |",
        micros(floor)
    );
    let what = "authentication of a CalDAV request";
    println!(
        "| {what} | {} | {} | 20 µs |",
        micros(lowest),
        ratio(lowest, floor)
    );
}

/// The digest of a token and the row it is found by, in one transaction that stays open.
fn look_up(folder: &Path, secrets: &[String]) -> Duration {
    let connection = open(folder);
    let mut select = connection
        .prepare(
            "SELECT t.id, t.scopes, p.handle, p.roles FROM personal_token t \
             JOIN principal p ON p.id = t.principal_id WHERE t.digest = ?1",
        )
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let mut lowest = Duration::MAX;
    for _ in 0..3 {
        let cpu = Cpu::from_now();
        for secret in secrets.iter().cycle().take(ASKED as usize) {
            let digest = Sha256::digest(secret.as_bytes());
            let found = select.query_row([digest.as_slice()], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(2)?))
            });
            assert!(!found.unwrap().0.is_empty());
        }
        lowest = lowest.min(cpu.used() / ASKED);
    }
    lowest
}

/// The whole chain, verified as `freehold audit verify` does.
async fn chain(rooms: &Rooms, folder: &Path) {
    for batch in 0..ENTRIES / BATCH {
        let appended = rooms
            .store
            .write(batch, |tx: Tx, batch: Arc<usize>| async move {
                for number in 0..BATCH {
                    let event = Event {
                        action: "calendar.object.put",
                        actor: "principal:01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
                        subject: format!("calendar:01890a5d-ac96-774b-bcce-{:012}", *batch),
                        detail: serde_json::json!({ "number": number, "bytes": 700 }),
                    };
                    audit::record(&tx, event).await?;
                }
                Ok::<_, StoreError>(())
            });
        appended.await.unwrap();
    }
    let cpu = Cpu::from_now();
    let verdict = rooms.audit.verify(None, |_| {}).await.unwrap();
    let used = cpu.used();
    let Verdict::Whole { entries } = verdict else {
        unreachable!("{verdict:?}");
    };
    let floor = read_and_hash(folder);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    println!(
        "| floor: reading {entries} rows and hashing them | {} | | |",
        seconds(floor)
    );
    let what = format!("verifying an audit chain of {entries} entries");
    println!(
        "| {what} | {} | {} | 10 s |",
        seconds(used),
        ratio(used, floor)
    );
}

/// Every row of the chain, and one digest over its texts.
fn read_and_hash(folder: &Path) -> Duration {
    let connection = open(folder);
    let cpu = Cpu::from_now();
    let query =
        "SELECT seq, at, action, actor, subject, detail, hash FROM audit_entry ORDER BY seq";
    let mut select = connection.prepare(query).unwrap();
    let mut rows = select.query([]).unwrap();
    let mut last = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let mut digest = Sha256::new();
        digest.update(&last);
        for column in 2..6 {
            digest.update(row.get_ref(column).unwrap().as_bytes().unwrap());
        }
        last = digest.finalize().to_vec();
    }
    assert_eq!(last.len(), 32);
    cpu.used()
}

fn open(folder: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(folder.join("freehold.db"), flags).unwrap()
}

fn ratio(used: Duration, floor: Duration) -> String {
    format!("{:.1}", used.as_secs_f64() / floor.as_secs_f64())
}
