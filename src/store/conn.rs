//! One handle for queries on both backends: sea-orm statements through [`ConnectionTrait`], fixed
//! hot statements through [`Conn::fixed`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    Value,
};

use super::StoreError;
use super::sqlite::LiteConn;
use crate::base::Id;

/// A connection inside one transaction (`store.write`) or one snapshot (`store.read`).
///
/// On SQLite its futures are ready at the first poll; on PostgreSQL they wait for the network.
#[derive(Clone)]
pub struct Conn(Inner);

#[derive(Clone)]
enum Inner {
    Lite(LiteConn),
    Postgres {
        tx: Arc<DatabaseTransaction>,
        contended: Arc<AtomicBool>,
    },
}

impl Conn {
    pub(super) fn lite(conn: LiteConn) -> Self {
        Self(Inner::Lite(conn))
    }

    pub(super) fn postgres(tx: DatabaseTransaction) -> Self {
        Self(Inner::Postgres {
            tx: Arc::new(tx),
            contended: Arc::default(),
        })
    }

    /// Whether PostgreSQL refused a statement because of another transaction.
    pub(super) fn was_contended(&self) -> bool {
        match &self.0 {
            Inner::Lite(_) => false,
            Inner::Postgres { contended, .. } => contended.load(Ordering::Relaxed),
        }
    }

    /// The PostgreSQL transaction, if this handle is the last one on it.
    pub(super) fn into_postgres(self) -> Option<DatabaseTransaction> {
        match self.0 {
            Inner::Lite(_) => None,
            Inner::Postgres { tx, .. } => Arc::try_unwrap(tx).ok(),
        }
    }

    /// Which dialect the statements are for.
    #[must_use]
    pub(crate) fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    /// Runs a fixed query and maps each row.
    ///
    /// `sql` is one text for both backends with parameters `$1`, `$2`, … whose *first* uses stand
    /// in ascending order (SQLite numbers them by first use). On SQLite it is prepared once per
    /// connection and the columns are read by place, which costs half of an entity query.
    ///
    /// A query in a [`Tx`](super::Tx) may end in ` FOR UPDATE`: its rows are locked until the end
    /// of the transaction. SQLite runs it without these words, because there a transaction that
    /// writes is the only one.
    ///
    /// # Errors
    /// Whatever the statement or `map` refuses.
    pub async fn fixed<T: Send>(
        &self,
        sql: &'static str,
        params: Vec<Value>,
        map: impl Fn(&Row<'_>) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        match &self.0 {
            Inner::Lite(conn) => {
                let sql = sql.strip_suffix(" FOR UPDATE").unwrap_or(sql);
                conn.fixed(sql, &params, |row| map(&Row(RowOf::Lite(row))))
            }
            Inner::Postgres { .. } => {
                let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, params);
                let rows = self.query_all_raw(statement).await?;
                rows.iter()
                    .map(|row| map(&Row(RowOf::Postgres(row))))
                    .collect()
            }
        }
    }

    /// Like [`Self::fixed`], for at most one row.
    ///
    /// # Errors
    /// As [`Self::fixed`].
    pub async fn fixed_one<T: Send>(
        &self,
        sql: &'static str,
        params: Vec<Value>,
        map: impl Fn(&Row<'_>) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.fixed(sql, params, map).await?.into_iter().next())
    }

    /// Runs a fixed statement that returns no rows; gives the number of rows changed.
    ///
    /// # Errors
    /// Whatever the statement refuses.
    pub async fn fixed_execute(
        &self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<u64, StoreError> {
        match &self.0 {
            Inner::Lite(conn) => conn.fixed_execute(sql, &params),
            Inner::Postgres { .. } => {
                let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, params);
                Ok(self.execute_raw(statement).await?.rows_affected())
            }
        }
    }
}

/// One row of a fixed query; columns by place, from 0.
pub struct Row<'a>(RowOf<'a>);

enum RowOf<'a> {
    Lite(&'a rusqlite::Row<'a>),
    Postgres(&'a QueryResult),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// [`StoreError::Value`] when the column holds something else.
        pub fn $name(&self, place: usize) -> Result<$type, StoreError> {
            match self.0 {
                RowOf::Lite(row) => row.get(place).map_err(|e| StoreError::Value(e.to_string())),
                RowOf::Postgres(row) => {
                    row.try_get_by_index(place).map_err(|e| StoreError::Value(e.to_string()))
                }
            }
        }
    };
}

impl Row<'_> {
    column!(
        /// An integer.
        i64, i64
    );
    column!(
        /// An integer or NULL.
        opt_i64, Option<i64>
    );
    column!(
        /// A text.
        text, String
    );
    column!(
        /// A text or NULL.
        opt_text, Option<String>
    );
    column!(
        /// Bytes.
        bytes, Vec<u8>
    );
    column!(
        /// Bytes or NULL.
        opt_bytes, Option<Vec<u8>>
    );

    /// An identifier.
    ///
    /// # Errors
    /// [`StoreError::Value`] when the column does not hold 16 bytes.
    pub fn id<T>(&self, place: usize) -> Result<Id<T>, StoreError> {
        let unexpected = |e: &dyn std::fmt::Display| StoreError::Value(e.to_string());
        let id = match self.0 {
            RowOf::Lite(row) => {
                let value = row.get_ref(place).map_err(|e| unexpected(&e))?;
                Id::from_slice(value.as_blob().map_err(|e| unexpected(&e))?)
            }
            RowOf::Postgres(_) => Id::from_slice(&self.bytes(place)?),
        };
        id.map_err(|e| unexpected(&e))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Conn {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0 {
            Inner::Lite(_) => DbBackend::Sqlite,
            Inner::Postgres { .. } => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Inner::Lite(conn) => conn.execute(&statement),
            Inner::Postgres { tx, contended } => note(tx.execute_raw(statement).await, contended),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Inner::Lite(conn) => conn.execute_batch(sql),
            Inner::Postgres { tx, contended } => note(tx.execute_unprepared(sql).await, contended),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.0 {
            Inner::Lite(conn) => Ok(conn.query(&statement, Some(1))?.into_iter().next()),
            Inner::Postgres { tx, contended } => note(tx.query_one_raw(statement).await, contended),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.0 {
            Inner::Lite(conn) => conn.query(&statement, None),
            Inner::Postgres { tx, contended } => note(tx.query_all_raw(statement).await, contended),
        }
    }
}

/// Remembers that another transaction stood in the way, so that the write is run again.
fn note<T>(result: Result<T, DbErr>, contended: &AtomicBool) -> Result<T, DbErr> {
    result.inspect_err(|error| {
        if let DbErr::Exec(sea_orm::RuntimeErr::SqlxError(inner))
        | DbErr::Query(sea_orm::RuntimeErr::SqlxError(inner)) = error
            && let Some(code) = inner
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
            && matches!(code.as_ref(), "40001" | "40P01")
        {
            contended.store(true, Ordering::Relaxed);
        }
    })
}
