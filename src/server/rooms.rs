//! The rooms of one data folder: opened from the settings, for the service and for commands alike.

use std::sync::Arc;

use super::{Certificate, OpenError};
use crate::azure::Azure;
use crate::base::{Clock, SystemClock};
use crate::calendar::{CalendarLimits, Calendars};
use crate::config::{Backend, SecretRef, Settings};
use crate::crypto::{Kek, Vault};
use crate::identity::{Identity, SessionLimits};
use crate::inventory::Inventory;
use crate::store::{FolderLock, PostgresOptions, SqliteOptions, Store, key_ring};

/// Everything below the doors. Cheap to clone; the folder's lock goes with the last one.
#[derive(Clone)]
pub struct Rooms {
    /// Secrets by reference, and the ways out.
    pub azure: Azure,
    /// The database.
    pub store: Store,
    /// The keys.
    pub vault: Vault,
    /// Principals, sessions, tokens.
    pub identity: Identity,
    /// Calendars and what is in them.
    pub calendars: Calendars,
    /// What there is and who has it.
    pub inventory: Inventory,
    /// What is served over TLS, if a certificate is configured.
    pub(super) certificate: Option<Certificate>,
    lock: Option<Arc<FolderLock>>,
}

impl Rooms {
    /// Takes the data folder's lock (SQLite), opens the database, migrates it, opens the key ring.
    ///
    /// At the first start the key-encryption key is made, unless `vault.key_file` names one.
    ///
    /// # Errors
    /// [`OpenError`] with what to do.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        let azure = Azure::of_process(&settings.azure);
        let (store, lock) = open_store(settings, &azure).await?;
        let may_create = settings.vault.key_file.is_none() && key_ring::is_empty(&store).await?;
        let kek = read_kek(&settings.key_file(), may_create, &azure).await?;
        let vault = key_ring::open(&store, Arc::new(kek)).await?;
        let identity = Identity::new(store.clone(), session_limits(settings));
        let limits = CalendarLimits::of(&settings.calendar);
        let calendars = Calendars::new(store.clone(), Arc::new(vault.clone()), limits);
        let inventory = Inventory::new(store.clone());
        Ok(Self {
            azure,
            store,
            vault,
            identity,
            calendars,
            inventory,
            certificate: Certificate::of(&settings.server.tls, Arc::new(SystemClock)),
            lock: lock.map(Arc::new),
        })
    }

    /// The lock of the data folder; `None` on PostgreSQL, where several processes may serve.
    #[must_use]
    pub fn lock(&self) -> Option<&FolderLock> {
        self.lock.as_deref()
    }
}

async fn open_store(
    settings: &Settings,
    azure: &Azure,
) -> Result<(Store, Option<FolderLock>), OpenError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if settings.store.backend == Backend::Postgres {
        let options = postgres_options(settings, azure).await?;
        return Ok((Store::open_postgres(&options, clock).await?, None));
    }
    let folder = &settings.store.data;
    let lock = FolderLock::take(folder)?;
    let sqlite = &settings.store.sqlite;
    let options = SqliteOptions {
        folder: folder.clone(),
        cache_mib: sqlite.cache_mib,
        mmap_mib: sqlite.mmap_mib,
        group_commit_max: sqlite.group_commit_max as usize,
    };
    Ok((Store::open_sqlite(options, clock).await?, Some(lock)))
}

async fn postgres_options(
    settings: &Settings,
    azure: &Azure,
) -> Result<PostgresOptions, OpenError> {
    let postgres = &settings.store.postgres;
    let password = match &postgres.password {
        Some(reference) => Some(azure.secret(reference).await?.text()?.to_owned().into()),
        None => None,
    };
    Ok(PostgresOptions {
        host: postgres.host.clone(),
        port: postgres.port,
        database: postgres.database.clone(),
        user: postgres.user.clone(),
        password,
        ssl_mode: postgres.sslmode,
        ssl_root_cert: postgres.sslrootcert.clone(),
        max_connections: postgres.max_connections,
    })
}

async fn read_kek(
    reference: &SecretRef,
    may_create: bool,
    azure: &Azure,
) -> Result<Kek, OpenError> {
    match reference {
        SecretRef::File(path) => Ok(Kek::from_file(path, may_create)?),
        SecretRef::Env(_) | SecretRef::KeyVault(_) => {
            Ok(Kek::parse(azure.secret(reference).await?.text()?)?)
        }
    }
}

fn session_limits(settings: &Settings) -> SessionLimits {
    let minutes = |mins: u32| std::time::Duration::from_secs(u64::from(mins) * 60);
    SessionLimits {
        idle: minutes(settings.identity.session_idle_mins),
        absolute: minutes(settings.identity.session_absolute_mins),
    }
}
