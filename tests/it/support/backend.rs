//! The backend under test. The unit tests of rooms use this file too (`store::testing`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use freehold::base::Clock;
use freehold::config::SslMode;
use freehold::crypto::Kek;
use freehold::store::key_ring::KeyRing;
use freehold::store::{PostgresOptions, SqliteOptions, Store};

/// Whether this run is about PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    std::env::var("FREEHOLD_TEST_BACKEND").is_ok_and(|backend| backend == "postgres")
}

/// A new store: in this folder on SQLite, in a database of its own on PostgreSQL.
pub(crate) async fn open(folder: &Path, clock: Arc<dyn Clock>) -> Store {
    let opened = if on_postgres() {
        Store::open_postgres(&postgres_database(), clock).await
    } else {
        Store::open_sqlite(SqliteOptions::new(folder), clock).await
    };
    opened.unwrap()
}

/// The key ring of a store, wrapped by the key file that a service in this folder has.
pub(crate) async fn keys(store: &Store, folder: &Path) -> KeyRing {
    let kek = Kek::from_file(&folder.join("keys/kek.key"), true).unwrap();
    KeyRing::open(store, kek).await.unwrap()
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
