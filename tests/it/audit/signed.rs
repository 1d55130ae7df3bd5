//! Signed heads: they catch whoever writes the chain anew, and stand for what was taken away.

use freehold::audit::{Cut, SignedHead, Verdict};

use super::{Records, whole};

#[tokio::test]
async fn the_head_is_signed_once_for_each_state_of_the_chain() {
    let records = Records::new().await;
    assert_eq!(records.audit.sign().await.unwrap(), None);
    records.plain(3).await;
    let first = records.audit.sign().await.unwrap().unwrap();
    assert_eq!(
        (first.seq, first.hash.len(), first.signature.len()),
        (3, 32, 64)
    );
    assert_eq!(records.audit.sign().await.unwrap(), Some(first.clone()));
    records.plain(1).await;
    assert_eq!(records.audit.sign().await.unwrap().unwrap().seq, 4);
    assert_eq!(records.verify(Some(&first)).await, whole(4));
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<SignedHead>(&text).unwrap(), first);
}

#[tokio::test]
async fn a_head_that_somebody_else_signed_is_found() {
    let records = Records::new().await;
    records.plain(3).await;
    let head = records.audit.sign().await.unwrap().unwrap();
    records.plain(2).await;
    let flipped = SignedHead {
        signature: head.signature.iter().rev().copied().collect(),
        ..head.clone()
    };
    let elsewhere = Records::new().await;
    elsewhere.plain(3).await;
    let foreign = elsewhere.audit.sign().await.unwrap().unwrap();
    let later = SignedHead { seq: 9, ..head };
    for wrong in [flipped, foreign, later] {
        let verdict = records.verify(Some(&wrong)).await;
        assert!(matches!(verdict, Verdict::Broken { .. }), "{wrong:?}");
    }
    records
        .sabotage("UPDATE audit_checkpoint SET key_id = 'sign-0'")
        .await;
    let (seq, why) = records.broken().await;
    assert!(seq == 3 && why.contains("signature"), "{seq} {why}");
}

#[tokio::test]
async fn a_chain_that_was_written_anew_does_not_go_through_the_head_that_was_kept() {
    let records = Records::new().await;
    records.plain(3).await;
    let kept = records.audit.sign().await.unwrap().unwrap();
    // Somebody with all keys throws the chain away and writes another that is whole.
    for sql in [
        "DELETE FROM audit_entry",
        "DELETE FROM audit_head",
        "DELETE FROM audit_checkpoint",
    ] {
        records.sabotage(sql).await;
    }
    records.test.clock.advance(1);
    records.plain(4).await;
    assert_eq!(records.verify(None).await, whole(4));
    let Verdict::Broken { seq, why } = records.verify(Some(&kept)).await else {
        panic!("nobody noticed");
    };
    assert!(seq == 3 && why.contains("anew"), "{seq} {why}");
}

#[tokio::test]
async fn old_entries_go_up_to_a_signed_head_which_stands_for_them() {
    let records = Records::new().await;
    let day = 24 * 3600;
    records.plain(3).await;
    records.audit.sign().await.unwrap();
    records.test.clock.advance(10 * day);
    records.plain(2).await;
    let cut_off = "2026-12-01T00:00:00Z".parse().unwrap();
    let cut = records.audit.cut(cut_off, |_| {}).await.unwrap();
    let expected = Cut {
        up_to: 3,
        entries: 3,
    };
    assert_eq!(cut, Some(expected));
    // Entries 4 and 5, and the one that tells of it.
    assert_eq!(records.verify(None).await, whole(6));
    assert_eq!(records.audit.cut(cut_off, |_| {}).await.unwrap(), None);
    records.plain(1).await;
    assert_eq!(records.verify(None).await, whole(7));

    records
        .sabotage("UPDATE audit_checkpoint SET hash = signature")
        .await;
    assert_eq!(records.broken().await.0, 3);
}

#[tokio::test]
async fn nothing_goes_that_no_signed_head_stands_for() {
    let records = Records::new().await;
    records.plain(3).await;
    let late = "2030-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(records.audit.cut(late, |_| {}).await.unwrap(), None);
    assert_eq!(records.verify(None).await, whole(3));
}

#[tokio::test]
async fn a_beginning_that_somebody_else_took_away_is_found() {
    let records = Records::new().await;
    records.plain(3).await;
    records.audit.sign().await.unwrap();
    records.plain(2).await;
    for sql in [
        "DELETE FROM audit_entry WHERE seq <= 3",
        "UPDATE audit_checkpoint SET cut = 1 WHERE seq = 3",
    ] {
        records.sabotage(sql).await;
    }
    let (seq, why) = records.broken().await;
    assert!(seq == 3 && why.contains("no entry tells"), "{seq} {why}");
}
