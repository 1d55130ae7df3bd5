//! What every test starts from: a store of its own on the backend under test.

pub(crate) mod app;
pub(crate) mod dav;
pub(crate) mod hostile;
pub(crate) mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use freehold::audit::{self, Event};
use freehold::base::ManualClock;
use freehold::config::SslMode;
use freehold::store::{FolderLock, PostgresOptions, SqliteOptions, Store, StoreError, Tx};

/// A store in a folder or database of its own, with a clock that stands still.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) lock: Option<FolderLock>,
}

/// Whether this run is about PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    std::env::var("FREEHOLD_TEST_BACKEND").is_ok_and(|backend| backend == "postgres")
}

impl TestStore {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
        if on_postgres() {
            let options = postgres_database();
            let store = Store::open_postgres(&options, clock.clone()).await.unwrap();
            return Self {
                store,
                clock,
                folder,
                lock: None,
            };
        }
        let lock = FolderLock::take(folder.path()).unwrap();
        let options = SqliteOptions::new(folder.path());
        let store = Store::open_sqlite(options, clock.clone()).await.unwrap();
        Self {
            store,
            clock,
            folder,
            lock: Some(lock),
        }
    }
}

/// Makes an empty database in the test cluster.
pub(crate) fn postgres_database() -> PostgresOptions {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let cluster = std::env::var("FREEHOLD_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("run this through `make test` or scripts/with-postgres.sh"));
    let mut parts = cluster.split(':');
    let (host, port, user) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let database = format!(
        "t{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let options = PostgresOptions {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        database: database.clone(),
        user: user.to_owned(),
        password: None,
        ssl_mode: SslMode::Disable,
        ssl_root_cert: None,
        max_connections: 8,
    };
    let made = std::process::Command::new("psql")
        .args([
            "-h",
            host,
            "-p",
            &options.port.to_string(),
            "-U",
            user,
            "-d",
            "postgres",
            "-q",
        ])
        .args(["-c", &format!("CREATE DATABASE {database}")])
        .status()
        .unwrap();
    assert!(made.success(), "psql could not make {database}");
    options
}

/// Appends one entry about `subject` to the audit, as a use case would.
pub(crate) async fn record(tx: &Tx, subject: &str) -> Result<(), StoreError> {
    let event = Event {
        action: "test.thing.done",
        actor: "operator".to_owned(),
        subject: subject.to_owned(),
        detail: serde_json::json!({ "test": true }),
    };
    audit::record(tx, event).await
}
