//! From a store to its open key ring: finding or making it, unlocking it, taking over the keys that
//! databases kept in themselves before there was a ring.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::ConnectionTrait as _;

use super::upkeep::State;
use super::{KeyRing, KeyRingError, Parts, rows};
use crate::crypto::{
    Kek, KeyBytes, Owner, Purpose, RecoveryKey, RootId, Vault, VaultError, WrappedKey, WrappedRoot,
    new_key,
};
use crate::store::sqlite::Lite;
use crate::store::{Backend, Snapshot, SqliteOptions, Store, StoreError, Tx, dialect, migrate};

/// The key ring of a store, before it is unlocked.
pub struct LockedRing {
    main: Store,
    pub(super) ring: Store,
    /// Whether there is a root key.
    has_root: bool,
    /// The recovery key that the root key is to be wrapped for.
    recovery: Option<Arc<RecoveryKey>>,
    /// The data keys that the database itself holds, from before there was a ring.
    old: Vec<rows::OldKey>,
    /// The ring that the database belongs to.
    belongs_to: Option<String>,
}

/// A key without its wrapping, which the root key is to wrap.
type OldUnwrapped = (WrappedKey, KeyBytes);

impl LockedRing {
    /// The ring of `main`: an empty one when there is none.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(main: &Store) -> Result<Self, StoreError> {
        let ring = beside(main).await?;
        migrate::run_ring(&ring).await?;
        let read = |at: Snapshot, ()| async move {
            let old = rows::old_keys(&at).await?;
            Ok::<_, StoreError>((old, rows::belongs_to(&at).await?))
        };
        let (old, belongs_to) = main.read((), read).await?;
        let root = |at: Snapshot, ()| async move { rows::current_root(&at).await };
        Ok(Self {
            has_root: ring.read((), root).await?.is_some(),
            recovery: None,
            main: main.clone(),
            ring,
            old,
            belongs_to,
        })
    }

    /// Whether nothing is sealed yet: then a key-encryption key may be made for it.
    #[must_use]
    pub fn is_new(&self) -> bool {
        !self.has_root && self.old.is_empty() && self.belongs_to.is_none()
    }

    /// The ring, whose root key is to be wrapped for this recovery key, too.
    #[must_use]
    pub fn with_recovery(mut self, key: Option<RecoveryKey>) -> Self {
        self.recovery = key.map(Arc::new);
        self
    }

    /// Opens the ring with `kek`, and completes it.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub async fn unlock(self, kek: Kek) -> Result<KeyRing, KeyRingError> {
        // First: with the wrong key nothing is to be made.
        let old = self.unwrap_old(&kek)?;
        if !self.has_root {
            if let Some(needed) = &self.belongs_to {
                return Err(self.foreign(needed, "is empty".to_owned()));
            }
            make_root(&self.ring, &kek).await?;
        }
        let keys = KeyRing(Arc::new(Parts {
            ring: self.ring.clone(),
            vault: Vault::default(),
            kek,
            recovery: self.recovery.clone(),
            state: Mutex::new(State::new(self.ring.clock().now())),
        }));
        keys.unwrap_roots().await?;
        self.take_over(&keys, old).await?;
        keys.load().await?;
        self.belong(&keys).await?;
        keys.ensure(Owner::Organisation).await?;
        keys.make(Owner::Organisation, Purpose::Sign).await?;
        Ok(keys)
    }

    /// The keys that the database itself holds; they belong to the organisation.
    fn unwrap_old(&self, kek: &Kek) -> Result<Vec<OldUnwrapped>, KeyRingError> {
        let unwrap = |old: &rows::OldKey| {
            let wrapped = (old.id.as_str(), old.wrapped.as_slice());
            let key = kek.unwrap_data_key(&old.kek_id, wrapped)?;
            let named = WrappedKey {
                id: old.id.clone(),
                owner: Owner::Organisation,
                purpose: old.purpose,
                root: RootId::new(""),
                wrapped: Vec::new(),
                created_at: old.created_at,
                sealed_count: 0,
            };
            Ok((named, key))
        };
        self.old.iter().map(unwrap).collect()
    }

    /// Moves the keys that the database itself holds into the ring: they are durable there before
    /// they are gone here. Broken off anywhere, the next start goes on.
    async fn take_over(&self, keys: &KeyRing, old: Vec<OldUnwrapped>) -> Result<(), KeyRingError> {
        if old.is_empty() {
            return Ok(());
        }
        let mut moved = Vec::with_capacity(old.len());
        for (named, key) in old {
            moved.push(keys.0.vault.wrap(named, &key)?);
        }
        let insert = |tx: Tx, moved: Arc<Vec<WrappedKey>>| async move {
            for key in moved.iter() {
                rows::insert_key(&tx, key).await?;
            }
            Ok::<_, StoreError>(())
        };
        let count = moved.len();
        self.ring.write(moved, insert).await?;
        let delete = |tx: Tx, _: Arc<()>| async move { rows::delete_old_keys(&tx).await };
        self.main.write((), delete).await?;
        tracing::info!(keys = count, "moved the data keys into the key ring");
        Ok(())
    }

    /// Compares the ring with what the database says of it; a new database is told.
    async fn belong(&self, keys: &KeyRing) -> Result<(), KeyRingError> {
        let index = |at: Snapshot, ()| async move {
            let mut keys = rows::keys_of(&at, Owner::Organisation).await?;
            keys.retain(|key| key.purpose == Purpose::Index);
            Ok::<_, StoreError>(keys.into_iter().next())
        };
        let mut found = self.ring.read((), index).await?;
        if let Some(needed) = &self.belongs_to {
            let given = found.map(|key| key.id.to_string());
            return match given {
                Some(given) if given == *needed => Ok(()),
                Some(given) => Err(self.foreign(needed, format!("holds {given}"))),
                None => Err(self.foreign(needed, "holds no key for look-up hashes".to_owned())),
            };
        }
        if found.is_none() {
            keys.make(Owner::Organisation, Purpose::Index).await?;
            found = self.ring.read((), index).await?;
        }
        let index = found.ok_or(VaultError::Missing("key for look-up hashes"))?;
        let tell = |tx: Tx, index: Arc<WrappedKey>| async move {
            rows::set_belongs_to(&tx, &index.id).await
        };
        Ok(self.main.write(index, tell).await?)
    }

    fn foreign(&self, needed: &str, given: String) -> KeyRingError {
        let place = match &self.ring.0.backend {
            Backend::Lite(lite) => lite.options.database().display().to_string(),
            Backend::Postgres(_) => format!("the schema {}", dialect::RING_SCHEMA),
        };
        KeyRingError::Foreign {
            needed: needed.to_owned(),
            given,
            place,
        }
    }
}

