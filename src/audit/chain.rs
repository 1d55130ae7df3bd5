//! Entries, their hashes, and the walk that finds where somebody touched them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Audit, AuditError, SignedHead, repo};
use crate::base::Timestamp;
use crate::crypto::{Owner, Vault, sha256};
use crate::store::key_ring::KeyRingError;
use crate::store::{Store, StoreError};

/// The hash before the first entry.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// The action of the entry that says that older ones were taken away.
pub(super) const CUT: &str = "audit.cut";

/// An entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 1 without gaps.
    pub seq: i64,
    /// When, the instant of its transaction.
    pub at: Timestamp,
    /// See [`super::Event::action`].
    pub action: String,
    /// See [`super::Event::actor`].
    pub actor: String,
    /// See [`super::Event::subject`].
    pub subject: String,
    /// See [`super::Event::detail`], as stored text.
    pub detail: String,
    /// To what is sealed beside it, in order.
    pub commitments: Vec<Commitment>,
    /// The hash that closes the chain up to here.
    pub hash: Vec<u8>,
}

/// What an entry says of a part that is sealed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// Under whose key it is sealed.
    pub owner: Owner,
    /// `SHA-256(salt ‖ sealed)`.
    pub hash: [u8; 32],
}

impl Entry {
    pub(super) fn digest(&self, before: &[u8]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(before);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.at.as_microsecond().to_be_bytes());
        for text in [&self.action, &self.actor, &self.subject, &self.detail] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&Commitment::to_bytes(&self.commitments));
        sha256(&bytes)
    }
}

impl Commitment {
    const LENGTH: usize = 48;

