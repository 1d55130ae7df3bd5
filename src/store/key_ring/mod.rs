//! The key ring: wrapped keys as rows, in a place of their own.
//!
//! On SQLite it is the file `keys/ring.db` in the data folder, on PostgreSQL the schema
//! `freehold_keys` with connections of its own. What is kept long, the data and its backups, is
//! thereby apart from what can be destroyed: once the keys of a person are gone from the ring, what
//! was sealed for them is unreadable everywhere.
//!
//! **Invariants.** A key is durable in the ring before the first row that is sealed with it is
//! committed: keys are made outside of the transaction that uses them, and before it. A person's key
//! is made before the person. The database says which ring it belongs to; with another one, or
//! without one, nothing opens and nothing new is made. A ring is not copied before a migration: the
//! copy would outlive the destruction of a key.
//!
//! **Absent on purpose.** Which rows are sealed for whom: that is for the rooms.

mod opening;
mod rotation;
mod rows;
mod upkeep;

use std::sync::Arc;

use parking_lot::Mutex;
use upkeep::State;
use zeroize::Zeroizing;

pub use opening::LockedRing;
pub use rotation::{RingStatus, Rotation, Wrap};
pub use upkeep::{KeyCondition, Upkeep};

use super::{Backend, CopyProgress, Store, StoreError};
use crate::base::Kind;
use crate::crypto::{
    Kek, KekError, KeyId, Owner, Purpose, RecoveryError, RecoveryKey, RootId, RowBinding, Vault,
    VaultError, WrappedKey, WrappedRoot,
};

/// How often a key is made anew because the root key has changed meanwhile.
const ATTEMPTS: usize = 4;

/// The key ring cannot be opened, or has not what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys do not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The key-encryption key.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The recovery key.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// There is nothing to recover from.
    #[error(
        "the root key is not wrapped for any recovery key: nothing opens without the \
         key-encryption key; look for a copy of it"
    )]
    NoRecovery,
    /// The ring does not belong to the database.
    #[error(
        "the database is sealed with the key ring {needed}, and {place} {given}: put the key ring \
         of this database back, from its latest backup; nothing was changed"
    )]
    Foreign {
        /// The ring that is needed.
        needed: String,
        /// What was found, as the end of a sentence.
        given: String,
        /// Where the ring is.
        place: String,
    },
}

impl KeyRingError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Vault(error) => error.kind(),
            Self::Kek(_) => Kind::Unavailable,
            Self::Recovery(_) | Self::NoRecovery | Self::Foreign { .. } => Kind::Internal,
        }
    }
}

/// The handle on the ring with its keys open; cheap to clone.
#[derive(Clone)]
pub struct KeyRing(Arc<Parts>);

struct Parts {
    ring: Store,
    vault: Vault,
    kek: Kek,
    recovery: Option<Arc<RecoveryKey>>,
    state: Mutex<State>,
}

impl KeyRing {
    /// Opens the ring of `store` with `kek`; makes the ring and its first keys when neither ring
    /// nor database has any.
    ///
    /// # Errors
    /// [`KekError::Wrong`] names the key that is needed, [`KeyRingError::Foreign`] the ring.
    pub async fn open(store: &Store, kek: Kek) -> Result<Self, KeyRingError> {
        LockedRing::find(store).await?.unlock(kek).await
    }

    /// The keys in memory. Sealing and opening with them waits for nothing; a key that another
    /// process made may not be among them until [`Self::hold`].
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Makes sure that `owner` has a key. When this returns, the key is durable, and rows sealed
    /// with it may be committed. Call it before the transaction that inserts the owner.
    ///
    /// # Errors
    /// The store's, or [`VaultError::Missing`].
    pub async fn ensure(&self, owner: Owner) -> Result<(), KeyRingError> {
        if self.0.vault.can_seal(&owner) {
            return Ok(());
        }
        self.make(owner, Purpose::Content).await
    }

    /// Makes a key for `owner` unless the ring has one.
    async fn make(&self, owner: Owner, purpose: Purpose) -> Result<(), KeyRingError> {
        for _attempt in 0..ATTEMPTS {
            let now = self.0.ring.clock().now().as_microsecond();
            let new = self.0.vault.make_key(owner, purpose, now)?;
            let stored = self
                .0
                .ring
                .write(new, |tx, new: Arc<WrappedKey>| async move {
                    rows::lock(&tx).await?;
                    if rows::current_root(&tx).await?.as_ref() != Some(&new.root) {
                        return Ok(None);
                    }
                    let mut present = rows::keys_of(&tx, new.owner).await?;
                    present.retain(|key| key.purpose == new.purpose);
                    if present.is_empty() {
                        rows::insert_key(&tx, &new).await?;
                        present.push((*new).clone());
                    }
                    Ok::<_, StoreError>(Some(present))
                });
            if let Some(stored) = stored.await? {
                return self.add(&stored).await;
            }
            // Another process has made a new root key.
            self.unwrap_roots().await?;
        }
        Err(StoreError::Contended.into())
    }

