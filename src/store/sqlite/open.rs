//! Opening connections: version, pragmas, limits.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::SqliteOptions;
use crate::store::StoreError;

/// SQLite before 3.51.3 can lose commits when two connections reset the write-ahead log.
const OLDEST: i32 = 3_051_003;

pub(super) fn assert_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= OLDEST {
        return Ok(());
    }
    Err(StoreError::Query(format!(
        "this program was built with SQLite {}, which can lose commits: build it with 3.51.3 or \
         newer (the crate's bundled one)",
        rusqlite::version()
    )))
}

pub(super) fn writer(options: &SqliteOptions) -> Result<Connection, StoreError> {
    let connection = open(options, OpenFlags::SQLITE_OPEN_CREATE)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Query(format!(
            "SQLite did not turn on its log: it says {mode}"
        )));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // Nobody else writes: the writer only ever waits for readings, at a checkpoint.
    connection.busy_timeout(std::time::Duration::from_millis(250))?;
    // A log that grew under a long reader gives its space back at the next reset.
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    Ok(connection)
}

pub(super) fn reader(options: &SqliteOptions) -> Result<Connection, StoreError> {
    let connection = open(options, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(options: &SqliteOptions, extra: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let connection = Connection::open_with_flags(options.database(), flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    let thorough = if options.overwrite_deleted {
        "on"
    } else {
        "fast"
    };
    connection.pragma_update(None, "secure_delete", thorough)?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_mib) * 1024)?;
    connection.pragma_update(None, "mmap_size", i64::from(options.mmap_mib) * 1024 * 1024)?;
    Ok(connection)
}
