//! Opening the store of a folder that nobody serves.

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::base::SystemClock;
use crate::store::{FolderLock, SqliteOptions, Store};

/// The store and the lock that makes it ours.
pub(super) struct Opened {
    pub(super) store: Store,
    _lock: FolderLock,
}

/// Opens the database in `folder`; refuses a folder that has none, so that a misspelt path does not
/// make a new one.
pub(super) async fn existing(folder: &Path) -> Result<Opened, Failure> {
    let options = SqliteOptions::new(folder);
    if !options.database().exists() {
        let path = options.database();
        return Err(format!("there is no database at {}: check --data", path.display()).into());
    }
    let lock = FolderLock::take(folder)?;
    let store = Store::open_sqlite(options, Arc::new(SystemClock)).await?;
    Ok(Opened { store, _lock: lock })
}
