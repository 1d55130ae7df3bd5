//! Databases from before there was a key ring: they held their data keys themselves, and sealed
//! everything with the organisation's. The rows were written by such a build.

use std::sync::Arc;

use freehold::base::ManualClock;
use freehold::calendar::Outcome;
use sea_orm::Value as Column;
use serde_json::Value;

use super::*;

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\n\
                     UID:before\r\nDTSTAMP:20261120T080000Z\r\nDTSTART:20270301T090000Z\r\n\
                     DTEND:20270301T100000Z\r\nSUMMARY:Kept from before\r\nEND:VEVENT\r\n\
                     END:VCALENDAR\r\n";

/// A database as the earlier build left it, with its key file.
async fn database(folder: &std::path::Path) -> Store {
    let clock = Arc::new(ManualClock::new("2026-11-27T10:00:00Z".parse().unwrap()));
    let store = backend::open(folder, clock).await;
    let file = "tests/fixtures/earlier/2026-11-26.json";
    let text = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
    let earlier: Value = serde_json::from_slice(&text.unwrap()).unwrap();
    std::fs::create_dir_all(folder.join("keys")).unwrap();
    std::fs::write(
        folder.join("keys/kek.key"),
        earlier["kek"].as_str().unwrap(),
    )
    .unwrap();
    // In an order in which each row finds what it refers to.
    for table in [
        "principal",
        "data_key",
        "calendar",
        "calendar_property",
        "calendar_object",
    ] {
        for row in earlier["tables"][table].as_array().unwrap() {
            insert(&store, table, row).await;
        }
    }
    store
}

async fn insert(store: &Store, table: &str, row: &Value) {
    let row = row.as_object().unwrap();
    // NULL is what a column has that is not named.
    let given: Vec<_> = row.iter().filter(|(_, value)| !value.is_null()).collect();
    let names: Vec<_> = given.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<_> = (1..=given.len()).map(|n| format!("${n}")).collect();
    let (names, places) = (names.join(", "), places.join(", "));
    let sql = format!("INSERT INTO {table} ({names}) VALUES ({places})");
    let values = given.iter().map(|(_, value)| column(value)).collect();
    let input: (&'static str, Vec<Column>) = (sql.leak(), values);
    let run = |tx: Tx, input: Arc<(&'static str, Vec<Column>)>| async move {
        tx.fixed_execute(input.0, input.1.clone()).await
    };
    store
        .write::<_, _, StoreError, _, _>(input, run)
        .await
        .unwrap();
}

fn column(value: &Value) -> Column {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => number.as_i64().unwrap().into(),
        bytes => unhex(bytes["hex"].as_str().unwrap()).into(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

async fn old_keys(store: &Store) -> i64 {
    let count = store.read((), |at, ()| async move {
        at.fixed_one("SELECT COUNT(*) FROM data_key", vec![], |row| row.i64(0))
            .await
    });
    count.await.unwrap().unwrap()
}

#[tokio::test]
async fn its_keys_move_into_the_ring_and_open_what_they_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    assert_eq!(old_keys(&store).await, 2);
    let keys = backend::keys(&store, folder.path()).await;
    assert_eq!(old_keys(&store).await, 0);
    let identity = Identity::new(store.clone(), keys.clone(), SessionLimits::default());
    principals::ensure_keys(&identity).await.unwrap();

    let alice = person(&store, &keys, "alice", Scope::Caldav).await;
    let calendars = Calendars::new(store.clone(), keys.clone(), CalendarLimits::default());
    let at = object("before.ics");
    let found = calendars.object(&alice, &at).await.unwrap();
    assert_eq!(found.body, EVENT.as_bytes());
    let work = calendars.calendar(&alice, &at.calendar).await.unwrap();
    assert_eq!(work.properties.display_name(), Some("Work from before"));
    // The look-up hashes are the same: the event is known by its UID, and by its content.
    let put = |title: &str| PutObject {
        at: at.clone(),
        body: EVENT.replace("Kept", title).into_bytes(),
        precondition: freehold::base::Precondition::None,
    };
    let same = calendars.put_object(&alice, put("Kept")).await.unwrap();
    assert_eq!(same.outcome, Outcome::Unchanged);
    let other = calendars.put_object(&alice, put("New")).await.unwrap();
    assert_eq!(other.outcome, Outcome::Replaced);

    // What is written from now on is sealed for the person.
    keys.destroy(Owner::principal(alice.principal))
        .await
        .unwrap();
    calendars.object(&alice, &at).await.unwrap_err();
    calendars.calendar(&alice, &at.calendar).await.unwrap();
}

#[tokio::test]
async fn a_move_that_broke_off_goes_on_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    let read = |at: freehold::store::Snapshot, ()| async move {
        let sql = "SELECT id, wrapped FROM data_key ORDER BY id";
        at.fixed(sql, vec![], |row| Ok((row.text(0)?, row.bytes(1)?)))
            .await
    };
    let before: Vec<(String, Vec<u8>)> = store.read((), read).await.unwrap();
    let keys = backend::keys(&store, folder.path()).await;
    keys.close().await;
    // As if the service had ended between the two commits: the keys are in both places.
    for (id, wrapped) in before {
        let digits = freehold::crypto::hex(&wrapped);
        let (purpose, _) = id.split_once('-').unwrap();
        let row = serde_json::json!({
            "id": id, "purpose": purpose, "kek_id": "kek-91274e5c53933d02",
            "wrapped": { "hex": digits }, "created_at": 1_795_776_241_406_577_i64,
        });
        insert(&store, "data_key", &row).await;
    }
    let keys = backend::keys(&store, folder.path()).await;
    assert_eq!(old_keys(&store).await, 0);
    let alice = person(&store, &keys, "alice", Scope::Caldav).await;
    let calendars = Calendars::new(store, keys, CalendarLimits::default());
    let found = calendars
        .object(&alice, &object("before.ics"))
        .await
        .unwrap();
    assert_eq!(found.body, EVENT.as_bytes());
}

#[tokio::test]
async fn its_keys_stay_where_they_are_when_the_key_file_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    let other = Kek::from_file(&folder.path().join("other.key"), true).unwrap();
    let said = KeyRing::open(&store, other)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(said.contains("kek-91274e5c53933d02"), "{said}");
    assert_eq!(old_keys(&store).await, 2);
    let keys = backend::keys(&store, folder.path()).await;
    person(&store, &keys, "alice", Scope::Caldav).await;
}
