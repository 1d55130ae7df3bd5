//! What time does to keys: their time in memory, their use, their age.

use freehold::crypto::KeyLimits;
use freehold::store::key_ring::{KeyCondition, Upkeep};
use jiff::SignedDuration;

use super::*;
use crate::support::app::TestApp;

const HOUR: i64 = 3600;
const PLACE: RowBinding<'static> = RowBinding {
    table: "t",
    column: "c",
    row: b"1",
};

/// The name of the key in a sealed value.
fn sealed_by(sealed: &[u8]) -> String {
    let length = usize::from(sealed[1]);
    String::from_utf8(sealed[2..2 + length].to_vec()).unwrap()
}

fn limits(seals_max: u64) -> Upkeep {
    Upkeep {
        keys: KeyLimits {
            seals_max,
            ..KeyLimits::default()
        },
        ..Upkeep::default()
    }
}

#[tokio::test]
async fn without_the_key_encryption_key_a_service_works_until_the_time_is_over_and_then_not() {
    let house = House::new().await;
    house.put("1", &meeting("1", "A")).await;
    let keys = &house.test.keys;
    let (file, away) = ["keys/kek.key", "keys/away"]
        .map(|name| house.test.folder.path().join(name))
        .into();
    std::fs::rename(&file, &away).unwrap();
    let upkeep = Upkeep::default();

    // It is not asked in the first half of the time.
    house.test.clock.advance(11 * HOUR);
    keys.tend(&upkeep).await;
    assert_eq!(keys.condition(), KeyCondition::Sound);
    house.test.clock.advance(2 * HOUR);
    keys.tend(&upkeep).await;
    let KeyCondition::Failing { why, .. } = keys.condition() else {
        panic!("{:?}", keys.condition());
    };
    assert!(why.contains("kek.key"), "{why}");
    house.put("2", &meeting("2", "B")).await;

    house.test.clock.advance(11 * HOUR);
    keys.tend(&upkeep).await;
    assert!(matches!(keys.condition(), KeyCondition::Locked { .. }));
    let refused = house.calendars.object(&house.alice, &object("1")).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
    let refused = house.try_put("3", &meeting("3", "C")).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
    let refused = keys.ensure(Owner::Principal([9; 16])).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable);

    // Still away: still nothing.
    house.test.clock.advance(HOUR);
    keys.tend(&upkeep).await;
    assert!(matches!(keys.condition(), KeyCondition::Locked { .. }));
    std::fs::rename(&away, &file).unwrap();
    keys.tend(&upkeep).await;
    assert_eq!(keys.condition(), KeyCondition::Sound);
    for name in ["1", "2"] {
        house
            .calendars
            .object(&house.alice, &object(name))
            .await
            .unwrap();
    }
    house.put("3", &meeting("3", "C")).await;
}

#[tokio::test]
async fn a_key_encryption_key_that_answers_again_in_time_is_not_noticed() {
    let house = House::new().await;
    let keys = &house.test.keys;
    for _day in 0..3 {
        house.test.clock.advance(13 * HOUR);
        keys.tend(&Upkeep::default()).await;
        assert_eq!(keys.condition(), KeyCondition::Sound);
    }
    // A clock that was set back is no reason to wait.
    house.test.clock.advance(-200 * HOUR);
    keys.tend(&Upkeep::default()).await;
    assert_eq!(keys.condition(), KeyCondition::Sound);
    house.put("1", &meeting("1", "A")).await;
}

