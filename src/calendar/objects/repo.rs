//! The queries about calendar objects.
//!
//! Lists of names and identifiers are asked for [`BATCH`] at a time with one text: what is missing
//! is filled up with the last one.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sea_orm::Value;

use super::super::repo::{map_entry, object_name};
use super::super::time_index::{LONGEST, Span, Times};
use super::super::{Calendar, ObjectEntry, ObjectName, StoredObject};
use crate::base::{ETag, Id};
use crate::identity::Granted;
use crate::store::{Conn, Row, StoreError, Tx};

type Found<T> = Result<T, StoreError>;

/// How many objects one query fetches.
pub(in crate::calendar) const BATCH: usize = 64;

/// An object as its row tells it.
pub(in crate::calendar) struct SealedObject {
    pub(in crate::calendar) id: Id<StoredObject>,
    pub(in crate::calendar) entry: ObjectEntry,
    pub(in crate::calendar) body: Vec<u8>,
}

/// What a change has to know of the object that is there.
pub(in crate::calendar) struct Present {
    pub(in crate::calendar) id: Id<StoredObject>,
    pub(in crate::calendar) etag: ETag,
    /// Whether occurrences of it may be listed.
    pub(in crate::calendar) is_listed: bool,
}

/// An object on its way into the store.
pub(in crate::calendar) struct NewObject<'a> {
    pub(in crate::calendar) id: Id<StoredObject>,
    pub(in crate::calendar) name: &'a ObjectName,
    pub(in crate::calendar) uid_hash: &'a [u8],
    pub(in crate::calendar) component: &'static str,
    pub(in crate::calendar) etag: &'a ETag,
    pub(in crate::calendar) size_bytes: usize,
    pub(in crate::calendar) times: &'a Times,
    pub(in crate::calendar) seq: i64,
    pub(in crate::calendar) sealed: Vec<u8>,
}

pub(in crate::calendar) async fn object(
    conn: &Conn,
    of: Id<Calendar>,
    name: &ObjectName,
) -> Found<Option<SealedObject>> {
    let sql = "SELECT name, etag, component, size_bytes, modified_at, id, body \
               FROM calendar_object WHERE calendar_id = $1 AND name = $2";
    conn.fixed_one(sql, key(of, name), map_sealed).await
}

pub(in crate::calendar) async fn present(
    conn: &Conn,
    of: Id<Calendar>,
    name: &ObjectName,
) -> Found<Option<Present>> {
    let sql = "SELECT id, etag, time_index FROM calendar_object \
               WHERE calendar_id = $1 AND name = $2";
    conn.fixed_one(sql, key(of, name), |row| {
        Ok(Present {
            id: row.id(0)?,
            etag: ETag::new(&row.text(1)?),
            is_listed: row.i64(2)? != 0,
        })
    })
    .await
}

/// The name of the object that has the UID.
pub(in crate::calendar) async fn name_by_uid(
    conn: &Conn,
    of: Id<Calendar>,
    uid_hash: &[u8],
) -> Found<Option<ObjectName>> {
    let sql = "SELECT name FROM calendar_object WHERE calendar_id = $1 AND uid_hash = $2";
    let values = vec![of.to_vec().into(), uid_hash.to_vec().into()];
    conn.fixed_one(sql, values, |row| object_name(row, 0)).await
}

/// Up to [`PAGE`] objects behind the name `after`, by name.
pub(in crate::calendar) async fn entries_behind(
    conn: &Conn,
    of: Id<Calendar>,
    after: &str,
) -> Found<Vec<ObjectEntry>> {
    let sql = "SELECT name, etag, component, size_bytes, modified_at \
               FROM calendar_object WHERE calendar_id = $1 AND name > $2 ORDER BY name LIMIT 512";
    let values = vec![of.to_vec().into(), after.into()];
    conn.fixed(sql, values, map_entry).await
}

