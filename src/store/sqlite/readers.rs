//! The readers: connections that keep their snapshot open between readings.
//!
//! Taking SQLite's file locks for every reading serialises threads (measured: no gain from a second
//! core). A reader therefore keeps its read transaction and renews it only when the generation has
//! moved: one atomic load. A snapshot that is out of date ends when its reader comes home, and the
//! writer ends those of idle readers before it checkpoints, so that none holds up the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::{LiteConn, Shared, SqliteOptions, open};
use crate::store::StoreError;

/// More idle connections than this are closed.
const IDLE_MAX: usize = 16;

pub(in crate::store) struct Readers {
    options: SqliteOptions,
    shared: Arc<Shared>,
    idle: Mutex<Vec<Reader>>,
}

struct Reader {
    conn: LiteConn,
    /// The generation at which its snapshot began; `None` when it holds none.
    snapshot: Option<u64>,
}

impl Reader {
    fn end(&mut self) -> Result<(), StoreError> {
        if self.snapshot.take().is_some() {
            self.conn.control("COMMIT")?;
        }
        Ok(())
    }
}

/// A reader taken from the pool; it goes home when dropped.
pub(in crate::store) struct Taken {
    reader: Option<Reader>,
    home: Arc<Readers>,
}

impl Readers {
    pub(super) fn new(options: SqliteOptions, shared: Arc<Shared>) -> Self {
        Self {
            options,
            shared,
            idle: Mutex::default(),
        }
    }

    /// A reader that sees every commit acknowledged until now.
    pub(in crate::store) fn take(self: &Arc<Self>) -> Result<Taken, StoreError> {
        // Read before BEGIN: the snapshot can only be newer than what is noted.
        let generation = self.shared.generation();
        let idle = self.idle.lock().pop();
        let mut reader = if let Some(reader) = idle {
            reader
        } else {
            let connection = open::reader(&self.options)?;
            Reader {
                conn: LiteConn::new(connection, Arc::clone(&self.shared)),
                snapshot: None,
            }
        };
        let is_committing = !generation.is_multiple_of(2);
        if is_committing || reader.snapshot != Some(generation) {
            reader.end()?;
            // Deferred: SQLite takes the snapshot at the first query.
            reader.conn.control("BEGIN")?;
            reader.snapshot = Some(generation);
        }
        Ok(Taken {
            reader: Some(reader),
            home: Arc::clone(self),
        })
    }

    /// Ends the snapshots of all idle readers, so that a checkpoint can pass.
    pub(super) fn release_idle(&self) {
        let mut idle = self.idle.lock();
        idle.retain_mut(|reader| reader.end().is_ok());
    }

    fn put_back(&self, reader: Reader) {
        if reader.conn.is_shared() {
            return;
        }
        if let Some(mut stale) = self.keep_current(reader)
            // Outside the pool's lock: ending takes SQLite's own.
            && stale.end().is_ok()
        {
            Self::push(&mut self.idle.lock(), stale);
        }
    }

    /// Puts a reader back whose snapshot may stay; gives back one whose snapshot has to end.
    fn keep_current(&self, reader: Reader) -> Option<Reader> {
        // Decided under the pool's lock: the writer sets its flag before it takes that lock.
        let mut idle = self.idle.lock();
        let keep = reader.snapshot == Some(self.shared.generation())
            && !self.shared.checkpointing.load(Ordering::Acquire);
        if !keep {
            return Some(reader);
        }
        Self::push(&mut idle, reader);
        None
    }

    fn push(idle: &mut Vec<Reader>, reader: Reader) {
        if idle.len() < IDLE_MAX {
            idle.push(reader);
        }
    }
}

impl Taken {
    pub(in crate::store) fn conn(&self) -> Option<LiteConn> {
        self.reader.as_ref().map(|reader| reader.conn.clone())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.home.put_back(reader);
        }
    }
}
