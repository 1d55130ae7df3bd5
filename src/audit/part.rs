//! What is sealed beside an entry: who it was, and what was changed into what.

use serde_json::Value;

use super::{Commitment, repo};
use crate::base::{Id, Timestamp, random};
use crate::crypto::{Owner, RowBinding, VaultError, sha256};
use crate::store::key_ring::{KeyRing, KeyRingError};
use crate::store::{StoreError, Tx};

/// What a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// The person: what their provider called them, and from where they came.
    Person,
    /// The fields that were changed: `{"name": {"from": …, "to": …}}`.
    Changes,
}

impl PartKind {
    /// The word in the store and in the export.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Changes => "changes",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Person, Self::Changes];
        all.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A JSON object, sealed under the key of whom it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    pub(super) id: Id<Self>,
    pub(super) owner: Owner,
    pub(super) kind: PartKind,
    pub(super) salt: [u8; 16],
    pub(super) sealed: Vec<u8>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} of {:?})", self.kind.as_str(), self.owner)
    }
}

impl Part {
    /// Seals `content`, a JSON object, under the key of `owner`.
    ///
    /// # Errors
    /// What the key ring refuses, such as [`VaultError::NoKey`].
    pub async fn seal(
        keys: &KeyRing,
        (owner, kind): (Owner, PartKind),
        content: &Value,
        now: Timestamp,
    ) -> Result<Self, KeyRingError> {
        let id = Id::new(now);
        let text = zeroize::Zeroizing::new(content.to_string());
        let sealed = keys.seal(owner, &place(&id), text.as_bytes()).await?;
        Ok(Self {
            id,
            owner,
            kind,
            salt: random::bytes(),
            sealed,
        })
    }

    /// What the entry holds of it.
    pub(super) fn commitment(&self) -> Commitment {
        Commitment {
            owner: self.owner,
            hash: commit(&self.salt, &self.sealed),
        }
    }

    /// The content; [`Revealed::Erased`] when its key was destroyed.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] when it was damaged.
    pub(super) async fn open(&self, keys: &KeyRing) -> Result<Revealed, KeyRingError> {
        match keys.open_sealed(&place(&self.id), &self.sealed).await {
            Ok(plain) => match serde_json::from_slice(&plain) {
                Ok(content) => Ok(Revealed::Content(content)),
                Err(_) => Err(VaultError::DoesNotOpen.into()),
            },
            Err(KeyRingError::Vault(VaultError::UnknownKey(_))) => Ok(Revealed::Erased),
            Err(other) => Err(other),
        }
    }
}

/// A part as an auditor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revealed {
    /// A JSON object.
    Content(Value),
    /// Its person was erased.
    Erased,
}

pub(super) fn commit(salt: &[u8], sealed: &[u8]) -> [u8; 32] {
    sha256(&[salt, sealed].concat())
}

const fn place(id: &Id<Part>) -> RowBinding<'_> {
    RowBinding {
        table: "audit_part",
        column: "sealed",
        row: id.as_bytes(),
    }
}

/// Removes everything that is sealed for `owner` beside the entries, salts included, in the
/// caller's transaction; gives the number. The key is to be destroyed with it: as long as it is
/// there, a missing part counts as tampering.
///
/// # Errors
/// What the store refuses.
pub async fn forget(tx: &Tx, owner: Owner) -> Result<u64, StoreError> {
    repo::remove_parts(tx, owner).await
}