/// The objects of these names, at most [`BATCH`].
pub(in crate::calendar) async fn by_names(
    conn: &Conn,
    of: Id<Calendar>,
    names: &[ObjectName],
) -> Found<Vec<SealedObject>> {
    static SQL: LazyLock<String> = LazyLock::new(|| batch("calendar_id = $1 AND ", "name"));
    let names = names.iter().map(|name| name.as_str().into());
    match filled(vec![of.to_vec().into()], names) {
        Some(values) => conn.fixed(&SQL, values, map_sealed).await,
        None => Ok(Vec::new()),
    }
}

/// The objects with these identifiers, at most [`BATCH`]. The calendar is not asked for: without
/// statistics SQLite would take an index on it and walk through the whole calendar for each batch.
pub(in crate::calendar) async fn by_ids(
    conn: &Conn,
    ids: &[Id<StoredObject>],
) -> Found<Vec<SealedObject>> {
    static SQL: LazyLock<String> = LazyLock::new(|| batch("", "id"));
    let ids = ids.iter().map(|id| id.to_vec().into());
    match filled(Vec::new(), ids) {
        Some(values) => conn.fixed(&SQL, values, map_sealed).await,
        None => Ok(Vec::new()),
    }
}

/// `condition` has the first parameters, the list the rest of them.
fn batch(condition: &str, column: &str) -> String {
    let mut sql = format!(
        "SELECT name, etag, component, size_bytes, modified_at, id, body \
         FROM calendar_object WHERE {condition}{column} IN ("
    );
    let first = condition.matches('$').count() + 1;
    for place in first..first + BATCH {
        let comma = if place == first { "" } else { ", " };
        // Writing to a String cannot fail.
        let _infallible = write!(sql, "{comma}${place}");
    }
    sql.push(')');
    sql
}

/// The last value fills the places that are left; `None` when there is nothing to ask for.
fn filled(first: Vec<Value>, values: impl Iterator<Item = Value>) -> Option<Vec<Value>> {
    let mut values: Vec<_> = values.take(BATCH).collect();
    let last = values.last()?.clone();
    values.resize(BATCH, last);
    Some([first, values].concat())
}

/// Writes an object that was not there.
pub(in crate::calendar) async fn insert(
    tx: &Tx,
    on: &Granted<Calendar>,
    new: NewObject<'_>,
) -> Found<()> {
    let sql = "INSERT INTO calendar_object \
               (id, calendar_id, name, uid_hash, component, etag, size_bytes, time_index, \
               local_times, first_start, last_end, listed_from, listed_to, change_seq, \
               modified_at, body) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let mut values = vec![
        new.id.to_vec().into(),
        on.on().to_vec().into(),
        new.name.as_str().into(),
    ];
    let (id, times) = (new.id, new.times);
    values.extend(contents(tx, new));
    tx.fixed_execute(sql, values).await?;
    list(tx, on.on(), id, &times.listed).await
}

/// Writes over an object.
pub(in crate::calendar) async fn replace(
    tx: &Tx,
    on: &Granted<Calendar>,
    new: NewObject<'_>,
    was: &Present,
) -> Found<()> {
    let sql = "UPDATE calendar_object SET uid_hash = $1, component = $2, etag = $3, \
               size_bytes = $4, time_index = $5, local_times = $6, first_start = $7, \
               last_end = $8, listed_from = $9, listed_to = $10, change_seq = $11, \
               modified_at = $12, body = $13 WHERE id = $14";
    let (id, times) = (new.id, new.times);
    let mut values = contents(tx, new);
    values.push(id.to_vec().into());
    tx.fixed_execute(sql, values).await?;
    if was.is_listed {
        unlist(tx, id).await?;
    }
    list(tx, on.on(), id, &times.listed).await
}

