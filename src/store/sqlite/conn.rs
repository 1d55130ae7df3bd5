//! One SQLite connection, spoken to in sea-orm's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{CachedStatement, Connection};
use sea_orm::{DbErr, ExecResult, ProxyExecResult, ProxyRow, QueryResult, Statement, Value};

use super::Shared;
use crate::store::StoreError;
use crate::store::error::to_db_err;

/// A shared connection. Only one thread uses it at a time: the writer's, or the one that took it
/// from the readers' pool; the lock is there to prove it without `unsafe`.
#[derive(Clone)]
pub(in crate::store) struct LiteConn {
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Shared>,
}

impl LiteConn {
    pub(super) fn new(connection: Connection, shared: Arc<Shared>) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            shared,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock()
    }

    /// Runs a statement that begins or ends something. It is prepared once: there are four for
    /// every write, and two for a reading after it.
    pub(super) fn control(&self, sql: &'static str) -> Result<(), rusqlite::Error> {
        self.lock().prepare_cached(sql)?.raw_execute().map(drop)
    }

    /// Whether some closure kept a handle beyond its transaction.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.connection) > 1
    }

    pub(in crate::store) fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let params = statement
            .values
            .as_ref()
            .map_or(&[][..], |values| &values.0);
        let rows_affected = self
            .execute_cached(&statement.sql, params)
            .map_err(|e| self.noted(&e))?;
        Ok(ProxyExecResult {
            last_insert_id: 0,
            rows_affected,
        }
        .into())
    }

    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lock().execute_batch(sql).map_err(|e| self.noted(&e))?;
        Ok(ProxyExecResult::default().into())
    }

    pub(in crate::store) fn fixed_execute(
        &self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        Ok(self
            .execute_cached(sql, params)
            .map_err(|e| self.noted(&e))?)
    }

    fn execute_cached(&self, sql: &str, params: &[Value]) -> Result<u64, rusqlite::Error> {
        let connection = self.lock();
        let mut prepared = connection.prepare_cached(sql)?;
        bind(&mut prepared, params)?;
        Ok(prepared.raw_execute()? as u64)
    }

    pub(in crate::store) fn query(
        &self,
        statement: &Statement,
        at_most: Option<usize>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let params = statement
            .values
            .as_ref()
            .map_or(&[][..], |values| &values.0);
        self.query_rows(&statement.sql, params, at_most)
            .map_err(|e| self.noted(&e))
    }

    fn query_rows(
        &self,
        sql: &str,
        params: &[Value],
        at_most: Option<usize>,
    ) -> Result<Vec<QueryResult>, rusqlite::Error> {
        let connection = self.lock();
        let mut prepared = connection.prepare_cached(sql)?;
        bind(&mut prepared, params)?;
        let columns: Vec<(String, Empty)> = prepared
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), Empty::of(column.decl_type())))
            .collect();
        let mut rows = prepared.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = BTreeMap::new();
            for (place, (name, empty)) in columns.iter().enumerate() {
                values.insert(name.clone(), to_value(row.get_ref(place)?, *empty));
            }
            out.push(ProxyRow { values }.into());
            if at_most == Some(out.len()) {
                break;
            }
        }
        Ok(out)
    }

    pub(in crate::store) fn fixed<T>(
        &self,
        sql: &'static str,
        params: &[Value],
        map: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.fixed_rows(sql, params, map)
            .inspect_err(|error| self.shared.note(error))
    }

    /// Health keeps what SQLite said of a full disk or a damaged file, whoever asked.
    fn noted(&self, error: &rusqlite::Error) -> DbErr {
        let error = to_db_err(error);
        self.shared.note(&error.clone().into());
        error
    }

    fn fixed_rows<T>(
        &self,
        sql: &'static str,
        params: &[Value],
        map: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let connection = self.lock();
        let mut prepared = connection.prepare_cached(sql)?;
        bind(&mut prepared, params)?;
        let mut rows = prepared.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(map(row)?);
        }
        Ok(out)
    }
}

fn bind(prepared: &mut CachedStatement<'_>, params: &[Value]) -> Result<(), rusqlite::Error> {
    for (place, value) in params.iter().enumerate() {
        prepared.raw_bind_parameter(place + 1, Bound(value))?;
    }
    Ok(())
}

/// A sea-orm value on its way into SQLite, borrowed.
struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let integer = |n: Option<i64>| Ok(ToSqlOutput::Owned(n.map_or(Sql::Null, Sql::Integer)));
        match self.0 {
            Value::BigInt(n) => integer(*n),
            Value::Int(n) => integer(n.map(i64::from)),
            Value::SmallInt(n) => integer(n.map(i64::from)),
            Value::TinyInt(n) => integer(n.map(i64::from)),
            Value::Unsigned(n) => integer(n.map(i64::from)),
            // sea-query binds LIMIT and OFFSET as unsigned 64-bit numbers.
            Value::BigUnsigned(n) => integer(n.map(|n| i64::try_from(n).unwrap_or(i64::MAX))),
            Value::Bool(b) => integer(b.map(i64::from)),
            Value::Double(n) => Ok(ToSqlOutput::Owned(n.map_or(Sql::Null, Sql::Real))),
            Value::String(Some(text)) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
            Value::Bytes(Some(bytes)) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes))),
            Value::String(None) | Value::Bytes(None) => Ok(ToSqlOutput::Owned(Sql::Null)),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!("columns hold i64, f64, text or bytes, not {other:?}").into(),
            )),
        }
    }
}

/// Which empty value a NULL becomes: sea-orm wants the column's exact type.
#[derive(Clone, Copy)]
enum Empty {
    Integer,
    Real,
    Text,
    Bytes,
}

impl Empty {
    fn of(declared: Option<&str>) -> Self {
        let declared = declared.unwrap_or_default().to_ascii_lowercase();
        if declared.contains("char") || declared.contains("text") {
            Self::Text
        } else if declared.contains("blob") {
            Self::Bytes
        } else if declared.contains("real") || declared.contains("double") {
            Self::Real
        } else {
            Self::Integer
        }
    }
}

fn to_value(value: ValueRef<'_>, empty: Empty) -> Value {
    match value {
        ValueRef::Integer(n) => Value::BigInt(Some(n)),
        ValueRef::Real(n) => Value::Double(Some(n)),
        ValueRef::Text(text) => Value::String(Some(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
        ValueRef::Null => match empty {
            Empty::Integer => Value::BigInt(None),
            Empty::Real => Value::Double(None),
            Empty::Text => Value::String(None),
            Empty::Bytes => Value::Bytes(None),
        },
    }
}
