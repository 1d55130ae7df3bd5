//! What operators do with the ring: new keys, another key-encryption key, recovery, a look at it.
//! None of it stops the service: keys in memory go on sealing and opening meanwhile.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{KeyRing, KeyRingError, LockedRing, rows};
use crate::base::Timestamp;
use crate::base::clock::from_micros;
use crate::crypto::{
    Kek, KeyLimits, RecoveryPrivateKey, RootId, Vault, VaultError, WrappedRoot, new_key,
};
use crate::store::{Snapshot, StoreError, Tx};

/// Which keys are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// The data keys of the organisation and of everybody. The older ones still open.
    Data,
    /// The root key. The data keys stay and are wrapped by the new one.
    Root,
    /// Both.
    All,
}

/// How the ring is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RingStatus {
    /// Where the configured key-encryption key is, in a word.
    pub provider: String,
    /// The root key.
    pub root: String,
    /// When it was made.
    pub root_created_at: Timestamp,
    /// What the root key is wrapped by.
    pub wraps: Vec<Wrap>,
    /// How many data keys there are, with those that only open.
    pub data_keys: i64,
    /// How many owners they have.
    pub owners: i64,
    /// When the oldest of them was made.
    pub oldest: Timestamp,
    /// The largest number of values that one key has sealed.
    pub sealed_max: i64,
    /// The number after which a key is replaced.
    pub sealed_limit: u64,
    /// When the key-encryption key last unwrapped the root key for this process.
    pub renewed_at: Timestamp,
}

/// One wrapping of the root key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wrap {
    /// `kek` or `recovery`.
    pub wrapper: String,
    /// Its id.
    pub wrapper_id: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A root key that is to be written down with what wraps it.
struct NewRoot {
    id: RootId,
    old: RootId,
    wraps: Vec<(&'static str, WrappedRoot)>,
    vault: Vault,
    /// The root key alone, to wrap with before it is durable.
    next: Vault,
}

impl KeyRing {
    /// Makes keys anew.
    ///
    /// # Errors
    /// [`VaultError::Locked`]; the key-encryption key's; the store's. What was not made anew is as
    /// it was.
    pub async fn rotate(&self, what: Rotation) -> Result<(), KeyRingError> {
        self.0.vault.check_unlocked()?;
        if what != Rotation::Data {
            self.rotate_root().await?;
        }
        if what != Rotation::Root {
            self.load().await?;
            self.replace(self.0.vault.newest()).await?;
        }
        Ok(())
    }

    async fn rotate_root(&self) -> Result<(), KeyRingError> {
        self.unwrap_roots().await?;
        let old = self.0.vault.root().ok_or(VaultError::Missing("root key"))?;
        let key = new_key();
        let id = RootId::fresh();
        let mut wraps = vec![("kek", self.0.kek.wrap(&id, &key).await?)];
        if let Some(recovery) = &self.0.recovery {
            wraps.push(("recovery", recovery.wrap(&id, &key)?));
        }
        let next = Vault::default();
        next.add_root(id.clone(), &key);
        let new = NewRoot {
            id: id.clone(),
            old,
            wraps,
            vault: self.0.vault.clone(),
            next,
        };
        let change = |tx: Tx, new: Arc<NewRoot>| async move {
            rows::lock(&tx).await?;
            if rows::current_root(&tx).await?.as_ref() != Some(&new.old) {
                return Err(StoreError::Contended.into());
            }
            rows::insert_root(&tx, &new.id).await?;
            for (wrapper, wrapped) in &new.wraps {
                rows::put_wrap(&tx, wrapper, wrapped).await?;
            }
            for key in rows::keys(&tx).await? {
                let key = new.vault.rewrap(key, &new.next)?;
                rows::set_wrapped(&tx, &key).await?;
            }
            rows::retire_root(&tx, &new.old).await?;
            Ok::<_, KeyRingError>(())
        };
        self.0.ring.write(new, change).await?;
        self.0.vault.add_root(id.clone(), &key);
        self.0.vault.retain_roots(&[id]);
        self.empty_log()
    }

