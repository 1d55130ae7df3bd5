//! The chain's arithmetic, tested with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::chain::GENESIS;
use super::*;
use crate::crypto::Owner;

fn entry() -> Entry {
    Entry {
        seq: 7,
        at: "2026-11-25T10:00:00Z".parse().unwrap(),
        action: "calendar.object.put".to_owned(),
        actor: "principal:a".to_owned(),
        subject: "calendar:b".to_owned(),
        detail: "{}".to_owned(),
        commitments: vec![],
        hash: vec![],
    }
}

#[test]
fn every_field_and_the_entry_before_are_in_the_hash() {
    let base = entry().digest(&GENESIS);
    let one_moved = |bend: fn(&mut Entry)| {
        let mut bent = entry();
        bend(&mut bent);
        bent.digest(&GENESIS)
    };
    assert_ne!(base, one_moved(|e| e.seq = 8));
    assert_ne!(
        base,
        one_moved(|e| e.at = "2026-11-25T10:00:01Z".parse().unwrap())
    );
    assert_ne!(base, one_moved(|e| e.action.push('x')));
    assert_ne!(base, one_moved(|e| e.actor.push('x')));
    assert_ne!(base, one_moved(|e| e.subject.push('x')));
    assert_ne!(base, one_moved(|e| e.detail.push('x')));
    assert_ne!(base, entry().digest(&[1; 32]));
    let commitment = Commitment {
        owner: Owner::Organisation,
        hash: [9; 32],
    };
    let mut with = entry();
    with.commitments.push(commitment);
    assert_ne!(base, with.digest(&GENESIS));
    // Lengths keep the border between two fields where it is.
    let shifted = one_moved(|e| {
        e.actor = "principal:acal".to_owned();
        e.subject = "endar:b".to_owned();
    });
    assert_ne!(base, shifted);
}
