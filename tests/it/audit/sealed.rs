//! What is sealed beside the entries: bound to them, readable as long as its key is there, and no
//! part of the chain when it is gone.

use std::sync::Arc;

use freehold::audit::{self, Asked, PartKind, Revealed};
use freehold::crypto::Owner;
use serde_json::json;

use super::{Records, whole};

fn all() -> Asked {
    Asked {
        limit: 100,
        ..Asked::default()
    }
}

/// What the parts of the newest entry say.
async fn newest(records: &Records) -> Vec<Revealed> {
    let page = records.audit.page(all()).await.unwrap();
    let newest = page.entries.into_iter().next().unwrap();
    newest
        .parts
        .into_iter()
        .map(|(_, revealed)| revealed)
        .collect()
}

#[tokio::test]
async fn what_is_personal_is_sealed_and_an_auditor_reads_it() {
    let records = Records::new().await;
    let anna = records.person().await;
    let person = json!({ "name": "Anna Ångström" });
    let changes = json!({ "name": { "from": "Laptop", "to": "Laptop 2" } });
    let sealed = [
        (anna, PartKind::Person, person.clone()),
        (Owner::Organisation, PartKind::Changes, changes.clone()),
    ];
    records.record("thing:1", &sealed).await;
    let expected = [Revealed::Content(person), Revealed::Content(changes)];
    assert_eq!(newest(&records).await, expected);
    assert_eq!(records.verify(None).await, whole(1));
    let rows = records.test.store.read((), |at, ()| async move {
        at.fixed("SELECT sealed FROM audit_part", vec![], |row| row.bytes(0))
            .await
    });
    for bytes in rows.await.unwrap() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("Anna") && !text.contains("Laptop"));
    }
}

#[tokio::test]
async fn after_a_person_is_erased_nobody_reads_it_and_the_chain_is_whole() {
    let records = Records::new().await;
    let (anna, bert) = (records.person().await, records.person().await);
    let of = |owner, name| (owner, PartKind::Person, json!({ "name": name }));
    records
        .record("thing:1", &[of(anna, "Anna"), of(bert, "Bert")])
        .await;
    records.record("thing:2", &[of(anna, "Anna")]).await;

    records.keys.destroy(anna).await.unwrap();
    assert_eq!(newest(&records).await, [Revealed::Erased]);
    assert_eq!(records.verify(None).await, whole(2));

    let forgotten = records
        .test
        .store
        .write(anna, |tx, anna: Arc<Owner>| async move {
            audit::forget(&tx, *anna).await
        });
    assert_eq!(forgotten.await.unwrap(), 2);
    assert_eq!(records.verify(None).await, whole(2));
    let page = records.audit.page(all()).await.unwrap();
    let first = &page.entries.last().unwrap().parts;
    let bert = (
        Some(PartKind::Person),
        Revealed::Content(json!({ "name": "Bert" })),
    );
    assert!(first.contains(&bert) && first.len() == 2, "{first:?}");
}

#[tokio::test]
async fn a_part_that_is_missing_while_its_key_is_there_breaks_the_chain() {
    let records = Records::new().await;
    let anna = records.person().await;
    records.plain(2).await;
    let sealed = [(anna, PartKind::Person, json!({ "name": "Anna" }))];
    records.record("thing:3", &sealed).await;
    records.sabotage("DELETE FROM audit_part").await;
    let (seq, why) = records.broken().await;
    assert!(seq == 3 && why.contains("missing"), "{seq} {why}");
}

#[tokio::test]
async fn a_part_that_was_changed_moved_or_added_breaks_the_chain() {
    for sabotage in [
        "UPDATE audit_part SET salt = sealed WHERE seq = 2",
        "UPDATE audit_part SET seq = 1 WHERE seq = 2",
        "UPDATE audit_part SET seq = 9 WHERE seq = 2",
        "UPDATE audit_entry SET commitments = NULL WHERE seq = 2",
    ] {
        let records = Records::new().await;
        let anna = records.person().await;
        records.plain(1).await;
        let sealed = [(anna, PartKind::Person, json!({ "name": "Anna" }))];
        records.record("thing:2", &sealed).await;
        records.plain(1).await;
        records.sabotage(sabotage).await;
        let (seq, why) = records.broken().await;
        assert!(seq <= 2 || seq == 9, "{sabotage}: {seq} {why}");
    }
}

#[tokio::test]
async fn what_a_person_has_without_a_key_is_not_written() {
    let records = Records::new().await;
    let nobody = Owner::Principal([7; 16]);
    let now = "2026-11-27T10:00:00Z".parse().unwrap();
    let content = json!({ "name": "Nobody" });
    let refused = audit::Part::seal(&records.keys, (nobody, PartKind::Person), &content, now).await;
    assert!(refused.unwrap_err().to_string().contains("no key"));
}

#[tokio::test]
async fn without_keys_nobody_can_tell_whether_the_chain_is_whole() {
    let records = Records::new().await;
    records.plain(3).await;
    records.audit.sign().await.unwrap();
    records.keys.vault().lock("a test");
    let refused = records.audit.verify(None, |_| {}).await.unwrap_err();
    assert!(
        refused.to_string().contains("without its keys"),
        "{refused}"
    );
    records.plain(1).await;
    let refused = records.audit.sign().await.unwrap_err();
    assert!(
        refused.to_string().contains("without its keys"),
        "{refused}"
    );
}
