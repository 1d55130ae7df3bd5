//! The only place where SQLite and PostgreSQL differ in SQL.

use sea_orm::DbBackend;
use sea_orm::sea_query::SelectStatement;

/// Locks the selected rows until the end of the transaction, passing over those that another has
/// locked. SQLite has one writer, so there is nothing to lock.
pub(crate) fn lock_free_rows(backend: DbBackend, select: &mut SelectStatement) {
    use sea_orm::sea_query::{LockBehavior, LockType};
    if backend == DbBackend::Postgres {
        select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
}

/// Where the key ring is on PostgreSQL.
pub(super) const RING_SCHEMA: &str = "freehold_keys";
pub(super) const FIND_RING_SCHEMA: &str =
    "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'freehold_keys'";
pub(super) const CREATE_RING_SCHEMA: &str = "CREATE SCHEMA freehold_keys";

/// Lets one process at a time migrate or make the first keys; the lock ends with the transaction.
pub(super) fn migration_lock(backend: DbBackend) -> Option<&'static str> {
    (backend == DbBackend::Postgres).then_some("SELECT pg_advisory_xact_lock(7305421)")
}
