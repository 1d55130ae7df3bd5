//! The store: one set of queries over two databases.
//!
//! SQLite is the default and lives in a folder that one process owns; PostgreSQL takes over when
//! one machine is not enough. Both offer the same two shapes:
//!
//! - [`Store::write`]: a closure that changes rows in one transaction with one `now`. It **may run
//!   again** (a serialisation failure on PostgreSQL, a broken group commit on SQLite), so it has no
//!   effect outside its [`Tx`], and it awaits only its [`Tx`].
//! - [`Store::read`]: a closure that sees one consistent state through a [`Snapshot`].
//!
//! **Invariants.** An acknowledged write is durable. A read that begins after a write was
//! acknowledged sees it. Column values are `i64`, `f64`, text and bytes only; an instant is `i64`
//! microseconds UTC; an identifier is 16 bytes. No SQL stands outside this module and the files
//! called `repo.rs`; what differs between the databases stands in [`dialect`].
//!
//! **Absent on purpose.** Every rule of the product.

pub mod dialect;
pub(crate) mod entities;
mod conn;
mod counts;
mod error;
mod folder;
pub mod key_ring;
mod migrate;
mod migrations;
mod postgres;
mod sqlite;
/// A store on the backend under test; the integration tests open theirs by the same file.
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]
#[path = "../../tests/it/support/backend.rs"]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tx;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

pub use conn::{Conn, Row};
pub use counts::WriteCounts;
pub use error::StoreError;
pub use folder::FolderLock;
pub use migrate::{is_known_step, last_step};
pub use postgres::PostgresOptions;
pub use sqlite::SqliteOptions;
pub use tx::{Snapshot, Tx};

use crate::base::Clock;
use crate::telemetry::trace;
use counts::{Asked, Counters};
use sqlite::{Lite, LiteConn, Verdict};

/// The handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Parts>);

struct Parts {
    backend: Backend,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

enum Backend {
    Lite(Lite),
    Postgres(postgres::Postgres),
}

/// Gets pages (4 KiB each) that are copied and pages in all; says whether to go on.
pub type CopyProgress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// How the store itself is, for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Reads and writes work.
    Sound,
    /// Reads work; the last write found the disk full.
    Full,
    /// The database said that its file is damaged.
    Damaged,
}

impl Store {
    /// Opens the SQLite database in a folder, makes it if there is none, and migrates it.
    ///
    /// The caller holds the folder's [`FolderLock`].
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer program wrote it, or whatever opening refuses.
    pub async fn open_sqlite(
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let lite = Lite::open(options)?;
        let store = Self::over(Backend::Lite(lite), clock);
        migrate::run(&store).await?;
        Ok(store)
    }

