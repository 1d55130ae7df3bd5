//! The key-encryption key in Key Vault: it wraps the root key of the key ring and unwraps it at each
//! start, and that is all that is asked of it.

use std::sync::Arc;

use freehold::base::ManualClock;
use freehold::crypto::{Kek, KekError, Owner, RowBinding};
use freehold::store::key_ring::{KeyCondition, KeyRing, KeyRingError, Upkeep};

use crate::support::azure::Cloud;
use crate::support::dav::{Dav, event};
use crate::support::served::Place;
use crate::support::{backend, on_postgres};

/// A cloud with the key `freehold`, and that key's version.
fn cloud() -> (Cloud, String) {
    let cloud = Cloud::start();
    let version = cloud.change(|script| script.vault.rotate("freehold"));
    (cloud, version)
}

fn kek(cloud: &Cloud, name: &str) -> Kek {
    let key = format!("{}/keys/{name}", cloud.url);
    Kek::key_vault(cloud.azure(cloud.machine()), key.parse().unwrap())
}

/// A place whose key-encryption key is in the cloud's vault.
fn place(cloud: &Cloud) -> Place {
    let mut place = Place::new();
    for (name, value) in [
        ("FREEHOLD__VAULT__KEK", "azure-key-vault".to_owned()),
        (
            "FREEHOLD__VAULT__KEY_VAULT_KEY",
            format!("{}/keys/freehold", cloud.url),
        ),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.url.clone()),
    ] {
        place.environment.push((name.to_owned(), value));
    }
    place
}

/// What a start that does not succeed says.
fn refusal(place: &Place) -> String {
    let arguments = ["serve", "--evaluation", "--listen", "127.0.0.1:0"];
    let output = place.command(&arguments).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

const AT: RowBinding<'static> = RowBinding {
    table: "test",
    column: "test",
    row: b"1",
};

#[tokio::test]
async fn a_ring_opens_with_the_version_that_wrapped_it_after_the_key_was_rotated() {
    let (cloud, first) = cloud();
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
    let store = backend::open(folder.path(), clock).await;
    let ring = KeyRing::open(&store, kek(&cloud, "freehold"))
        .await
        .unwrap();
    let sealed = ring.seal(Owner::Organisation, &AT, b"plain").await.unwrap();
    ring.close().await;
    cloud.change(|script| script.vault.rotate("freehold"));
    let ring = KeyRing::open(&store, kek(&cloud, "freehold"))
        .await
        .unwrap();
    assert_eq!(
        ring.open_sealed(&AT, &sealed).await.unwrap().as_slice(),
        b"plain"
    );
    assert_eq!(
        cloud.asked(&format!("/keys/freehold/{first}/unwrapkey")),
        3,
        "when it was made; the challenge and the answer when it was opened again"
    );
    ring.close().await;
    // Another key of the same vault may be configured meanwhile: what wrapped is asked.
    KeyRing::open(&store, kek(&cloud, "other"))
        .await
        .unwrap()
        .close()
        .await;
    // Another vault is not asked, whatever the ring says.
    let other = Cloud::start();
    let error = KeyRing::open(&store, kek(&other, "freehold"))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, KeyRingError::Kek(KekError::Elsewhere { .. })),
        "{error}"
    );
    assert_eq!(other.asked(""), 0);
    // The version is gone: nothing opens, and it is said what to do.
    cloud.change(|script| script.vault.purge("freehold", &first));
    let error = KeyRing::open(&store, kek(&cloud, "freehold"))
        .await
        .err()
        .unwrap();
    let KeyRingError::Kek(KekError::KeyVault(error)) = error else {
        panic!("{error}");
    };
    assert!(
        error.to_string().contains("az keyvault key recover"),
        "{error}"
    );
}

#[tokio::test]
async fn while_the_vault_is_away_keys_stay_in_memory_for_their_time_and_come_back_with_it() {
    let (cloud, _) = cloud();
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
    let store = backend::open(folder.path(), clock.clone()).await;
    let ring = KeyRing::open(&store, kek(&cloud, "freehold"))
        .await
        .unwrap();
    let sealed = ring.seal(Owner::Organisation, &AT, b"plain").await.unwrap();
    cloud.change(|script| script.vault.away = true);
    clock.advance(13 * 3600);
    ring.tend(&Upkeep::default()).await;
    let KeyCondition::Failing { why, .. } = ring.condition() else {
        panic!("{:?}", ring.condition());
    };
    assert!(why.contains("(503)"), "{why}");
    ring.open_sealed(&AT, &sealed).await.unwrap();
    clock.advance(11 * 3600);
    ring.tend(&Upkeep::default()).await;
    assert!(matches!(ring.condition(), KeyCondition::Locked { .. }));
    ring.open_sealed(&AT, &sealed).await.unwrap_err();
    cloud.change(|script| script.vault.away = false);
    ring.tend(&Upkeep::default()).await;
    assert_eq!(ring.condition(), KeyCondition::Sound);
    ring.open_sealed(&AT, &sealed).await.unwrap();
}

