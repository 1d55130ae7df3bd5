//! What can go wrong in the store, in words for the operator.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::base::Kind;

/// The store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index stands against the change; the text names it.
    #[error("a unique index refuses the change: {0}")]
    Unique(String),
    /// A row refers to one that is not there, or is referred to by one that is.
    #[error("a reference between rows refuses the change: {0}")]
    Reference(String),
    /// A check constraint or a trigger stands against the change.
    #[error("a constraint refuses the change: {0}")]
    Constraint(String),
    /// The disk (or the quota) is full. Nothing was written; writes work again once there is room.
    #[error(
        "the disk that holds the database is full: free space or enlarge it; nothing was written, \
         and writes go on without a restart once there is room"
    )]
    Full,
    /// The database file is damaged.
    #[error(
        "the database is damaged ({0}): stop the service, keep the files for examination and \
         restore the last backup; `freehold doctor` runs the check again"
    )]
    Damaged(String),
    /// The database was written by a newer program.
    #[error(
        "the database was migrated by a newer version (it has the step \"{found}\", this program \
         ends at \"{known}\"): start that version, or go back to the data from before it. On SQLite, \
         with no service running: in the data folder put before-{found}.db in the place of \
         freehold.db and remove freehold.db-wal and freehold.db-shm; what was changed since is \
         lost (docs/backup.md). On PostgreSQL restore your own backup"
    )]
    Newer {
        /// The oldest step this program does not know, which the copy is named after.
        found: String,
        /// The last step this program knows.
        known: String,
    },
    /// Another process owns the folder.
    #[error(
        "the folder {folder} is in use by another Freehold process{owner}: stop it, or give this \
         one a folder of its own with --data; one process owns a SQLite folder"
    )]
    InUse {
        /// The data folder.
        folder: String,
        /// " (process 42)" where the lock says so.
        owner: String,
    },
    /// The folder lies where SQLite cannot keep its promises.
    #[error(
        "the folder {folder} is on {filesystem}, where SQLite's locks and shared memory do not \
         work and data would be lost: use a local disk or a block volume, or PostgreSQL"
    )]
    Unsuitable {
        /// The data folder.
        folder: String,
        /// The kind of file system.
        filesystem: &'static str,
    },
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}: {source}: check that it exists and that this user may write it")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}: check `store.*` with `freehold config check`")]
    Unreachable(String),
    /// Another transaction stood in the way too often.
    #[error("the change met other changes too often and was given up: try again")]
    Contended,
    /// The database is no file of ours.
    #[error(
        "a PostgreSQL database is backed up by its server: use the server's point-in-time restore"
    )]
    NotHere,
    /// The store is closing.
    #[error("the store is closed: the service is stopping; try again when it is up")]
    Closed,
    /// A query failed in a way that only the program can be blamed for.
    #[error("a query failed: {0}")]
    Query(String),
    /// A row does not hold what the program wrote.
    #[error("a stored value is not what was expected: {0}")]
    Value(String),
    /// A closure given to `write` waited for something other than its transaction.
    #[error("a write waited for something other than its own transaction: this is a bug")]
    Suspended,
    /// A closure given to `write` panicked; its changes are undone.
    #[error("a write panicked and was undone: this is a bug; the log has its place")]
    Panicked,
}

impl StoreError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unique(_) | Self::Reference(_) => Kind::Conflict,
            Self::Constraint(_) => Kind::Invalid,
            Self::Full => Kind::StorageFull,
            Self::Unreachable(_) | Self::Contended | Self::Closed => Kind::Unavailable,
            _ => Kind::Internal,
        }
    }

    /// Whether a unique index refused the change.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Unique(_))
    }

    /// Whether a unique index over `column` refused it. Both backends name the column: SQLite in
    /// its message, PostgreSQL in the index's name, which ours hold by convention.
    #[must_use]
    pub fn is_unique_on(&self, column: &str) -> bool {
        matches!(self, Self::Unique(text) if text.contains(column))
    }
}

const SQLITE: &str = "sqlite:";

/// Carries an SQLite code through sea-orm's error type; [`StoreError::from`] reads it again.
pub(super) fn to_db_err(error: &rusqlite::Error) -> DbErr {
    let code = match error {
        rusqlite::Error::SqliteFailure(inner, _) => inner.extended_code,
        _ => 0,
    };
    DbErr::Exec(RuntimeErr::Internal(format!("{SQLITE}{code}:{error}")))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        to_db_err(&error).into()
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let DbErr::Exec(RuntimeErr::Internal(text)) | DbErr::Query(RuntimeErr::Internal(text)) =
            &error
            && let Some((code, message)) = text
                .strip_prefix(SQLITE)
                .and_then(|rest| rest.split_once(':'))
        {
            return from_sqlite(code.parse().unwrap_or(0), message);
        }
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(text)) => return Self::Unique(text),
            Some(SqlErr::ForeignKeyConstraintViolation(text)) => return Self::Reference(text),
            _ => {}
        }
        from_postgres(&error)
    }
}

fn from_sqlite(extended: i32, message: &str) -> StoreError {
    use rusqlite::ffi;
    let text = message.to_owned();
    match (extended, extended & 0xff) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, _) => {
            StoreError::Unique(text)
        }
        (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, _) => StoreError::Reference(text),
        (_, ffi::SQLITE_CONSTRAINT) => StoreError::Constraint(text),
        (_, ffi::SQLITE_FULL) => StoreError::Full,
        (_, ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => StoreError::Damaged(text),
        (_, ffi::SQLITE_CANTOPEN) => StoreError::Unreachable(text),
        (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => StoreError::Contended,
        _ => StoreError::Query(text),
    }
}

fn from_postgres(error: &DbErr) -> StoreError {
    let code = postgres_code(error).unwrap_or_default();
    let text = error.to_string();
    match code.as_str() {
        "40001" | "40P01" => StoreError::Contended,
        "53100" => StoreError::Full,
        "XX001" | "XX002" => StoreError::Damaged(text),
        code if code.starts_with("23") => StoreError::Constraint(text),
        code if code.starts_with("08") || code.starts_with("57P") => StoreError::Unreachable(text),
        _ => match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => StoreError::Unreachable(text),
            DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner))
                if matches!(
                    inner.as_ref(),
                    sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
                ) =>
            {
                StoreError::Unreachable(text)
            }
            _ => StoreError::Query(text),
        },
    }
}

fn postgres_code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))
    | DbErr::Conn(RuntimeErr::SqlxError(inner))) = error
    else {
        return None;
    };
    inner
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(Into::into)
}
