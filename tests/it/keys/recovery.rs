//! The key-encryption key is lost, and the recovery key opens what there is.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use freehold::crypto::{RecoveryError, RecoveryKey, RecoveryPrivateKey, RootId};

use super::operating::{refused, run};
use crate::support::dav::{Dav, event};
use crate::support::served::Place;

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The private and the public half, as `openssl genpkey` and `openssl pkey -pubout` write them.
pub(super) fn pair(size: KeySize) -> (String, String) {
    let key = PrivateDecryptingKey::generate(size).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let private = pem("PRIVATE KEY", private.as_ref());
    (private, pem("PUBLIC KEY", public.as_ref()))
}

#[tokio::test]
async fn a_lost_key_encryption_key_loses_nothing() {
    let mut place = Place::started();
    let token = place.token("alice", "caldav");
    let path = |name: &str| place.folder.path().join(name);
    let (private, public) = pair(KeySize::Rsa3072);
    std::fs::write(path("recovery.pub.pem"), public).unwrap();
    std::fs::write(path("recovery.pem"), private).unwrap();
    std::fs::write(path("other.pem"), pair(KeySize::Rsa3072).0).unwrap();
    let (kek, recover) = (path("keys/kek.key"), ["keys", "rewrap", "--recovery-key"]);
    let with = |name| [&recover[..], &[name]].concat();

    // Set later than the first start; a new root key is wrapped for it, too.
    let setting = path("recovery.pub.pem").display().to_string();
    place
        .environment
        .push(("FREEHOLD__VAULT__RECOVERY_KEY".to_owned(), setting));
    let served = place.serve();
    run(&place, &["keys", "rotate"]);
    let status = run(&place, &["keys", "status"]);
    assert!(
        status.contains("recovery key        yes: recovery-"),
        "{status}"
    );
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
    let body = event("1", "20270101T090000Z", "kept");
    assert_eq!(dav.put("work/1.ics", body.clone()).await.unwrap(), 201);
    served.terminate();

    std::fs::remove_file(&kek).unwrap();
    let said = refused(
        &place,
        &["serve", "--evaluation", "--listen", "127.0.0.1:0"],
    );
    assert!(said.contains("kek.key"), "{said}");
    let said = refused(&place, &with("other.pem"));
    assert!(said.contains("not wrapped for this recovery key"), "{said}");
    let said = refused(&place, &with("recovery.pub.pem"));
    assert!(said.contains("BEGIN PRIVATE KEY"), "{said}");
    run(&place, &with("recovery.pem"));

    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    let got = dav.send("GET", "work/1.ics", &[], "").await.unwrap();
    assert_eq!(got.text().await.unwrap(), body);
    served.terminate();
    let rooms = place.rooms().await;
    let count = rooms.store.read((), |at, ()| async move {
        let sql = "SELECT COUNT(*) FROM audit_entry WHERE action = 'keys.recover'";
        at.fixed_one(sql, vec![], |row| row.i64(0)).await
    });
    assert_eq!(count.await.unwrap(), Some(1));
}

#[test]
fn without_a_recovery_key_a_lost_key_encryption_key_is_lost_and_that_is_said() {
    let place = Place::started();
    std::fs::remove_file(place.folder.path().join("keys/kek.key")).unwrap();
    std::fs::write(
        place.folder.path().join("any.pem"),
        pair(KeySize::Rsa3072).0,
    )
    .unwrap();
    let said = refused(&place, &["keys", "rewrap", "--recovery-key", "any.pem"]);
    assert!(said.contains("not wrapped for any recovery key"), "{said}");
}

#[test]
fn a_recovery_key_has_3072_bits_or_more_and_unwraps_what_it_wrapped() {
    let (_, short) = pair(KeySize::Rsa2048);
    let refused = RecoveryKey::from_pem(short.as_bytes());
    assert!(matches!(refused, Err(RecoveryError::Short(2048))));
    for wrong in [
        "",
        "x",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        let refused = RecoveryKey::from_pem(wrong.as_bytes());
        assert!(matches!(refused, Err(RecoveryError::NotPublic)));
        let refused = RecoveryPrivateKey::from_pem(wrong.as_bytes());
        assert!(matches!(refused, Err(RecoveryError::NotPrivate)));
    }
    let (private, public) = pair(KeySize::Rsa3072);
    let key = RecoveryKey::from_pem(public.as_bytes()).unwrap();
    let wrapped = key.wrap(&RootId::fresh(), &[7; 32]).unwrap();
    let private = RecoveryPrivateKey::from_pem(private.as_bytes()).unwrap();
    assert_eq!(**private.unwrap(&wrapped).unwrap(), [7; 32]);
}