/// Runs a command that has to succeed; gives what it wrote.
fn succeeds(place: &Place, arguments: &[&str]) -> String {
    let (good, said, errors) = super::run(place, arguments);
    assert!(good, "{arguments:?}: {said}{errors}");
    said + &errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_rotated_under_load_and_no_request_fails() {
    let (cloud, first) = cloud();
    let place = Arc::new(place(&cloud));
    let served = place.serve();
    let token = place.token("alice", "caldav");
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    let (rotating, of) = (Arc::clone(&place), cloud.clone());
    let rotated = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            let version = of.change(|script| script.vault.rotate("freehold"));
            // A node that starts now needs the older version, and gets it.
            if on_postgres() {
                rotating.serve().terminate();
            }
            let said = succeeds(&rotating, &["keys", "rewrap"]);
            assert!(said.contains(&version), "{version}: {said}");
        }
        succeeds(&rotating, &["keys", "rotate"]);
    });
    let mut puts = 0;
    while !rotated.is_finished() || puts < 50 {
        let uid = puts.to_string();
        let body = event(&uid, "20270101T090000Z", "Standing");
        let status = dav.put(&format!("work/{uid}.ics"), body).await.unwrap();
        assert_eq!(status, 201, "{uid}");
        puts += 1;
    }
    rotated.await.unwrap();
    served.terminate();
    // Nothing needs the older version any more.
    cloud.change(|script| script.vault.purge("freehold", &first));
    let again = place.serve();
    let all = Dav::new(&again.url, "alice", &token)
        .sync("work/", "")
        .await;
    assert_eq!(all.changed.len(), puts);
}

#[tokio::test]
async fn a_key_file_is_replaced_by_a_key_in_key_vault_without_a_loss() {
    let (cloud, version) = cloud();
    let (mut with_file, in_vault) = (place(&cloud), place(&cloud));
    with_file
        .environment
        .retain(|(name, _)| !name.contains("__VAULT__"));
    let served = with_file.serve();
    let token = with_file.token("alice", "caldav");
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    let body = event("1", "20270101T090000Z", "Standing");
    assert_eq!(dav.put("work/1.ics", body).await.unwrap(), 201);
    let key = format!("{}/keys/freehold", cloud.url);
    let said = succeeds(&with_file, &["keys", "rewrap", "--to", &key]);
    assert!(said.contains("kek-") && said.contains(&version), "{said}");
    assert!(
        said.contains(&format!("vault.key_vault_key = \"{key}\"")),
        "{said}"
    );
    served.terminate();
    with_file.environment.extend(
        in_vault
            .environment
            .into_iter()
            .filter(|(name, _)| name.contains("__VAULT__")),
    );
    let served = with_file.serve();
    let said = succeeds(&with_file, &["keys", "rewrap"]);
    assert!(!said.contains("kek-") && said.contains(&version), "{said}");
    std::fs::remove_file(with_file.data.join("keys/kek.key")).unwrap();
    served.terminate();
    let served = with_file.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    let got = dav.send("GET", "work/1.ics", &[], "").await.unwrap();
    assert_eq!(got.status().as_u16(), 200);
    let (good, _, errors) = super::run(&with_file, &["keys", "rewrap", "--to", "keyvault:x"]);
    assert!(!good && errors.contains("secret identifier"), "{errors}");
}

#[tokio::test]
async fn while_the_vault_is_away_a_running_node_serves_and_a_new_one_refuses_to_start() {
    let (cloud, _) = cloud();
    let place = place(&cloud);
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &place.token("alice", "caldav"));
    dav.make_calendar("work").await;
    cloud.change(|script| script.vault.away = true);
    let body = event("1", "20270101T090000Z", "Standing");
    assert_eq!(dav.put("work/1.ics", body).await.unwrap(), 201);
    served.terminate();
    let told = refusal(&place);
    for part in [
        "without Key Vault",
        "asks to come back later (503)",
        "tries the key",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    cloud.change(|script| {
        script.vault.away = false;
        script.vault.forbidden.insert("unwrapkey");
    });
    let told = refusal(&place);
    assert!(
        told.contains("403 ForbiddenByRbac") && told.contains("az role assignment create"),
        "{told}"
    );
    cloud.change(|script| script.vault.forbidden.clear());
    let mut served = place.serve();
    served.wait_for(|line| line.contains("http://").then_some(()));
}

#[test]
fn a_new_place_makes_nothing_while_the_vault_is_away() {
    let (cloud, _) = cloud();
    let place = place(&cloud);
    cloud.change(|script| script.vault.away = true);
    assert!(refusal(&place).contains("without Key Vault"));
    assert!(
        !place.data.join("keys/kek.key").exists(),
        "no key file is made in its place"
    );
    cloud.change(|script| script.vault.away = false);
    place.serve().terminate();
    assert_eq!(
        cloud.asked("/unwrapkey"),
        1,
        "what was wrapped is tried at once"
    );
}
