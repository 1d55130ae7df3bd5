//! The rooms of one data folder: opened from the settings, for the service and for commands alike.

use std::path::Path;
use std::sync::Arc;

use super::{Certificate, OpenError, egress};
use crate::audit::{self, Audit};
use crate::azure::Azure;
use crate::backup::Backups;
use crate::base::{Clock, SystemClock};
use crate::calendar::{CalendarLimits, Calendars};
use crate::config::{Backend, KekPlace, SecretRef, Settings};
use crate::crypto::{Kek, KekError, RecoveryKey, RecoveryPrivateKey};
use crate::identity::rates::Rates;
use crate::identity::{Actor, Identity, SessionLimits, principals, tokens};
use crate::inventory::Inventory;
use crate::store::key_ring::{KeyRing, LockedRing};
use crate::store::{FolderLock, PostgresOptions, SqliteOptions, Store, Tx};

/// Everything below the doors. Cheap to clone; the folder's lock goes with the last one.
#[derive(Clone)]
pub struct Rooms {
    /// Secrets by reference, and the ways out.
    pub azure: Azure,
    /// The database.
    pub store: Store,
    /// The keys.
    pub keys: KeyRing,
    /// Who did what.
    pub audit: Audit,
    /// Principals, sessions, tokens.
    pub identity: Identity,
    /// Calendars and what is in them.
    pub calendars: Calendars,
    /// What there is and who has it.
    pub inventory: Inventory,
    /// Copies of all this, kept elsewhere.
    pub backups: Backups,
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
        Self::open_with(settings, egress::azure(settings)).await
    }

    /// The same, with secrets and ways out that are in use already.
    ///
    /// # Errors
    /// [`OpenError`] with what to do.
    pub async fn open_with(settings: &Settings, azure: Azure) -> Result<Self, OpenError> {
        let (store, lock) = open_store(settings, &azure).await?;
        let ring = LockedRing::find(&store).await?;
        let may_create = settings.vault.key_file.is_none() && ring.is_new();
        let ring = ring.with_recovery(recovery_key(settings)?);
        let place = settings.kek_place().ok_or(KekError::NoAddress)?;
        let keys = ring.unlock(kek(place, may_create, &azure)?).await?;
        let audit = Audit::new(store.clone(), keys.clone());
        let identity = Identity::new(store.clone(), keys.clone(), session_limits(settings))
            .with_rates(Rates::from(&settings.limits));
        principals::ensure_keys(&identity).await?;
        tokens::seal_labels(&identity).await?;
        let limits = CalendarLimits::of(&settings.calendar);
        let calendars = Calendars::new(store.clone(), keys.clone(), limits);
        let inventory = Inventory::new(store.clone(), keys.clone());
        let backups = Backups::new(settings, &azure, (store.clone(), keys.clone()));
        let tls = &settings.server.tls;
        let certificate = Certificate::of(tls, &azure, Arc::new(SystemClock)).await;
        Ok(Self {
            azure,
            store,
            keys,
            audit,
            identity,
            calendars,
            inventory,
            backups,
            certificate,
            lock: lock.map(Arc::new),
        })
    }

    /// Finishes the queued writes and lets go of key ring and database.
    pub async fn close(&self) {
        self.store.close().await;
        self.keys.close().await;
    }

    /// Opens the key ring with the private half of the recovery key in the file `private`, and wraps
    /// the root key for the key-encryption key of the settings: a new key file is made where there is
    /// none. Nobody may serve the folder meanwhile.
    ///
    /// # Errors
    /// [`OpenError`] with what to do.
    pub async fn recover(settings: &Settings, private: &Path) -> Result<(), OpenError> {
        let text = SecretRef::File(private.to_owned()).resolve()?;
        let private = RecoveryPrivateKey::from_pem(text.bytes())?;
        let azure = egress::azure(settings);
        let (store, _lock) = open_store(settings, &azure).await?;
        let ring = LockedRing::find(&store).await?;
        let ring = ring.with_recovery(recovery_key(settings)?);
        let place = settings.kek_place().ok_or(KekError::NoAddress)?;
        let keys = ring.recover(&private, kek(place, true, &azure)?).await?;
        let recovered = |tx: Tx, _: Arc<()>| async move {
            let event = audit::Event {
                action: "keys.recover",
                actor: Actor::operator().to_audit(),
                subject: "key_ring".to_owned(),
                detail: serde_json::json!({}),
            };
            audit::record(&tx, event).await
        };
        let recorded = store.write((), recovered).await;
        store.close().await;
        keys.close().await;
        Ok(recorded?)
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
        cache_mib: sqlite.cache_mib,
        mmap_mib: sqlite.mmap_mib,
        group_commit_max: sqlite.group_commit_max as usize,
        ..SqliteOptions::new(folder)
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

/// The public half of the recovery key, if one is configured.
fn recovery_key(settings: &Settings) -> Result<Option<RecoveryKey>, OpenError> {
    let Some(path) = &settings.vault.recovery_key else {
        return Ok(None);
    };
    let text = SecretRef::File(path.clone()).resolve()?;
    Ok(Some(RecoveryKey::from_pem(text.bytes())?))
}

/// The key-encryption key at this place; a file is made when it may be and there is none.
///
/// # Errors
/// [`KekError`].
pub(super) fn kek(place: KekPlace, may_create: bool, azure: &Azure) -> Result<Kek, KekError> {
    match place {
        KekPlace::KeyVault(key) => Ok(Kek::key_vault(azure.clone(), key)),
        KekPlace::Secret(SecretRef::File(path)) => Kek::from_file(&path, may_create),
        KekPlace::Secret(reference) => Kek::from_secret(reference),
    }
}

fn session_limits(settings: &Settings) -> SessionLimits {
    let minutes = |mins: u32| std::time::Duration::from_secs(u64::from(mins) * 60);
    SessionLimits {
        idle: minutes(settings.identity.session_idle_mins),
        absolute: minutes(settings.identity.session_absolute_mins),
        step_up: minutes(settings.identity.step_up_mins),
    }
}