    /// Wraps the root key anew. Without `to` by the configured key-encryption key, and by no other
    /// from then on. With `to` by that one as well: then either opens the ring, until the setting is
    /// changed everywhere and this is called without `to`. Gives the ids of what wraps it now.
    ///
    /// # Errors
    /// The key-encryption keys', or the store's. Nothing was changed then.
    pub async fn rewrap(&self, to: Option<Kek>) -> Result<Vec<String>, KeyRingError> {
        self.unwrap_roots().await?;
        let read = |at: Snapshot, ()| async move { rows::wraps(&at).await };
        let wraps = self.0.ring.read((), read).await?;
        let mut made = Vec::new();
        for (root, key) in self.unwrapped(&wraps).await? {
            let kek = to.as_ref().unwrap_or(&self.0.kek);
            made.push(kek.wrap(&root, &key).await?);
        }
        let is_only = to.is_none();
        let put = |tx: Tx, input: Arc<(Vec<WrappedRoot>, bool)>| async move {
            let (made, is_only) = &*input;
            for wrapped in made {
                if *is_only {
                    rows::delete_wraps(&tx, "kek", &wrapped.root).await?;
                }
                rows::put_wrap(&tx, "kek", wrapped).await?;
            }
            rows::wraps(&tx).await
        };
        let wraps = self
            .0
            .ring
            .write::<_, _, StoreError, _, _>((made, is_only), put)
            .await?;
        self.empty_log()?;
        Ok(wraps
            .into_iter()
            .map(|wrap| wrap.wrapped.wrapper_id)
            .collect())
    }

    /// How the ring is.
    ///
    /// # Errors
    /// The store's.
    pub async fn status(&self) -> Result<RingStatus, KeyRingError> {
        let read = |at: Snapshot, ()| async move {
            let root = rows::current_root(&at).await?;
            let wraps = rows::wraps(&at).await?;
            Ok::<_, StoreError>((root, wraps, rows::census(&at).await?))
        };
        let (root, wraps, census) = self.0.ring.read((), read).await?;
        let root = root.ok_or(VaultError::Missing("root key"))?;
        let mut of_root = wraps;
        of_root.retain(|wrap| wrap.wrapped.root == root);
        let made = of_root.first().map_or(0, |wrap| wrap.root_created_at);
        let wraps = of_root.into_iter().map(|wrap| Wrap {
            wrapper: wrap.wrapper,
            wrapper_id: wrap.wrapped.wrapper_id,
            created_at: from_micros(wrap.created_at),
        });
        Ok(RingStatus {
            provider: self.0.kek.provider().to_owned(),
            root: root.to_string(),
            root_created_at: from_micros(made),
            wraps: wraps.collect(),
            data_keys: census.keys,
            owners: census.owners,
            oldest: from_micros(census.oldest),
            sealed_max: census.sealed_max,
            sealed_limit: KeyLimits::default().seals_max,
            renewed_at: self.renewed_at(),
        })
    }
}

impl LockedRing {
    /// Opens the ring with the private half of the recovery key, and wraps the root key for `kek`
    /// instead of the key-encryption key that was lost.
    ///
    /// # Errors
    /// [`RecoveryError::NotFor`](crate::crypto::RecoveryError::NotFor), `kek`'s, or the store's.
    pub async fn recover(
        self,
        private: &RecoveryPrivateKey,
        kek: Kek,
    ) -> Result<KeyRing, KeyRingError> {
        let read = |at: Snapshot, ()| async move { rows::wraps(&at).await };
        let mut wraps = self.ring.read((), read).await?;
        wraps.retain(|wrap| wrap.wrapper == "recovery");
        if wraps.is_empty() {
            return Err(KeyRingError::NoRecovery);
        }
        let mut made = Vec::with_capacity(wraps.len());
        for wrap in wraps {
            let key = private.unwrap(&wrap.wrapped)?;
            made.push(kek.wrap(&wrap.wrapped.root, &key).await?);
        }
        let put = |tx: Tx, made: Arc<Vec<WrappedRoot>>| async move {
            for wrapped in made.iter() {
                rows::delete_wraps(&tx, "kek", &wrapped.root).await?;
                rows::put_wrap(&tx, "kek", wrapped).await?;
            }
            Ok::<_, StoreError>(())
        };
        self.ring.write(made, put).await?;
        self.unlock(kek).await
    }
}