    /// All of them as the store keeps them: for each the owner (16 bytes, zeros for the
    /// organisation) and the hash (32 bytes).
    pub(super) fn to_bytes(all: &[Self]) -> Vec<u8> {
        let one = |one: &Self| [&owner_bytes(one.owner)[..], &one.hash[..]].concat();
        all.iter().flat_map(one).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Vec<Self>> {
        let (all, rest) = bytes.as_chunks::<{ Self::LENGTH }>();
        if !rest.is_empty() {
            return None;
        }
        let one = |chunk: &[u8; Self::LENGTH]| {
            let (owner, hash) = chunk.split_at(16);
            Some(Self {
                owner: owner_of(owner.try_into().ok()?),
                hash: hash.try_into().ok()?,
            })
        };
        all.iter().map(one).collect()
    }
}

/// The 16 bytes of a person's identifier; zeros, which nobody has, for the organisation.
pub(super) const fn owner_bytes(owner: Owner) -> [u8; 16] {
    match owner {
        Owner::Organisation => [0; 16],
        Owner::Principal(id) => id,
    }
}

pub(super) fn owner_of(bytes: [u8; 16]) -> Owner {
    if bytes == [0; 16] {
        return Owner::Organisation;
    }
    Owner::Principal(bytes)
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

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The chain is whole.
    Whole {
        /// The place of its last entry: how many were ever written.
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

/// Where a walk broke off.
#[derive(Debug)]
pub struct Flaw {
    seq: i64,
    why: String,
}

impl Flaw {
    fn at(seq: i64, why: impl Into<String>) -> Self {
        Self {
            seq,
            why: why.into(),
        }
    }
}

impl Audit {
    /// Walks the whole chain, a page of entries at a time: every hash fits, and so does what is sealed
    /// beside the entries; no part is missing whose key is still there; every signed head fits and its
    /// signature is ours; and the chain goes through `kept`, a head that was kept elsewhere.
    ///
    /// `progress` is told the number of the last entry seen.
    ///
    /// # Errors
    /// What the store refuses, and [`VaultError::Locked`](crate::crypto::VaultError::Locked), because
    /// without keys nobody can tell; a broken chain is a [`Verdict`], not an error.
    pub async fn verify(
        &self,
        kept: Option<&SignedHead>,
        progress: impl Fn(i64) + Send,
    ) -> Result<Verdict, AuditError> {
        let vault = self.keys.vault();
        vault.check_unlocked().map_err(KeyRingError::from)?;
        let verdict = walk((&self.store, vault), kept, progress).await?;
        // They may have been wiped on the way.
        vault.check_unlocked().map_err(KeyRingError::from)?;
        Ok(verdict)
    }
}

/// How far a walk has come.
struct Walk<'a> {
    vault: &'a Vault,
    kept: Option<&'a SignedHead>,
    seq: i64,
    hash: Vec<u8>,
    /// Where the chain begins: behind this entry.
    floor: i64,
    /// The latest cut that an entry tells of.
    told_cut: i64,
}

async fn walk(
    (store, vault): (&Store, &Vault),
    kept: Option<&SignedHead>,
    progress: impl Fn(i64) + Send,
) -> Result<Verdict, StoreError> {
    let floor = store
        .read((), |at, ()| async move { repo::floor(&at).await })
        .await?;
    let mut walk = Walk {
        vault,
        kept,
        seq: 0,
        hash: GENESIS.to_vec(),
        floor: 0,
        told_cut: 0,
    };
    if let Some(floor) = floor {
        (walk.seq, walk.floor) = (floor.seq, floor.seq);
        walk.hash.clone_from(&floor.hash);
        if let Err(flaw) = walk.signed(&floor) {
            return Ok(flaw.into());
        }
    }
    loop {
        let page = store
            .read(
                walk.seq,
                |at, seq| async move { Stretch::read(&at, seq).await },
            )
            .await?;
        let Some(last) = page.entries.last().map(|entry| entry.seq) else {
            break;
        };
        if let Err(flaw) = walk.along(page) {
            return Ok(flaw.into());
        }
        progress(last);
        // SQLite answers without waiting: let others, and whoever shows the progress, have a turn.
        tokio::task::yield_now().await;
    }
    let (head, more) = store
        .read(walk.seq, |at, seq| async move {
            let head = repo::head(&at).await?;
            Ok::<_, StoreError>((head, !repo::page(&at, seq, 1).await?.is_empty()))
        })
        .await?;
    Ok(match walk.arrived(&head, more) {
        Ok(()) => Verdict::Whole { entries: walk.seq },
        Err(flaw) => flaw.into(),
    })
}

impl From<Flaw> for Verdict {
    fn from(flaw: Flaw) -> Self {
        Self::Broken {
            seq: flaw.seq,
            why: flaw.why,
        }
    }
}

/// Entries that follow each other, with what is beside them.
struct Stretch {
    entries: Vec<Entry>,
    parts: HashMap<i64, Vec<Commitment>>,
    heads: HashMap<i64, SignedHead>,
}

impl Stretch {
    async fn read(at: &crate::store::Conn, seq: i64) -> Result<Self, StoreError> {
        let entries = repo::page(at, seq, 1000).await?;
        let last = entries.last().map_or(seq, |entry| entry.seq);
        let mut parts: HashMap<i64, Vec<Commitment>> = HashMap::new();
        for (of, commitment) in repo::commitments(at, (seq, last)).await? {
            parts.entry(of).or_default().push(commitment);
        }
        let heads = repo::checkpoints(at, (seq, last)).await?;
        Ok(Self {
            entries,
            parts,
            heads: heads.into_iter().map(|head| (head.seq, head)).collect(),
        })
    }
}

impl Walk<'_> {
    fn along(&mut self, stretch: Stretch) -> Result<(), Flaw> {
        let Stretch {
            entries,
            mut parts,
            heads,
        } = stretch;
        for entry in entries {
            let due = self.seq + 1;
            if entry.seq != due {
                return Err(Flaw::at(due, format!("entry {due} is missing")));
            }
            if entry.digest(&self.hash).as_slice() != entry.hash {
                let why = "its content does not match its hash";
                return Err(Flaw::at(entry.seq, why));
            }
            self.beside(&entry, &parts.remove(&entry.seq).unwrap_or_default())?;
            if entry.action == CUT {
                self.told_cut = super::checkpoint::told(&entry).unwrap_or(self.told_cut);
            }
            (self.seq, self.hash) = (entry.seq, entry.hash);
            if let Some(head) = heads.get(&self.seq) {
                self.signed(head)?;
            }
            if let Some(kept) = self.kept.filter(|kept| kept.seq == self.seq) {
                self.signed(kept)?;
            }
        }
        // A part of an entry that is not there cannot have been written by us.
        match parts.into_keys().min() {
            Some(seq) => Err(Flaw::at(
                seq,
                "something is sealed beside it that it does not name",
            )),
            None => Ok(()),
        }
    }

    /// Whether what is sealed beside `entry` is what it names. A part may be missing when its key
    /// is destroyed.
    fn beside(&self, entry: &Entry, parts: &[Commitment]) -> Result<(), Flaw> {
        if parts.iter().any(|part| !entry.commitments.contains(part)) {
            let why = "what is sealed beside it was changed or added";
            return Err(Flaw::at(entry.seq, why));
        }
        let lost =
            |named: &&Commitment| !parts.contains(named) && self.vault.can_seal(&named.owner);
        match entry.commitments.iter().find(lost) {
            Some(_) => {
                let why = "what was sealed beside it is missing, though its key was not destroyed";
                Err(Flaw::at(entry.seq, why))
            }
            None => Ok(()),
        }
    }

    /// Whether `head` is of this chain, here, and ours.
    fn signed(&self, head: &SignedHead) -> Result<(), Flaw> {
        if head.hash != self.hash {
            let why = "a signed head says otherwise: it or what is before it was written anew";
            return Err(Flaw::at(head.seq, why));
        }
        if !head.is_signed_by(self.vault) {
            return Err(Flaw::at(head.seq, "the signature of its head is not ours"));
        }
        Ok(())
    }

    fn arrived(&self, head: &repo::Head, more: bool) -> Result<(), Flaw> {
        let says = |end: &str| {
            format!(
                "the head says {} entries, the chain {end} {}",
                head.seq, self.seq
            )
        };
        // Entries may have been added while we walked, but never taken away.
        if head.seq < self.seq || (head.seq == self.seq && head.hash != self.hash) {
            return Err(Flaw::at(self.seq, says("has")));
        }
        if head.seq > self.seq && !more {
            return Err(Flaw::at(self.seq + 1, says("ends at")));
        }
        if self.floor > 0 && self.told_cut != self.floor {
            let why = "the entries up to here were taken away, and no entry tells of it";
            return Err(Flaw::at(self.floor, why));
        }
        match self.kept {
            Some(kept) if kept.seq > self.seq => {
                let why = format!("the head that was kept is of entry {}", kept.seq);
                Err(Flaw::at(self.seq + 1, why))
            }
            _ => Ok(()),
        }
    }
}
