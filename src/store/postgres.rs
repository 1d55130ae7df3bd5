//! PostgreSQL through sqlx: `READ COMMITTED` for writes, one `REPEATABLE READ` snapshot for reads.
//!
//! Writers take row locks before they read what they change (a calendar's change sequence, the head
//! of the audit chain), so the order of changes is the order of commits. Deadlocks and
//! serialisation failures run the closure again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    AccessMode, DatabaseConnection, IsolationLevel, SqlxPostgresConnector, TransactionTrait,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};

use super::counts::Asked;
use super::{Conn, Snapshot, Store, StoreError, Tx};
use crate::base::Clock;
use crate::config::SslMode;

/// Attempts before a contended write is given up.
const ATTEMPTS: u32 = 8;
/// How long somebody waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// Where the PostgreSQL database is.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Host name, address, or the folder of a socket.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Name of the role.
    pub user: String,
    /// Its password; any characters.
    pub password: Option<zeroize::Zeroizing<String>>,
    /// Protection of the connection.
    pub ssl_mode: SslMode,
    /// PEM file with the certificate authorities to trust instead of the public ones.
    pub ssl_root_cert: Option<PathBuf>,
    /// Connections at most.
    pub max_connections: u32,
}

/// The PostgreSQL half of the store.
pub(super) struct Postgres {
    db: DatabaseConnection,
}

impl Postgres {
    pub(super) async fn connect(options: &PostgresOptions) -> Result<Self, StoreError> {
        let mut connect = PgConnectOptions::new_without_pgpass()
            .host(&options.host)
            .port(options.port)
            .database(&options.database)
            .username(&options.user)
            .application_name("freehold")
            .ssl_mode(match options.ssl_mode {
                SslMode::VerifyFull => PgSslMode::VerifyFull,
                SslMode::VerifyCa => PgSslMode::VerifyCa,
                SslMode::Require => PgSslMode::Require,
                SslMode::Disable => PgSslMode::Disable,
            });
        if let Some(password) = &options.password {
            connect = connect.password(password);
        }
        if let Some(path) = &options.ssl_root_cert {
            connect = connect.ssl_root_cert(path);
        }
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(ACQUIRE)
            .connect_with(connect)
            .await
            .map_err(|error| StoreError::Unreachable(error.to_string()))?;
        Ok(Self {
            db: SqlxPostgresConnector::from_sqlx_postgres_pool(pool),
        })
    }

    /// The same database with two connections of its own, for which names are in `schema`.
    pub(super) fn in_schema(&self, schema: &'static str) -> Self {
        let connect = self.db.get_postgres_connection_pool().connect_options();
        let connect = PgConnectOptions::clone(&connect).options([("search_path", schema)]);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(ACQUIRE)
            .connect_lazy_with(connect);
        Self {
            db: SqlxPostgresConnector::from_sqlx_postgres_pool(pool),
        }
    }

    pub(super) async fn write<I, T, E, F, Fut>(
        &self,
        store: &Store,
        input: Arc<I>,
        work: &F,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Fn(Tx, Arc<I>) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let mut asked = Asked::now(&store.0.counters);
        for attempt in 0..ATTEMPTS {
            let level = Some(IsolationLevel::ReadCommitted);
            let begun = self.db.begin_with_config(level, None).await;
            asked.begin();
            let begun = begun.map_err(StoreError::from)?;
            let tx = Tx::new(Conn::postgres(begun), store.0.clock.now());
            let result = work(tx.clone(), Arc::clone(&input)).await;
            let contended = tx.was_contended();
            let Some(open) = tx.into_conn().into_postgres() else {
                return Err(StoreError::Query("a write kept its transaction".to_owned()).into());
            };
            let value = match result {
                Ok(value) => value,
                Err(error) => {
                    // A connection that cannot roll back is closed by the pool.
                    let _closed = open.rollback().await;
                    if contended {
                        pause(attempt).await;
                        continue;
                    }
                    return Err(error);
                }
            };
            match open.commit().await.map_err(StoreError::from) {
                Ok(()) => return Ok(value),
                Err(StoreError::Contended) => pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Contended.into())
    }

    pub(super) async fn read<I, T, E, F, Fut>(
        &self,
        clock: &dyn Clock,
        input: I,
        work: F,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(Snapshot, I) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let open = self
            .db
            .begin_with_config(
                Some(IsolationLevel::RepeatableRead),
                Some(AccessMode::ReadOnly),
            )
            .await
            .map_err(StoreError::from)?;
        let snapshot = Snapshot::new(Conn::postgres(open), clock.now());
        let result = work(snapshot.clone(), input).await;
        if let Some(open) = snapshot.into_conn().into_postgres() {
            // Nothing was written; a failed end only costs the pool a connection.
            let _closed = open.rollback().await;
        }
        result
    }

    pub(super) async fn close(&self) {
        self.db.get_postgres_connection_pool().close().await;
    }
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(2_u64 << attempt)).await;
}
