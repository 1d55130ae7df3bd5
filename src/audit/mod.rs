//! The audit: who did what, append-only, hash-chained.
//!
//! Each use case appends one entry in its own transaction. Entry `n` carries
//! `SHA-256(hash of n-1 ‖ seq ‖ at ‖ action ‖ actor ‖ subject ‖ detail)` with every text preceded by
//! its length, so that a changed, added, removed or reordered entry breaks the chain from there on.
//! The head row is locked while an entry is appended: the order of entries is the order of commits.
//!
//! **Invariants.** No title, address, token or body is in an entry: ids and counts only.
//!
//! **Absent on purpose.** Personal fields and signed heads; they come with the complete audit.

mod repo;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::crypto::sha256;
use crate::store::{Store, StoreError, Tx};

/// The hash before the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// What is recorded of one use case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What was done: `room.thing.verb`, such as `calendar.object.put`.
    pub action: &'static str,
    /// Who did it: `principal:ID`, `operator` (the command line), `operator for principal:ID` (the
    /// command line in somebody's name) or `system`.
    pub actor: String,
    /// To what: `calendar:ID`, `item:ID`, …
    pub subject: String,
    /// More, as a JSON object of ids, counts and words of the product.
    pub detail: serde_json::Value,
}

/// An entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 1 without gaps.
    pub seq: i64,
    /// When, the instant of its transaction.
    pub at: Timestamp,
    /// See [`Event::action`].
    pub action: String,
    /// See [`Event::actor`].
    pub actor: String,
    /// See [`Event::subject`].
    pub subject: String,
    /// See [`Event::detail`], as stored text.
    pub detail: String,
    /// The hash that closes the chain up to here.
    pub hash: Vec<u8>,
}

impl Entry {
    fn digest(&self, before: &[u8]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(before);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.at.as_microsecond().to_be_bytes());
        for text in [&self.action, &self.actor, &self.subject, &self.detail] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        sha256(&bytes)
    }
}

/// Appends `event` to the chain, in the caller's transaction. Call it last: from here on the chain
/// is locked until the commit.
///
/// # Errors
/// What the store refuses.
pub async fn record(tx: &Tx, event: Event) -> Result<(), StoreError> {
    let head = repo::lock_head(tx).await?;
    let mut entry = Entry {
        seq: head.seq + 1,
        at: tx.now(),
        action: event.action.to_owned(),
        actor: event.actor,
        subject: event.subject,
        detail: event.detail.to_string(),
        hash: Vec::new(),
    };
    entry.hash = entry.digest(&head.hash).to_vec();
    repo::append(tx, &entry).await
}

/// The last entry: how many there are, and when it was written; `None` before the first.
///
/// # Errors
/// What the store refuses.
pub async fn last(store: &Store) -> Result<Option<Last>, StoreError> {
    store
        .read((), |at, ()| async move { repo::last(&at).await })
        .await
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// The number of entries.
    pub seq: i64,
    /// The instant of its transaction.
    pub at: Timestamp,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The chain is whole.
    Whole {
        /// How many entries it has.
        entries: i64,
    },
    /// The chain is broken.
    Broken {
        /// The first entry that does not fit.
        seq: i64,
        /// How it does not fit.
        why: String,
    },
}

/// Walks the whole chain, a page of entries at a time.
///
/// `progress` is told the number of entries seen.
///
/// # Errors
/// What the store refuses; a broken chain is a [`Verdict`], not an error.
pub async fn verify(store: &Store, progress: impl Fn(i64) + Send) -> Result<Verdict, StoreError> {
    let (mut seq, mut hash) = (0_i64, GENESIS.to_vec());
    loop {
        let page = store
            .read(seq, |at, seq| async move { repo::page(&at, seq).await })
            .await?;
        let Some(last) = page.last().map(|entry| entry.seq) else {
            break;
        };
        for entry in page {
            if entry.seq != seq + 1 {
                let why = format!("entry {} is missing", seq + 1);
                return Ok(Verdict::Broken { seq: seq + 1, why });
            }
            if entry.digest(&hash).as_slice() != entry.hash {
                let why = "its content does not match its hash".to_owned();
                return Ok(Verdict::Broken {
                    seq: entry.seq,
                    why,
                });
            }
            (seq, hash) = (entry.seq, entry.hash);
        }
        progress(last);
        // SQLite answers without waiting: let others, and whoever shows the progress, have a turn.
        tokio::task::yield_now().await;
    }
    let head = store
        .read((), |at, ()| async move { repo::head(&at).await })
        .await?;
    // Entries may have been added while we walked, but never taken away.
    if head.seq < seq || (head.seq == seq && head.hash != hash) {
        let why = format!("the head says {} entries, the chain has {seq}", head.seq);
        return Ok(Verdict::Broken { seq, why });
    }
    if head.seq > seq {
        let rest = store
            .read(seq, |at, seq| async move { repo::page(&at, seq).await })
            .await?;
        if rest.is_empty() {
            let why = format!(
                "the head says {} entries, the chain ends at {seq}",
                head.seq
            );
            return Ok(Verdict::Broken { seq: seq + 1, why });
        }
    }
    Ok(Verdict::Whole { entries: seq })
}
