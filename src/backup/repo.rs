//! What is asked of the copies: whether they are whole, and what they are.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::store::StoreError;

/// What a copy of the database says of itself.
pub(super) struct Examined {
    /// The last step of its schema.
    pub(super) schema: String,
    /// The key ring that it belongs to; empty for one that belongs to none yet.
    pub(super) ring: String,
}

/// Checks every page, index and reference of a copy of the database.
pub(super) fn examine(file: &Path) -> Result<Examined, StoreError> {
    let copy = whole(file)?;
    let schema = "SELECT COALESCE(MAX(name), '') FROM schema_migration";
    let schema = copy.query_row(schema, [], |row| row.get(0))?;
    let has_ring = "SELECT 1 FROM sqlite_schema WHERE name = 'key_ring'";
    let has_ring = copy.query_row(has_ring, [], |_| Ok(())).optional()?;
    let ring = match has_ring {
        Some(()) => {
            let ring = "SELECT id FROM key_ring";
            copy.query_row(ring, [], |row| row.get(0)).optional()?
        }
        None => None,
    };
    Ok(Examined {
        schema,
        ring: ring.unwrap_or_default(),
    })
}

/// The same for a copy of the key ring: gives the id of its key for look-up hashes, after which the
/// database calls the ring.
pub(super) fn examine_ring(file: &Path) -> Result<String, StoreError> {
    let copy = whole(file)?;
    let index = "SELECT id FROM data_key WHERE purpose = 'index' ORDER BY created_at LIMIT 1";
    let index = copy.query_row(index, [], |row| row.get(0)).optional()?;
    Ok(index.unwrap_or_default())
}

/// Makes a restored database one of which no client knows more than it does: every sync token from
/// before is refused, so that clients fetch everything once (RFC 6578 §3.2), and nobody is signed in.
/// `epoch` is larger at every later restore.
pub(super) fn begin_anew(file: &Path, epoch: i64) -> Result<(), StoreError> {
    let mut copy = Connection::open(file)?;
    let change = copy.transaction()?;
    let sql = "UPDATE calendar SET change_seq = ?1, floor_seq = ?1 WHERE change_seq < ?1";
    change.execute(sql, [epoch])?;
    change.execute("DELETE FROM session", [])?;
    change.execute("DELETE FROM sign_in_link", [])?;
    change.commit()?;
    let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
    copy.query_row(fold, [], |_| Ok(()))?;
    Ok(())
}

fn whole(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    // Nobody writes it, so it needs no log and no lock beside it.
    let name = percent_encoding::utf8_percent_encode(
        &file.to_string_lossy(),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let name = format!("file:{}?immutable=1", name.replace("%2F", "/"));
    let copy = Connection::open_with_flags(name, flags)?;
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict));
    }
    let dangling: Option<String> = copy
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()?;
    match dangling {
        None => Ok(copy),
        Some(table) => Err(StoreError::Damaged(format!(
            "a row of {table} refers to a row that is not there"
        ))),
    }
}