#[tokio::test]
async fn without_keys_every_request_is_503_with_advice_and_readiness_says_why() {
    let mut data = std::path::PathBuf::new();
    let app = TestApp::with(|settings| data.clone_from(&settings.store.data)).await;
    let alice = app.person("alice").await;
    let (file, away) = (data.join("keys/kek.key"), data.join("keys/away"));
    std::fs::rename(&file, &away).unwrap();
    let over = Upkeep {
        ttl: SignedDuration::ZERO,
        ..Upkeep::default()
    };
    app.rooms.keys.tend(&over).await;
    for (method, path) in [
        ("PROPFIND", "/dav/calendars/alice/"),
        ("GET", "/api/v1/items"),
        ("GET", "/"),
    ] {
        let answer = app.request(method, path).basic(&alice).send().await;
        assert_eq!(answer.status, 503, "{method} {path}");
        assert_eq!(answer.header("retry-after"), "60");
        assert!(answer.text().contains("try again"), "{}", answer.text());
        assert!(!answer.text().contains("kek"), "{}", answer.text());
    }
    let ready = app.request("GET", "/readyz?verbose").send().await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("keys: failed"), "{}", ready.text());
    assert!(ready.text().contains("kek.key"), "{}", ready.text());
    assert_eq!(app.request("GET", "/healthz").send().await.status, 200);

    std::fs::rename(&away, &file).unwrap();
    app.rooms.keys.tend(&over).await;
    let answer = app
        .request("PROPFIND", "/dav/calendars/alice/")
        .header("depth", "0")
        .basic(&alice);
    assert_eq!(answer.send().await.status, 207);
    assert_eq!(app.request("GET", "/readyz").send().await.status, 200);
}

#[tokio::test]
async fn a_key_that_has_sealed_enough_is_replaced_and_still_opens() {
    let test = TestStore::new().await;
    let keys = &test.keys;
    let owner = Owner::Principal([1; 16]);
    keys.ensure(owner).await.unwrap();
    let seal = || async { keys.seal(owner, &PLACE, b"x").await.unwrap() };
    let first = seal().await;
    keys.tend(&limits(3)).await;
    let second = seal().await;
    assert_eq!(sealed_by(&first), sealed_by(&second));
    // What was counted before a restart counts after it.
    keys.write_counts().await.unwrap();
    let again = ring_again(&test).await.unwrap();
    again.seal(owner, &PLACE, b"x").await.unwrap();
    again.tend(&limits(3)).await;
    let third = again.seal(owner, &PLACE, b"x").await.unwrap();
    assert_ne!(sealed_by(&first), sealed_by(&third));
    for sealed in [first, second, third] {
        again.open_sealed(&PLACE, &sealed).await.unwrap();
    }
    again.tend(&limits(3)).await;
    let fourth = again.seal(owner, &PLACE, b"x").await.unwrap();
    assert_eq!(
        again.vault().newest().len(),
        2,
        "the organisation's was not touched"
    );
    let same = again.seal(owner, &PLACE, b"x").await.unwrap();
    assert_eq!(sealed_by(&fourth), sealed_by(&same));
}

#[tokio::test]
async fn a_key_is_replaced_after_a_year() {
    let test = TestStore::new().await;
    let keys = &test.keys;
    let seal = || async { keys.seal(Owner::Organisation, &PLACE, b"x").await.unwrap() };
    let first = seal().await;
    test.clock.advance(364 * 24 * HOUR);
    keys.tend(&Upkeep::default()).await;
    assert_eq!(sealed_by(&first), sealed_by(&seal().await));
    test.clock.advance(24 * HOUR);
    keys.tend(&Upkeep::default()).await;
    assert_ne!(sealed_by(&first), sealed_by(&seal().await));
    keys.open_sealed(&PLACE, &first).await.unwrap();
}

#[tokio::test]
async fn what_one_process_replaces_or_destroys_the_other_sees_within_a_minute() {
    if !on_postgres() {
        return;
    }
    let test = TestStore::new().await;
    let (one, other) = (&test.keys, ring_again(&test).await.unwrap());
    let owner = Owner::Principal([1; 16]);
    one.ensure(owner).await.unwrap();
    let first = other.seal(owner, &PLACE, b"x").await.unwrap();
    one.seal(owner, &PLACE, b"x").await.unwrap();
    one.tend(&limits(1)).await;
    other.tend(&Upkeep::default()).await;
    let newest = one.seal(owner, &PLACE, b"x").await.unwrap();
    let same = other.seal(owner, &PLACE, b"x").await.unwrap();
    assert_eq!(sealed_by(&newest), sealed_by(&same));
    assert_ne!(sealed_by(&first), sealed_by(&same));

    one.destroy(owner).await.unwrap();
    other.tend(&Upkeep::default()).await;
    other.open_sealed(&PLACE, &first).await.unwrap_err();
    other.seal(owner, &PLACE, b"x").await.unwrap_err();
}
