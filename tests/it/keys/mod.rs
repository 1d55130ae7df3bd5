//! The key ring: per-principal keys, apart from the data that they seal.

mod earlier;
mod memory;
mod operating;
mod recovery;
mod upkeep;

use std::sync::Arc;

use freehold::base::Kind;
use freehold::calendar::{CalendarError, CalendarLimits, Calendars, PutObject};
use freehold::crypto::{Kek, Owner, RowBinding};
use freehold::identity::{Actor, Identity, Roles, Scope, SessionLimits, principals};
use freehold::store::key_ring::{KeyRing, KeyRingError};
use freehold::store::{Store, StoreError, Tx};

use crate::calendar::{House, meeting, new, object, person};
use crate::support::{TestStore, backend, on_postgres, postgres_database};

/// The private and the public half of a recovery key, as PEM.
pub(crate) fn recovery_pair() -> (String, String) {
    recovery::pair(aws_lc_rs::rsa::KeySize::Rsa3072)
}

/// Runs a statement in the database.
async fn change(store: &Store, sql: &'static str) {
    let run = |tx: Tx, sql: Arc<&'static str>| async move { tx.fixed_execute(&sql, vec![]).await };
    store
        .write::<_, _, StoreError, _, _>(sql, run)
        .await
        .unwrap();
}

/// Runs a statement in the key ring, behind the back of the program.
async fn change_ring(test: &TestStore, sqlite: &str, postgres: &'static str) {
    if on_postgres() {
        return change(&test.store, postgres).await;
    }
    let file = test.folder.path().join("keys/ring.db");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(sqlite)
        .unwrap();
}

async fn ring_again(test: &TestStore) -> Result<KeyRing, KeyRingError> {
    let kek = Kek::from_file(&test.folder.path().join("keys/kek.key"), false).unwrap();
    KeyRing::open(&test.store, kek).await
}

#[tokio::test]
async fn a_key_that_another_process_made_is_found() {
    if !on_postgres() {
        return;
    }
    let house = House::new().await;
    let options = postgres_database();
    let folder = house.test.folder.path();
    let mut processes = Vec::new();
    for _process in 0..2 {
        let store = Store::open_postgres(&options, house.test.store.clock())
            .await
            .unwrap();
        let keys = backend::keys(&store, folder).await;
        let limits = CalendarLimits::default();
        let calendars = Calendars::new(store.clone(), keys.clone(), limits);
        processes.push((store, keys, calendars));
    }
    let [(store, keys, here), (_, _, there)] = processes.try_into().ok().unwrap();
    // Both are open before there is anybody.
    let alice = person(&store, &keys, "alice", Scope::Caldav).await;
    there.create_calendar(&alice, new("work")).await.unwrap();
    let put = |name: &str| PutObject {
        at: object(name),
        body: meeting(name, "A").into_bytes(),
        precondition: freehold::base::Precondition::None,
    };
    here.put_object(&alice, put("1")).await.unwrap();
    there.put_object(&alice, put("2")).await.unwrap();
    for (calendars, name) in [(&here, "2"), (&there, "1")] {
        let found = calendars.object(&alice, &object(name)).await.unwrap();
        assert_eq!(found.body, meeting(name, "A").into_bytes());
    }
    // A process that starts later opens bodies without having sealed any.
    let late = Store::open_postgres(&options, house.test.store.clock())
        .await
        .unwrap();
    let keys = backend::keys(&late, folder).await;
    let late = Calendars::new(late, keys, CalendarLimits::default());
    late.object(&alice, &object("1")).await.unwrap();
}

#[tokio::test]
async fn nobody_is_made_without_a_durable_key() {
    let test = TestStore::new().await;
    let identity = Identity::new(
        test.store.clone(),
        test.keys.clone(),
        SessionLimits::default(),
    );
    let create = |handle: &str| {
        let (by, handle) = (Actor::operator(), handle.parse().unwrap());
        let identity = identity.clone();
        async move { principals::create(&identity, &by, handle, Roles::default()).await }
    };
    let ann = create("ann").await.unwrap();
    // Whoever opens the ring now, as after a crash, finds the key.
    let again = ring_again(&test).await.unwrap();
    assert!(again.vault().can_seal(&Owner::principal(ann.id)));
    again.close().await;

    let gone = ["DROP TABLE data_key", "DROP TABLE freehold_keys.data_key"];
    change_ring(&test, gone[0], gone[1]).await;
    create("ben").await.unwrap_err();
    let issuer = "https://login.example.org";
    let made = principals::find_or_create(&identity, issuer, "cleo", Roles::default()).await;
    made.unwrap_err();
    let count = test.store.read((), |at, ()| async move {
        let sql = "SELECT COUNT(*) FROM principal";
        at.fixed_one(sql, vec![], |row| row.i64(0)).await
    });
    assert_eq!(count.await.unwrap(), Some(1));
}