    /// Makes sure that the keys of `owner` are in memory. Inside a transaction this waits for
    /// nothing on SQLite, where one process has all keys in memory; on PostgreSQL, for the ring.
    ///
    /// # Errors
    /// [`VaultError::NoKey`] when the ring has none, or the store's.
    pub async fn hold(&self, owner: Owner) -> Result<(), KeyRingError> {
        if self.0.vault.can_seal(&owner) {
            return Ok(());
        }
        self.0.vault.check_unlocked()?;
        let read = |at: super::Snapshot, owner| async move { rows::keys_of(&at, owner).await };
        let keys = self.0.ring.read(owner, read).await?;
        self.add(&keys).await?;
        if self.0.vault.can_seal(&owner) {
            return Ok(());
        }
        Err(VaultError::NoKey(owner).into())
    }

    /// Seals `plain` for `owner` at `place`, with a key that another process made, too.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn seal(
        &self,
        owner: Owner,
        place: &RowBinding<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyRingError> {
        self.hold(owner).await?;
        Ok(self.0.vault.seal(&owner, place, plain)?)
    }

    /// Opens what was sealed for `place`, with a key that another process made, too.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] when the ring has the key no more, [`VaultError::DoesNotOpen`],
    /// or the store's.
    pub async fn open_sealed(
        &self,
        place: &RowBinding<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyRingError> {
        match self.0.vault.open(place, sealed) {
            Err(VaultError::UnknownKey(id)) => {
                let read =
                    |at: super::Snapshot, id: KeyId| async move { rows::key(&at, &id).await };
                let found = self.0.ring.read(id.clone(), read).await?;
                let found = found.ok_or(VaultError::UnknownKey(id))?;
                self.add(&[found]).await?;
                Ok(self.0.vault.open(place, sealed)?)
            }
            opened => Ok(opened?),
        }
    }

    /// Destroys the keys of `owner`, for good: what is sealed with them is unreadable from now on,
    /// here and in every copy. Another process forgets them within a minute.
    ///
    /// # Errors
    /// The store's. [`StoreError::Contended`] when the keys are gone and the log of the ring could
    /// not be emptied of them: ask again.
    pub async fn destroy(&self, owner: Owner) -> Result<(), KeyRingError> {
        let destroy = |tx: super::Tx, owner: Arc<Owner>| async move {
            rows::delete_keys_of(&tx, *owner).await
        };
        self.0
            .ring
            .write::<_, _, StoreError, _, _>(owner, destroy)
            .await?;
        self.0.vault.forget(&owner);
        self.empty_log()
    }

    /// Takes what was deleted out of the ring's log.
    fn empty_log(&self) -> Result<(), KeyRingError> {
        match &self.0.ring.0.backend {
            Backend::Lite(lite) => Ok(lite.empty_log()?),
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Examines the file of the ring page by page, as [`Store::integrity`] does.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with SQLite's finding.
    pub fn integrity(&self) -> Result<(), StoreError> {
        self.0.ring.integrity()
    }

    /// Copies the ring into the new file `file`, as [`Store::copy_to`] does.
    ///
    /// # Errors
    /// As there.
    pub fn copy_to(
        &self,
        file: &std::path::Path,
        progress: CopyProgress<'_>,
    ) -> Result<(), StoreError> {
        self.0.ring.copy_to(file, progress)
    }

    /// Wraps a key that is used outside of the ring, such as that of a backup, under the name
    /// `name`: for the key-encryption key, and for the recovery key when there is one.
    ///
    /// # Errors
    /// When the key-encryption key does not answer.
    pub async fn wrap_apart(
        &self,
        name: &RootId,
        key: &[u8; 32],
    ) -> Result<Vec<WrappedRoot>, KeyRingError> {
        let mut wraps = vec![self.0.kek.wrap(name, key).await?];
        if let Some(recovery) = &self.0.recovery {
            wraps.push(recovery.wrap(name, key)?);
        }
        Ok(wraps)
    }

    /// Lets go of the ring.
    pub async fn close(&self) {
        self.0.ring.close().await;
    }

    /// Takes keys into memory, and first the root keys that wrapped them.
    async fn add(&self, keys: &[WrappedKey]) -> Result<(), KeyRingError> {
        for key in keys {
            if !self.0.vault.has_root(&key.root) {
                self.unwrap_roots().await?;
            }
            self.0.vault.add(key)?;
        }
        Ok(())
    }
}
