//! All rooms of a deployment, opened with its settings.

use std::sync::Arc;

use crate::base::SystemClock;
use crate::config::{Backend, SecretRef, Settings};
use crate::crypto::{Kek, KekError, Vault};
use crate::identity::{Identity, SessionLimits};
use crate::store::key_ring::{self, KeyRingError};
use crate::store::{FolderLock, SqliteOptions, Store, StoreError};

/// The rooms.
pub struct Rooms {
    /// The database.
    pub store: Store,
    /// The keys.
    pub vault: Arc<Vault>,
    /// Who may do what.
    pub identity: Identity,
    lock: Option<FolderLock>,
}

/// The rooms cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The ring.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// Other.
    #[error("{0}")]
    Other(String),
}

impl Rooms {
    /// Opens them.
    ///
    /// # Errors
    /// [`RoomsError`].
    pub async fn open(settings: &Settings) -> Result<Self, RoomsError> {
        let clock = Arc::new(SystemClock);
        if settings.store.backend == Backend::Postgres {
            return Err(RoomsError::Other("PostgreSQL".to_owned()));
        }
        let lock = FolderLock::take(&settings.store.data)?;
        let store = Store::open_sqlite(SqliteOptions::new(&settings.store.data), clock).await?;
        let kek = match settings.key_file() {
            SecretRef::File(path) => Kek::from_file(&path, true)?,
            SecretRef::Env(_) => return Err(RoomsError::Other("env".to_owned())),
        };
        let vault = Arc::new(key_ring::open(&store, Arc::new(kek)).await?);
        let identity = Identity::new(store.clone(), SessionLimits::default());
        Ok(Self {
            store,
            vault,
            identity,
            lock: Some(lock),
        })
    }

    /// The lock.
    #[must_use]
    pub fn lock(&self) -> Option<&FolderLock> {
        self.lock.as_ref()
    }

    /// Closes.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