#[tokio::test]
async fn without_its_key_a_persons_bodies_are_unreadable_and_others_are_not() {
    let house = House::new().await;
    let body = meeting("1", "A");
    house.put("1", &body).await;
    let place = RowBinding {
        table: "t",
        column: "c",
        row: b"1",
    };
    let keys = &house.test.keys;
    let bob = Owner::principal(house.bob.principal);
    let of_bob = keys.seal(bob, &place, b"of bob").await.unwrap();

    let alice = Owner::principal(house.alice.principal);
    keys.destroy(alice).await.unwrap();
    let again = ring_again(&house.test).await.unwrap();
    for keys in [keys.clone(), again] {
        let limits = CalendarLimits::default();
        let calendars = Calendars::new(house.test.store.clone(), keys.clone(), limits);
        let refused = calendars
            .object(&house.alice, &object("1"))
            .await
            .unwrap_err();
        assert!(matches!(refused, CalendarError::Sealed { .. }), "{refused}");
        let put = PutObject {
            at: object("2"),
            body: meeting("2", "A").into_bytes(),
            precondition: freehold::base::Precondition::None,
        };
        let refused = calendars.put_object(&house.alice, put).await.unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("no key of the principal"), "{said}");
        assert_eq!(refused.kind(), Kind::Internal);
        let opened = keys.open_sealed(&place, &of_bob).await.unwrap();
        assert_eq!(opened.as_slice(), b"of bob");
    }
}

#[tokio::test]
async fn a_destroyed_key_is_in_no_file() {
    if on_postgres() {
        return;
    }
    let house = House::new().await;
    let folder = house.test.folder.path().join("keys");
    let alice = Owner::principal(house.alice.principal);
    let wrapped: Vec<u8> = rusqlite::Connection::open(folder.join("ring.db"))
        .unwrap()
        .query_row(
            "SELECT wrapped FROM data_key WHERE owner = ?1",
            [alice.to_text()],
            |row| row.get(0),
        )
        .unwrap();
    let holds = || {
        let files = std::fs::read_dir(&folder).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(wrapped.len()).any(|part| part == wrapped))
    };
    assert!(holds());
    house.test.keys.destroy(alice).await.unwrap();
    assert!(!holds());
}

#[tokio::test]
async fn a_body_moved_to_another_row_does_not_open() {
    let house = House::new().await;
    house.put("1", &meeting("1", "A")).await;
    house.put("2", &meeting("2", "B")).await;
    let copy = "UPDATE calendar_object SET body = \
                (SELECT o.body FROM calendar_object o WHERE o.name = '2') WHERE name = '1'";
    change(&house.test.store, copy).await;
    let refused = house.calendars.object(&house.alice, &object("1")).await;
    assert!(matches!(refused, Err(CalendarError::Sealed { .. })));
    house
        .calendars
        .object(&house.alice, &object("2"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_database_without_its_ring_is_refused_and_no_new_ring_is_made() {
    let test = TestStore::new().await;
    test.keys.close().await;
    let empty = "DELETE FROM data_key; DELETE FROM root_wrap; DELETE FROM root_key;";
    change_ring(&test, empty, "DROP SCHEMA freehold_keys CASCADE").await;
    for _attempt in 0..2 {
        let refused = ring_again(&test).await.err().unwrap();
        let said = refused.to_string();
        assert!(matches!(refused, KeyRingError::Foreign { .. }), "{said}");
        assert!(
            said.contains("index-") && said.contains("latest backup"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_ring_of_another_database_is_refused() {
    let test = TestStore::new().await;
    change(
        &test.store,
        "UPDATE key_ring SET id = 'index-0123456789abcdef'",
    )
    .await;
    let said = ring_again(&test).await.err().unwrap().to_string();
    assert!(said.contains("index-0123456789abcdef"), "{said}");
    assert!(said.contains("holds index-"), "{said}");
}
