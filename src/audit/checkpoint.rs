//! Signed heads, and taking away what is old up to one of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::chain::{CUT, Entry};
use super::{Audit, AuditError, Event, record, repo};
use crate::base::Timestamp;
use crate::crypto::{KeyId, Vault};
use crate::store::key_ring::KeyRingError;
use crate::store::{StoreError, Tx};

/// What a signature is over begins with this, so that it cannot be taken for another's.
const CONTEXT: &[u8] = b"freehold audit head 1\0";

/// So many old entries are removed in one transaction.
const REMOVED_AT_ONCE: i64 = 5_000;

/// The head of the chain at one time, signed with Ed25519 (RFC 8032) by a key of the ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The place of the entry.
    pub seq: i64,
    /// When that entry was written.
    pub at: Timestamp,
    /// Its hash: 32 bytes.
    #[serde(with = "digits")]
    pub hash: Vec<u8>,
    /// The key that signed.
    pub key: String,
    /// Over `"freehold audit head 1"`, a zero byte, `seq` (8 bytes, big-endian), `at` (microseconds
    /// UTC, 8 bytes, big-endian) and `hash`: 64 bytes.
    #[serde(with = "digits")]
    pub signature: Vec<u8>,
}

impl SignedHead {
    fn message(&self) -> Vec<u8> {
        [
            CONTEXT,
            &self.seq.to_be_bytes(),
            &self.at.as_microsecond().to_be_bytes(),
            &self.hash,
        ]
        .concat()
    }

    /// Whether a key of this ring signed it.
    #[must_use]
    pub fn is_signed_by(&self, vault: &Vault) -> bool {
        vault.is_signed(&KeyId::new(&self.key), &self.message(), &self.signature)
    }
}

/// What was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The last entry that is gone.
    pub up_to: i64,
    /// How many are.
    pub entries: i64,
}

impl Audit {
    /// Signs the head, unless that is done already; `None` while there is no entry.
    ///
    /// # Errors
    /// [`crate::crypto::VaultError::NoKey`], or the store's.
    pub async fn sign(&self) -> Result<Option<SignedHead>, AuditError> {
        let present = self.store.read((), |at, ()| async move {
            let end = repo::end(&at).await?;
            Ok::<_, StoreError>((end, repo::last_checkpoint(&at).await?))
        });
        let (end, signed) = present.await?;
        let Some(mut head) = end else {
            return Ok(None);
        };
        if let Some(signed) = signed.filter(|signed| signed.seq == head.seq) {
            return Ok(Some(signed));
        }
        let signed = self.keys.vault().sign(&head.message());
        let (key, signature) = signed.map_err(KeyRingError::from)?;
        head.key = key.as_str().to_owned();
        head.signature = signature;
        self.store
            .write(head.clone(), |tx, head: Arc<SignedHead>| async move {
                repo::insert_checkpoint(&tx, &head).await
            })
            .await?;
        tracing::info!(
            seq = head.seq,
            hash = crate::crypto::hex(&head.hash),
            key = head.key,
            signature = crate::crypto::hex(&head.signature),
            "the head of the audit is signed"
        );
        Ok(Some(head))
    }

    /// Takes away the entries before `before`, up to the latest signed head that is old enough;
    /// `None` when there is none. An entry tells of it. `progress` is told how many are gone.
    ///
    /// # Errors
    /// The store's. What was decided stands: the next cut removes what is left.
    pub async fn cut(
        &self,
        before: Timestamp,
        progress: impl Fn(i64) + Send,
    ) -> Result<Option<Cut>, AuditError> {
        let decided = self
            .store
            .write(before, |tx, before: Arc<Timestamp>| async move {
                decide(&tx, *before).await
            });
        let Some(cut) = decided.await? else {
            return Ok(None);
        };
        let mut gone = 0;
        loop {
            let removed = self
                .store
                .write(cut.up_to, |tx, up_to: Arc<i64>| async move {
                    repo::remove_entries(&tx, *up_to, REMOVED_AT_ONCE).await
                });
            let removed = removed.await?;
            if removed == 0 {
                return Ok(Some(cut));
            }
            gone += i64::try_from(removed).unwrap_or(i64::MAX);
            progress(gone);
        }
    }
}

/// Moves the beginning of the chain, and says so in the chain.
async fn decide(tx: &Tx, before: Timestamp) -> Result<Option<Cut>, StoreError> {
    let Some(first) = repo::first(tx).await? else {
        return Ok(None);
    };
    let Some(at) = repo::checkpoint_before(tx, before).await? else {
        return Ok(None);
    };
    let floor = repo::floor(tx).await?.map_or(0, |floor| floor.seq);
    if at.seq <= floor {
        // What an interrupted cut has left.
        return Ok((first <= floor).then_some(Cut {
            up_to: floor,
            entries: floor - first + 1,
        }));
    }
    repo::mark_cut(tx, at.seq).await?;
    let event = Event {
        action: CUT,
        actor: "system".to_owned(),
        subject: "audit".to_owned(),
        detail: json!({ "up_to": at.seq, "before": at.at }),
    };
    record(tx, event).await?;
    Ok(Some(Cut {
        up_to: at.seq,
        entries: at.seq - first + 1,
    }))
}

/// Up to where the entry says that older ones are gone.
pub(super) fn told(entry: &Entry) -> Option<i64> {
    let detail: serde_json::Value = serde_json::from_str(&entry.detail).ok()?;
    detail.get("up_to")?.as_i64()
}

/// Bytes as hexadecimal digits.
mod digits {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::crypto::{hex, unhex};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        unhex(&text).ok_or_else(|| D::Error::custom("expected an even number of digits 0-9 a-f"))
    }
}
