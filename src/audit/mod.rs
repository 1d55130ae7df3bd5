//! The audit: who did what, append-only, hash-chained, and still whole after a person is erased.
//!
//! Each use case appends one entry in its own transaction. Entry `n` carries
//! `SHA-256(hash of n-1 ‖ seq ‖ at ‖ action ‖ actor ‖ subject ‖ detail ‖ commitments)` with every
//! text preceded by its length, so that a changed, added, removed or reordered entry breaks the
//! chain from there on. The head row is locked while an entry is appended: the order of entries is
//! the order of commits.
//!
//! What is personal, and what was changed from what into what, is not in the entry. It is a
//! [`Part`] beside it, sealed under the key of whom it belongs to; the entry holds a commitment to
//! it, `SHA-256(salt ‖ sealed)`. Destroying that key, and with [`forget`] the parts themselves,
//! leaves nothing to read, and the chain still verifies.
//!
//! A chain alone does not stop somebody who can rewrite all of it. [`Audit::sign`] signs its head;
//! a head that was kept elsewhere ([`SignedHead`]) shows that nothing before it was rewritten. Old
//! entries are taken away only up to a signed head, which stands for them from then on
//! ([`Audit::cut`]).
//!
//! - `chain`: entries, their hashes, [`Audit::verify`]. `part`: what is sealed beside them.
//! - `checkpoint`: signed heads, and the cut. `reading`: pages and the export.
//!
//! **Invariants.** No title, address, token or body is in an entry: ids, counts and words of the
//! product only.
//!
//! **Absent on purpose.** Who may read it: `identity::history` decides. Names with each entry:
//! `src/decisions/0004-personal-in-the-audit.md`.

mod chain;
mod checkpoint;
mod part;
mod reading;
mod repo;
#[cfg(test)]
mod tests;

pub use chain::{Commitment, Entry, Flaw, Last, Verdict, last};
pub use checkpoint::{Cut, SignedHead};
pub use part::{Part, PartKind, Revealed, forget};
pub use reading::{Asked, Page, Told};

use crate::base::Kind;
use crate::store::key_ring::{KeyRing, KeyRingError};
use crate::store::{Store, StoreError, Tx};

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

/// Appends `event` to the chain, in the caller's transaction. Call it last: from here on the chain
/// is locked until the commit.
///
/// # Errors
/// What the store refuses.
pub async fn record(tx: &Tx, event: Event) -> Result<(), StoreError> {
    record_with(tx, event, &[]).await
}

/// [`record`] with what is sealed beside the entry.
///
/// # Errors
/// What the store refuses.
pub async fn record_with(tx: &Tx, event: Event, parts: &[Part]) -> Result<(), StoreError> {
    let head = repo::lock_head(tx).await?;
    let mut entry = Entry {
        seq: head.seq + 1,
        at: tx.now(),
        action: event.action.to_owned(),
        actor: event.actor,
        subject: event.subject,
        detail: event.detail.to_string(),
        commitments: parts.iter().map(Part::commitment).collect(),
        hash: Vec::new(),
    };
    entry.hash = entry.digest(&head.hash).to_vec();
    repo::append(tx, &entry).await?;
    for part in parts {
        repo::insert_part(tx, entry.seq, part).await?;
    }
    Ok(())
}

/// The audit of one store with the keys that open and sign it; cheap to clone.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    keys: KeyRing,
}

impl Audit {
    /// The audit kept in `store`, whose parts and signatures are of `keys`.
    #[must_use]
    pub const fn new(store: Store, keys: KeyRing) -> Self {
        Self { store, keys }
    }
}

/// The audit cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring refused.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

impl AuditError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Keys(error) => error.kind(),
        }
    }
}