fn contents(tx: &Tx, new: NewObject<'_>) -> Vec<Value> {
    let mut values = vec![
        new.uid_hash.to_vec().into(),
        new.component.into(),
        new.etag.as_str().into(),
        i64::try_from(new.size_bytes).unwrap_or(i64::MAX).into(),
    ];
    values.extend(index(new.times));
    values.extend([new.seq.into(), tx.now_micros().into(), new.sealed.into()]);
    values
}

fn index(times: &Times) -> [Value; 6] {
    [
        times.index.to_i64().into(),
        i64::from(times.are_local).into(),
        times.first_start.into(),
        times.last_end.into(),
        times.listed_in.start.into(),
        times.listed_in.end.into(),
    ]
}

/// Writes down what the time index needs, once more.
pub(in crate::calendar) async fn reindex(
    tx: &Tx,
    of: Id<Calendar>,
    id: Id<StoredObject>,
    times: &Times,
) -> Found<()> {
    let sql = "UPDATE calendar_object SET time_index = $1, local_times = $2, first_start = $3, \
               last_end = $4, listed_from = $5, listed_to = $6 WHERE id = $7";
    let mut values = index(times).to_vec();
    values.push(id.to_vec().into());
    tx.fixed_execute(sql, values).await?;
    unlist(tx, id).await?;
    list(tx, of, id, &times.listed).await
}

