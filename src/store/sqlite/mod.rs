//! SQLite on rusqlite: one writer thread with group commit, many readers with held snapshots.
//!
//! **Invariants.** One process owns the folder. `synchronous=FULL`: an acknowledged write is on the
//! disk. Readers never see a state older than the last commit that finished before they began.
//! The write-ahead log is bounded: the writer checkpoints it and sends idle snapshots home first.

mod conn;
mod open;
mod readers;
mod snapshot;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

pub(super) use conn::LiteConn;
pub(super) use readers::Readers;
pub(super) use writer::{Command, Verdict, Writer};

use super::StoreError;

/// How a SQLite folder is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The folder.
    pub folder: PathBuf,
    /// The name of the database's file in it.
    pub file: &'static str,
    /// The page cache of each connection, in MiB.
    pub cache_mib: u32,
    /// How much of the file is mapped into memory, in MiB.
    pub mmap_mib: u32,
    /// How many commands at most share one commit.
    pub group_commit_max: usize,
    /// Whether every deleted byte is overwritten, whatever that costs.
    pub overwrite_deleted: bool,
}

impl SqliteOptions {
    /// The defaults for `folder`: `freehold.db`, 16 MiB of cache, 256 MiB mapped, 256 commands per commit.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            file: "freehold.db",
            cache_mib: 16,
            mmap_mib: 256,
            group_commit_max: 256,
            overwrite_deleted: false,
        }
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join(self.file)
    }
}

/// What writer and readers share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Moves with every commit and every checkpoint; a snapshot taken before is renewed. It is odd
    /// while a commit is under way: some then see the state before it and some the one after, so
    /// no snapshot from that time, or held since before, may answer the next reading. Otherwise
    /// somebody could read the new state first and the old one after it.
    generation: AtomicU64,
    /// The writer is copying the log back: no reader may keep its snapshot at home, or the log
    /// could not begin anew.
    checkpointing: AtomicBool,
    /// How many copies are being made. Each holds its snapshot for seconds: the log cannot begin
    /// anew meanwhile, so the writer does not wait for that.
    copying: AtomicUsize,
    /// The last commit failed because the disk is full.
    pub(super) full: AtomicBool,
    /// SQLite said that the file is damaged.
    pub(super) damaged: AtomicBool,
}

impl Shared {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A commit begins, or has ended.
    fn half_step(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// All snapshots until now are to be renewed.
    fn advance(&self) {
        self.generation.fetch_add(2, Ordering::AcqRel);
    }

    /// A full disk that a copy finds may be another one than that of the database.
    fn note_damage(&self, error: &StoreError) {
        if matches!(error, StoreError::Damaged(_)) {
            self.note(error);
        }
    }

    fn note(&self, error: &StoreError) {
        match error {
            StoreError::Full => self.full.store(true, Ordering::Relaxed),
            StoreError::Damaged(_) => self.damaged.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// The SQLite half of the store.
pub(super) struct Lite {
    pub(super) writer: Writer,
    pub(super) readers: Arc<Readers>,
    pub(super) shared: Arc<Shared>,
    pub(super) options: SqliteOptions,
}

impl Lite {
    /// Opens (or makes) the database and starts the writer.
    pub(super) fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        open::assert_version()?;
        let shared = Arc::new(Shared::default());
        let connection = open::writer(&options)?;
        let readers = Arc::new(Readers::new(options.clone(), Arc::clone(&shared)));
        let writer = Writer::start(
            connection,
            Arc::clone(&readers),
            Arc::clone(&shared),
            options.group_commit_max,
        )?;
        Ok(Self {
            writer,
            readers,
            shared,
            options,
        })
    }

    /// Copies the log into the database and cuts it to nothing: what was deleted is in neither.
    pub(super) fn empty_log(&self) -> Result<(), StoreError> {
        self.shared.advance();
        self.readers.release_idle();
        let connection = open::writer(&self.options)?;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if busy == 0 {
            return Ok(());
        }
        Err(StoreError::Contended)
    }

    /// Checks every page of the file (`PRAGMA quick_check`); takes seconds per GiB.
    pub(super) fn integrity(&self) -> Result<(), StoreError> {
        let connection = open::reader(&self.options)?;
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(StoreError::from)
            .inspect_err(|error| self.shared.note(error))?;
        if verdict == "ok" {
            return Ok(());
        }
        let error = StoreError::Damaged(verdict);
        self.shared.note(&error);
        Err(error)
    }
}
