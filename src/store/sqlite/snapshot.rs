//! Copies of the database while it is written: one held snapshot, by SQLite's backup interface.
//!
//! A copy without a held snapshot begins anew with each commit of somebody else and never ends under
//! load. With one, commits go on and the log grows until the copy is made.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{Lite, Shared, open};
use crate::store::{CopyProgress, StoreError};

/// Pages (4 KiB each) that are copied at once.
const STEP_PAGES: i32 = 2048;
/// How long a step waits when the file is locked.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// How often a locked file is tried again.
const BUSY_MAX: u32 = 500;

/// While it lives, the writer leaves the log alone.
struct Held<'a>(&'a Shared);

impl<'a> Held<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.copying.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.copying.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lite {
    /// Writes one consistent state into the new file `file` (mode 0600), which is not made durable.
    /// `progress` gets pages done and pages in all, and may break off.
    pub(in crate::store) fn copy_to(
        &self,
        file: &Path,
        progress: CopyProgress<'_>,
    ) -> Result<(), StoreError> {
        make(file)?;
        let _held = Held::new(&self.shared);
        let source = open::reader(&self.options)?;
        source.execute_batch("BEGIN")?;
        // The snapshot begins with the first reading.
        source.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        copy(&source, file, progress).inspect_err(|error| self.shared.note_damage(error))
    }
}

fn copy(source: &Connection, file: &Path, progress: CopyProgress<'_>) -> Result<(), StoreError> {
    let mut target = Connection::open(file)?;
    // Nobody reads it before it is whole, and a crash makes it worthless.
    target.execute_batch("PRAGMA journal_mode=off; PRAGMA synchronous=off")?;
    let copying = Backup::new(source, &mut target)?;
    let mut busy = 0;
    loop {
        match copying.step(STEP_PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if busy == BUSY_MAX => {
                return Err(StoreError::Contended);
            }
            StepResult::Busy | StepResult::Locked => {
                busy += 1;
                std::thread::sleep(BUSY_PAUSE);
            }
            _ => {}
        }
        let at = copying.progress();
        let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
        let all = count(at.pagecount);
        if progress(all.saturating_sub(count(at.remaining)), all).is_break() {
            return Err(StoreError::Closed);
        }
    }
}

fn make(file: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(file);
    made.map(drop).map_err(|source| StoreError::File {
        what: "make",
        path: file.display().to_string(),
        source,
    })
}