pub(in crate::calendar) async fn delete(
    tx: &Tx,
    on: &Granted<Calendar>,
    was: &Present,
) -> Found<()> {
    if was.is_listed {
        unlist(tx, was.id).await?;
    }
    let sql = "DELETE FROM calendar_object WHERE id = $1 AND calendar_id = $2";
    let values = vec![was.id.to_vec().into(), on.on().to_vec().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

async fn unlist(tx: &Tx, id: Id<StoredObject>) -> Found<()> {
    let sql = "DELETE FROM calendar_occurrence WHERE object_id = $1";
    tx.fixed_execute(sql, vec![id.to_vec().into()])
        .await
        .map(drop)
}

/// Lists occurrences, 64, 8 or one at a time.
async fn list(tx: &Tx, of: Id<Calendar>, id: Id<StoredObject>, mut spans: &[Span]) -> Found<()> {
    static TEXTS: LazyLock<[(usize, String); 3]> =
        LazyLock::new(|| [64, 8, 1].map(|rows| (rows, rows_of(rows))));
    for (rows, sql) in TEXTS.iter() {
        while let Some((some, rest)) = spans.split_at_checked(*rows) {
            let mut values: Vec<Value> = vec![id.to_vec().into(), of.to_vec().into()];
            values.extend(
                some.iter()
                    .flat_map(|span| [span.start.into(), span.end.into()]),
            );
            tx.fixed_execute(sql, values).await?;
            spans = rest;
        }
    }
    Ok(())
}

fn rows_of(rows: usize) -> String {
    let mut sql = "INSERT INTO calendar_occurrence (object_id, calendar_id, start_at, end_at) \
                   VALUES "
        .to_owned();
    for row in 0..rows {
        let comma = if row == 0 { "" } else { ", " };
        let (start, end) = (3 + 2 * row, 4 + 2 * row);
        // Writing to a String cannot fail.
        let _infallible = write!(sql, "{comma}($1, $2, ${start}, ${end})");
    }
    sql
}

fn key(of: Id<Calendar>, name: &ObjectName) -> Vec<Value> {
    vec![of.to_vec().into(), name.as_str().into()]
}

fn map_sealed(row: &Row<'_>) -> Result<SealedObject, StoreError> {
    Ok(SealedObject {
        entry: map_entry(row)?,
        id: row.id(5)?,
        body: row.bytes(6)?,
    })
}

/// Up to [`BATCH`] objects behind `after` whose times depend on the calendar's zone.
pub(in crate::calendar) async fn local_behind(
    conn: &Conn,
    of: Id<Calendar>,
    after: Option<Id<StoredObject>>,
) -> Found<Vec<SealedObject>> {
    let sql = "SELECT name, etag, component, size_bytes, modified_at, id, body \
               FROM calendar_object WHERE calendar_id = $1 AND local_times = 1 AND id > $2 \
               ORDER BY id LIMIT 64";
    let after = after.map(Id::to_vec).unwrap_or_default();
    let values = vec![of.to_vec().into(), after.into()];
    conn.fixed(sql, values, map_sealed).await
}

/// Up to [`BATCH`] objects behind `after` whose occurrences are listed only up to before `upto`.
pub(in crate::calendar) async fn running_out_behind(
    conn: &Conn,
    of: Id<Calendar>,
    upto: i64,
    after: Option<Id<StoredObject>>,
) -> Found<Vec<SealedObject>> {
    let sql = "SELECT name, etag, component, size_bytes, modified_at, id, body \
               FROM calendar_object WHERE calendar_id = $1 AND time_index = 2 \
               AND listed_to < $2 AND listed_to > listed_from AND id > $3 ORDER BY id LIMIT 64";
    let after = after.map(Id::to_vec).unwrap_or_default();
    let values = vec![of.to_vec().into(), upto.into(), after.into()];
    conn.fixed(sql, values, map_sealed).await
}

/// Whether there is one of those.
pub(in crate::calendar) async fn runs_out(conn: &Conn, of: Id<Calendar>, upto: i64) -> Found<bool> {
    let sql = "SELECT time_index FROM calendar_object WHERE calendar_id = $1 AND time_index = 2 \
               AND listed_to < $2 AND listed_to > listed_from LIMIT 1";
    let values = vec![of.to_vec().into(), upto.into()];
    let found = conn.fixed_one(sql, values, |row| row.i64(0)).await?;
    Ok(found.is_some())
}

/// What is asked of the time index.
pub(in crate::calendar) struct Asked {
    /// When.
    pub(in crate::calendar) within: Span,
    /// Whether days and floating times are read in another zone than the calendar's, so that the
    /// list of occurrences says nothing about them.
    pub(in crate::calendar) in_other_zone: bool,
}

/// The objects that may have an occurrence in a span of time. In another zone, series of days and
/// floating times are all of them candidates: their instances may be others there.
pub(in crate::calendar) async fn in_time(
    conn: &Conn,
    of: Id<Calendar>,
    asked: &Asked,
) -> Found<Vec<Id<StoredObject>>> {
    let sql = "SELECT id FROM calendar_object WHERE calendar_id = $1 AND time_index = 0 \
               AND first_start BETWEEN $2 AND $3 AND last_end >= $4 \
               UNION SELECT object_id FROM calendar_occurrence WHERE calendar_id = $1 \
               AND start_at BETWEEN $2 AND $3 AND end_at >= $4 \
               UNION SELECT id FROM calendar_object WHERE calendar_id = $1 \
               AND time_index = 2 AND first_start <= $3 \
               AND (last_end IS NULL OR last_end >= $4) \
               AND (listed_from > $4 OR listed_to < $3) \
               UNION SELECT id FROM calendar_object WHERE $5 = 1 AND calendar_id = $1 \
               AND time_index IN (1, 2) AND first_start <= $3 AND local_times = 1";
    let Span { start, end } = asked.within;
    let values = vec![
        of.to_vec().into(),
        start.saturating_sub(LONGEST).into(),
        end.into(),
        start.into(),
        i64::from(asked.in_other_zone).into(),
    ];
    conn.fixed(sql, values, |row| row.id(0)).await
}

/// All objects, or all of one kind.
pub(in crate::calendar) async fn of_kind(
    conn: &Conn,
    of: Id<Calendar>,
    kind: Option<&'static str>,
) -> Found<Vec<Id<StoredObject>>> {
    let sql = "SELECT id FROM calendar_object WHERE calendar_id = $1 \
               AND (component = $2 OR $2 = '')";
    let values = vec![of.to_vec().into(), kind.unwrap_or_default().into()];
    conn.fixed(sql, values, |row| row.id(0)).await
}