/// The ring's own store beside `main`.
async fn beside(main: &Store) -> Result<Store, StoreError> {
    let backend = match &main.0.backend {
        Backend::Lite(lite) => {
            let folder = lite.options.folder.join("keys");
            let made = DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder);
            made.map_err(|source| StoreError::File {
                what: "make the folder",
                path: folder.display().to_string(),
                source,
            })?;
            Backend::Lite(Lite::open(SqliteOptions {
                file: "ring.db",
                cache_mib: 1,
                mmap_mib: 0,
                overwrite_deleted: true,
                ..SqliteOptions::new(folder)
            })?)
        }
        Backend::Postgres(postgres) => {
            let make = |tx: Tx, _: Arc<()>| async move {
                rows::lock(&tx).await?;
                let found = tx.fixed(dialect::FIND_RING_SCHEMA, vec![], |_| Ok(()));
                if found.await?.is_empty() {
                    tx.execute_unprepared(dialect::CREATE_RING_SCHEMA).await?;
                }
                Ok::<_, StoreError>(())
            };
            main.write((), make).await?;
            Backend::Postgres(postgres.in_schema(dialect::RING_SCHEMA))
        }
    };
    Ok(Store::over(backend, main.clock()))
}

/// Makes the first root key, unless another process was faster.
async fn make_root(ring: &Store, kek: &Kek) -> Result<(), KeyRingError> {
    let key = new_key();
    let wrapped = kek.wrap(&RootId::fresh(), &key).await?;
    let insert = |tx: Tx, wrapped: Arc<WrappedRoot>| async move {
        rows::lock(&tx).await?;
        if rows::current_root(&tx).await?.is_none() {
            rows::insert_root(&tx, &wrapped.root).await?;
            rows::put_wrap(&tx, "kek", &wrapped).await?;
        }
        Ok::<_, StoreError>(())
    };
    Ok(ring.write(wrapped, insert).await?)
}