    fn over(backend: Backend, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Parts {
            backend,
            clock,
            counters: Arc::default(),
        }))
    }

    /// Connects to PostgreSQL and migrates the database; several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] with what the server said, or [`StoreError::Newer`].
    pub async fn open_postgres(
        options: &PostgresOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let postgres = postgres::Postgres::connect(options).await?;
        let store = Self::over(Backend::Postgres(postgres), clock);
        migrate::run(&store).await?;
        Ok(store)
    }

    /// The clock whose time transactions get.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Runs `work` in one transaction and commits what it did if it says `Ok`.
    ///
    /// `work` gets the transaction and `input`; it may run more than once. When this returns `Ok`,
    /// the changes are durable; when it returns `Err`, nothing was changed.
    ///
    /// # Errors
    /// What `work` says, or a [`StoreError`] through `E`.
    pub async fn write<I, T, E, F, Fut>(&self, input: I, work: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(Tx, Arc<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let input = Arc::new(input);
        let _span = trace::database("write", self.system());
        match &self.0.backend {
            Backend::Lite(lite) => {
                let (reply, answer) = oneshot::channel();
                lite.writer.submit(Box::new(LiteCommand {
                    input,
                    work,
                    clock: Arc::clone(&self.0.clock),
                    outcome: None,
                    reply,
                    asked: Asked::now(&self.0.counters),
                }));
                answer
                    .await
                    .unwrap_or_else(|_| Err(StoreError::Closed.into()))
            }
            Backend::Postgres(postgres) => postgres.write(self, input, &work).await,
        }
    }

    /// Runs `work` on one consistent state.
    ///
    /// On SQLite it runs where it is called, on the calling thread: keep single readings below a
    /// millisecond, and page longer ones.
    ///
    /// # Errors
    /// What `work` says, or a [`StoreError`] through `E`.
    pub async fn read<I, T, E, F, Fut>(&self, input: I, work: F) -> Result<T, E>
    where
        I: Send,
        E: From<StoreError>,
        F: FnOnce(Snapshot, I) -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        match &self.0.backend {
            Backend::Lite(lite) => {
                let taken = lite.readers.take()?;
                let Some(conn) = taken.conn() else {
                    return Err(StoreError::Closed.into());
                };
                // It is over in less time than a span takes.
                let result = work(Snapshot::new(Conn::lite(conn), self.0.clock.now()), input).await;
                drop(taken);
                result
            }
            Backend::Postgres(postgres) => {
                let _span = trace::database("read", self.system());
                postgres.read(self.0.clock.as_ref(), input, work).await
            }
        }
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    /// What it refuses.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read((), |at, ()| async move {
            at.fixed("SELECT 1", vec![], |_| Ok(())).await?;
            Ok(())
        })
        .await
    }

    /// How many writes were asked, and how long they waited.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.0.counters.read()
    }

    /// The database, as OpenTelemetry names it in `db.system.name`.
    fn system(&self) -> &'static str {
        match &self.0.backend {
            Backend::Lite(_) => "sqlite",
            Backend::Postgres(_) => "postgresql",
        }
    }

    /// How the store is, without asking the disk.
    #[must_use]
    pub fn condition(&self) -> Condition {
        match &self.0.backend {
            Backend::Lite(lite) if lite.shared.damaged.load(Ordering::Relaxed) => {
                Condition::Damaged
            }
            Backend::Lite(lite) if lite.shared.full.load(Ordering::Relaxed) => Condition::Full,
            _ => Condition::Sound,
        }
    }

    /// Examines the database file page by page (SQLite only; PostgreSQL looks after its own).
    /// Blocks for seconds per GiB: call it from a thread of its own.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with SQLite's finding.
    pub fn integrity(&self) -> Result<(), StoreError> {
        match &self.0.backend {
            Backend::Lite(lite) => lite.integrity(),
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Copies one consistent state of the database into the new file `file` while writes go on
    /// (SQLite only). Blocks for seconds per GiB.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no room for the copy, [`StoreError::Damaged`],
    /// [`StoreError::Closed`] when `progress` broke off, or [`StoreError::NotHere`] on PostgreSQL.
    pub fn copy_to(
        &self,
        file: &std::path::Path,
        progress: CopyProgress<'_>,
    ) -> Result<(), StoreError> {
        match &self.0.backend {
            Backend::Lite(lite) => lite.copy_to(file, progress),
            Backend::Postgres(_) => Err(StoreError::NotHere),
        }
    }

    /// The SQLite folder; `None` on PostgreSQL.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.0.backend {
            Backend::Lite(lite) => Some(&lite.options.folder),
            Backend::Postgres(_) => None,
        }
    }

    /// Finishes the queued writes and lets go of the database.
    pub async fn close(&self) {
        match &self.0.backend {
            Backend::Lite(lite) => lite.writer.close(),
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// A closure on its way to the writer thread.
struct LiteCommand<I, T, E, F> {
    input: Arc<I>,
    work: F,
    clock: Arc<dyn Clock>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    asked: Asked,
}

impl<I, T, E, F, Fut> sqlite::Command for LiteCommand<I, T, E, F>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: Fn(Tx, Arc<I>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
{
    fn run(&mut self, conn: LiteConn) -> Verdict {
        self.asked.begin();
        let tx = Tx::new(Conn::lite(conn), self.clock.now());
        let attempt = AssertUnwindSafe(|| poll_once((self.work)(tx, Arc::clone(&self.input))));
        let outcome =
            std::panic::catch_unwind(attempt).unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        let verdict = if outcome.is_ok() {
            Verdict::Keep
        } else {
            Verdict::Discard
        };
        self.outcome = Some(outcome);
        verdict
    }

    fn settle(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // A caller that has gone away does not want its answer.
        let _gone = self.reply.send(answer);
    }
}

/// SQLite's futures never wait; one that does waits for something else, which is a bug.
fn poll_once<T, E: From<StoreError>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Suspended.into()),
    }
}
