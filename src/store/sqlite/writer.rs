//! The writer: one thread, one connection, many commands per commit.
//!
//! Commands that wait together share one transaction, each in a savepoint of its own, and are
//! answered after the commit. When the commit (or SQLite itself) breaks the group, every command
//! runs again in a transaction of its own, so that only the guilty one fails.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{LiteConn, Readers, Shared};
use crate::store::StoreError;

/// Pages in the log (4 KiB each) from which the writer checkpoints.
const CHECKPOINT_PAGES: i32 = 2_000;

thread_local! {
    /// How many pages the log of this thread's connection holds.
    static LOG_PAGES: Cell<i32> = const { Cell::new(0) };
}

/// One command on its way through the writer.
pub(in crate::store) trait Command: Send {
    /// Runs the command in a savepoint; tells whether its changes are to be kept. May run again.
    fn run(&mut self, conn: LiteConn) -> Verdict;
    /// Answers the caller, after the commit or its failure.
    fn settle(self: Box<Self>, commit: Result<(), StoreError>);
}

/// What becomes of a command's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Verdict {
    Keep,
    Discard,
}

pub(in crate::store) struct Writer {
    queue: Mutex<Option<Sender<Box<dyn Command>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        readers: Arc<Readers>,
        shared: Arc<Shared>,
        group_max: usize,
    ) -> Result<Self, StoreError> {
        let (queue, commands) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                connection.wal_hook(Some(|_, pages| {
                    LOG_PAGES.set(pages);
                    Ok(())
                }));
                let conn = LiteConn::new(connection, Arc::clone(&shared));
                Loop {
                    conn,
                    readers,
                    shared,
                    group_max,
                }
                .run(&commands);
            })
            .map_err(|source| StoreError::File {
                what: "start the thread of",
                path: "the writer".to_owned(),
                source,
            })?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues a command; it is settled whatever happens.
    pub(in crate::store) fn submit(&self, command: Box<dyn Command>) {
        let queue = self.queue.lock().clone();
        match queue {
            Some(queue) => {
                if let Err(refused) = queue.send(command) {
                    refused.0.settle(Err(StoreError::Closed));
                }
            }
            None => command.settle(Err(StoreError::Closed)),
        }
    }

    /// Finishes what is queued, checkpoints and ends the thread. Blocks; call it once, at the end.
    pub(in crate::store) fn close(&self) {
        drop(self.queue.lock().take());
        if let Some(thread) = self.thread.lock().take() {
            // A writer that panicked has answered nobody; there is nothing more to save.
            let _ended = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

struct Loop {
    conn: LiteConn,
    readers: Arc<Readers>,
    shared: Arc<Shared>,
    group_max: usize,
}

impl Loop {
    fn run(&self, commands: &Receiver<Box<dyn Command>>) {
        while let Ok(first) = commands.recv() {
            let mut group = vec![first];
            while group.len() < self.group_max
                && let Ok(next) = commands.try_recv()
            {
                group.push(next);
            }
            self.work(group);
            if LOG_PAGES.get() >= CHECKPOINT_PAGES {
                self.checkpoint();
            }
        }
        self.checkpoint();
    }

    fn work(&self, mut group: Vec<Box<dyn Command>>) {
        match self.together(&mut group) {
            Ok(()) => group.into_iter().for_each(|command| command.settle(Ok(()))),
            Err(error) if group.len() == 1 => {
                self.shared.note(&error);
                if let Some(command) = group.pop() {
                    command.settle(Err(error));
                }
            }
            Err(_) => {
                for command in group {
                    self.work(vec![command]);
                }
            }
        }
    }

    /// One transaction for the whole group.
    fn together(&self, group: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE")?;
        let mut kept = false;
        for command in &mut *group {
            match self.one(command.as_mut()) {
                Ok(verdict) => kept |= verdict == Verdict::Keep,
                Err(error) => {
                    self.abandon();
                    return Err(error);
                }
            }
        }
        if !kept {
            return self.control("ROLLBACK");
        }
        self.shared.half_step();
        let committed = self.control("COMMIT");
        self.shared.half_step();
        if let Err(error) = committed {
            self.abandon();
            return Err(error);
        }
        self.shared.full.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn one(&self, command: &mut dyn Command) -> Result<Verdict, StoreError> {
        self.control("SAVEPOINT c")?;
        let verdict = command.run(self.conn.clone());
        // Some failures (disk full, out of memory) make SQLite end the whole transaction itself.
        if self.conn.lock().is_autocommit() {
            return Err(StoreError::Full);
        }
        match verdict {
            Verdict::Keep => self.control("RELEASE c")?,
            Verdict::Discard => {
                self.control("ROLLBACK TO c")?;
                self.control("RELEASE c")?;
            }
        }
        Ok(verdict)
    }

    fn abandon(&self) {
        if !self.conn.lock().is_autocommit()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "the writer could not undo a broken group");
        }
    }

    fn control(&self, sql: &'static str) -> Result<(), StoreError> {
        Ok(self.conn.control(sql)?)
    }

    /// Copies the log into the database and lets the next commit begin it anew.
    fn checkpoint(&self) {
        if self.shared.copying.load(Ordering::Acquire) > 0 {
            return;
        }
        self.shared.checkpointing.store(true, Ordering::Release);
        self.shared.advance();
        self.readers.release_idle();
        // Waits (a moment, by the busy timeout) for the readings under way, then copies.
        let result: Result<(i64, i64, i64), rusqlite::Error> =
            self.conn
                .lock()
                .query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                });
        self.shared.checkpointing.store(false, Ordering::Release);
        match result {
            Ok((0, log, copied)) if log == copied => LOG_PAGES.set(0),
            // A reading was under way all the time: the next commit tries again.
            Ok(_) => {}
            Err(error) => {
                let error = StoreError::from(error);
                self.shared.note(&error);
                tracing::warn!(%error, "the write-ahead log could not be copied back");
            }
        }
    }
}
