//! The queries about calendars, their properties, and what changed in them.
//!
//! `lock` takes the calendar's row until the end of the transaction, on both backends: what is read
//! of the calendar after that stays true, and whoever else wants to change it waits.

use super::model::{CalendarRow, Numbered};
use super::{Calendar, CalendarRef, Components, ObjectEntry, ObjectName, PropertyName};
use crate::base::clock::from_micros;
use crate::base::{ETag, Id, Timestamp};
use crate::identity::{Granted, Handle, Principal};
use crate::store::{Conn, Row, StoreError, Tx};

type Found<T> = Result<T, StoreError>;

/// How many rows of a long list are read at once: about a millisecond.
pub(super) const PAGE: usize = 512;

/// A property with its value sealed.
pub(super) struct SealedProperty {
    pub(super) calendar: Id<Calendar>,
    pub(super) name: PropertyName,
    pub(super) value: Vec<u8>,
}

/// The principal whose home this is.
pub(super) async fn home(conn: &Conn, owner: &Handle) -> Found<Option<Id<Principal>>> {
    let sql = "SELECT id FROM principal WHERE handle = $1";
    conn.fixed_one(sql, vec![owner.as_str().into()], |row| row.id(0))
        .await
}

pub(super) async fn in_home(conn: &Conn, owner: Id<Principal>) -> Found<Vec<CalendarRow>> {
    let sql = "SELECT id, owner_id, slug, components, change_seq, floor_seq \
               FROM calendar WHERE owner_id = $1 ORDER BY slug";
    conn.fixed(sql, vec![owner.to_vec().into()], map_calendar)
        .await
}

pub(super) async fn find(conn: &Conn, at: &CalendarRef) -> Found<Option<CalendarRow>> {
    let sql = "SELECT id, owner_id, slug, components, change_seq, floor_seq \
               FROM calendar WHERE slug = $1 \
               AND owner_id = (SELECT id FROM principal WHERE handle = $2)";
    let values = vec![at.slug.as_str().into(), at.owner.as_str().into()];
    conn.fixed_one(sql, values, map_calendar).await
}

/// The calendar, locked.
pub(super) async fn lock(tx: &Tx, at: &CalendarRef) -> Found<Option<CalendarRow>> {
    let sql = "SELECT id, owner_id, slug, components, change_seq, floor_seq \
               FROM calendar WHERE slug = $1 \
               AND owner_id = (SELECT id FROM principal WHERE handle = $2) FOR UPDATE";
    let values = vec![at.slug.as_str().into(), at.owner.as_str().into()];
    tx.fixed_one(sql, values, map_calendar).await
}

/// The calendar, locked, for upkeep that nobody asks for.
pub(super) async fn lock_by_id(tx: &Tx, id: Id<Calendar>) -> Found<Option<CalendarRow>> {
    let sql = "SELECT id, owner_id, slug, components, change_seq, floor_seq \
               FROM calendar WHERE id = $1 FOR UPDATE";
    tx.fixed_one(sql, vec![id.to_vec().into()], map_calendar)
        .await
}

/// Takes the next number of the calendar's change sequence. The calendar is locked, and the number
/// in `row` is its last one.
pub(super) async fn step(tx: &Tx, on: &Granted<Calendar>, row: &mut CalendarRow) -> Found<i64> {
    row.change_seq += 1;
    let sql = "UPDATE calendar SET change_seq = $1 WHERE id = $2";
    let values = vec![row.change_seq.into(), on.on().to_vec().into()];
    tx.fixed_execute(sql, values).await?;
    Ok(row.change_seq)
}

pub(super) async fn insert_calendar(
    tx: &Tx,
    home: &Granted<Principal>,
    new: &CalendarRow,
) -> Found<()> {
    let sql = "INSERT INTO calendar \
               (id, owner_id, slug, components, change_seq, floor_seq, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        new.id.to_vec().into(),
        home.on().to_vec().into(),
        new.slug.as_str().into(),
        new.components.to_text().into(),
        new.change_seq.into(),
        new.floor_seq.into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// Deletes a calendar and everything of it.
pub(super) async fn delete_calendar(tx: &Tx, on: &Granted<Calendar>) -> Found<()> {
    for sql in [
        "DELETE FROM calendar_occurrence WHERE calendar_id = $1",
        "DELETE FROM calendar_object WHERE calendar_id = $1",
        "DELETE FROM calendar_tombstone WHERE calendar_id = $1",
        "DELETE FROM calendar_property WHERE calendar_id = $1",
        "DELETE FROM calendar WHERE id = $1",
    ] {
        tx.fixed_execute(sql, vec![on.on().to_vec().into()]).await?;
    }
    Ok(())
}

pub(super) async fn properties(conn: &Conn, of: Id<Calendar>) -> Found<Vec<SealedProperty>> {
    let sql = "SELECT calendar_id, namespace, local, value FROM calendar_property \
               WHERE calendar_id = $1";
    conn.fixed(sql, vec![of.to_vec().into()], map_property)
        .await
}

/// The properties of all calendars in a home.
pub(super) async fn properties_in_home(
    conn: &Conn,
    owner: Id<Principal>,
) -> Found<Vec<SealedProperty>> {
    let sql = "SELECT calendar_id, namespace, local, value FROM calendar_property \
               WHERE calendar_id IN (SELECT id FROM calendar WHERE owner_id = $1)";
    conn.fixed(sql, vec![owner.to_vec().into()], map_property)
        .await
}

pub(super) async fn property(
    conn: &Conn,
    of: Id<Calendar>,
    name: &PropertyName,
) -> Found<Option<SealedProperty>> {
    let sql = "SELECT calendar_id, namespace, local, value FROM calendar_property \
               WHERE calendar_id = $1 AND namespace = $2 AND local = $3";
    conn.fixed_one(sql, property_key(of, name), map_property)
        .await
}

pub(super) async fn set_property(
    tx: &Tx,
    on: &Granted<Calendar>,
    name: &PropertyName,
    sealed: Vec<u8>,
) -> Found<()> {
    let sql = "INSERT INTO calendar_property (calendar_id, namespace, local, value) \
               VALUES ($1, $2, $3, $4) ON CONFLICT (calendar_id, namespace, local) \
               DO UPDATE SET value = excluded.value";
    let mut values = property_key(on.on(), name);
    values.push(sealed.into());
    tx.fixed_execute(sql, values).await.map(drop)
}

pub(super) async fn remove_property(
    tx: &Tx,
    on: &Granted<Calendar>,
    name: &PropertyName,
) -> Found<()> {
    let sql = "DELETE FROM calendar_property \
               WHERE calendar_id = $1 AND namespace = $2 AND local = $3";
    tx.fixed_execute(sql, property_key(on.on(), name))
        .await
        .map(drop)
}

/// Live members with a number behind `after` and not behind `upto`, by number.
pub(super) async fn changed_in(
    conn: &Conn,
    of: Id<Calendar>,
    (after, upto): (i64, i64),
    limit: i64,
) -> Found<Vec<Numbered<ObjectEntry>>> {
    let sql = "SELECT name, etag, component, size_bytes, modified_at, change_seq \
               FROM calendar_object WHERE calendar_id = $1 AND change_seq > $2 \
               AND change_seq <= $3 ORDER BY change_seq LIMIT $4";
    let values = vec![of.to_vec().into(), after.into(), upto.into(), limit.into()];
    let map = |row: &Row<'_>| {
        Ok(Numbered {
            seq: row.i64(5)?,
            what: map_entry(row)?,
        })
    };
    conn.fixed(sql, values, map).await
}

/// Names removed with a later number than `seq`, by number.
pub(super) async fn removed_since(
    conn: &Conn,
    of: Id<Calendar>,
    seq: i64,
    limit: i64,
) -> Found<Vec<Numbered<ObjectName>>> {
    let sql = "SELECT name, change_seq FROM calendar_tombstone \
               WHERE calendar_id = $1 AND change_seq > $2 ORDER BY change_seq LIMIT $3";
    let values = vec![of.to_vec().into(), seq.into(), limit.into()];
    let map = |row: &Row<'_>| {
        Ok(Numbered {
            seq: row.i64(1)?,
            what: object_name(row, 0)?,
        })
    };
    conn.fixed(sql, values, map).await
}

pub(super) async fn put_tombstone(
    tx: &Tx,
    on: &Granted<Calendar>,
    name: &ObjectName,
    seq: i64,
) -> Found<()> {
    let sql = "INSERT INTO calendar_tombstone (calendar_id, name, change_seq, deleted_at) \
               VALUES ($1, $2, $3, $4)";
    let values = vec![
        on.on().to_vec().into(),
        name.as_str().into(),
        seq.into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

pub(super) async fn remove_tombstone(
    tx: &Tx,
    on: &Granted<Calendar>,
    name: &ObjectName,
) -> Found<()> {
    let sql = "DELETE FROM calendar_tombstone WHERE calendar_id = $1 AND name = $2";
    let values = vec![on.on().to_vec().into(), name.as_str().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// Up to 100 calendars behind `after`, for upkeep.
pub(super) async fn calendars_behind(
    conn: &Conn,
    after: Option<Id<Calendar>>,
) -> Found<Vec<Id<Calendar>>> {
    let sql = "SELECT id FROM calendar WHERE id > $1 ORDER BY id LIMIT 100";
    let after = after.map(Id::to_vec).unwrap_or_default();
    conn.fixed(sql, vec![after.into()], |row| row.id(0)).await
}

/// The number of the last removal before `before`.
pub(super) async fn last_removal(
    conn: &Conn,
    of: Id<Calendar>,
    before: Timestamp,
) -> Found<Option<i64>> {
    let sql = "SELECT MAX(change_seq) FROM calendar_tombstone \
               WHERE calendar_id = $1 AND deleted_at < $2";
    let values = vec![of.to_vec().into(), before.as_microsecond().into()];
    let found = conn.fixed_one(sql, values, |row| row.opt_i64(0)).await?;
    Ok(found.flatten())
}

/// Forgets the removals up to `seq`; tokens from before it are good for nothing from now on.
pub(super) async fn forget_removals(tx: &Tx, of: &CalendarRow, seq: i64) -> Found<()> {
    let floor = "UPDATE calendar SET floor_seq = $1 WHERE id = $2 AND floor_seq < $1";
    let values = vec![seq.into(), of.id.to_vec().into()];
    tx.fixed_execute(floor, values).await?;
    let forget = "DELETE FROM calendar_tombstone WHERE calendar_id = $1 AND change_seq <= $2";
    let values = vec![of.id.to_vec().into(), seq.into()];
    tx.fixed_execute(forget, values).await.map(drop)
}

fn property_key(of: Id<Calendar>, name: &PropertyName) -> Vec<sea_orm::Value> {
    vec![
        of.to_vec().into(),
        name.namespace.as_str().into(),
        name.local.as_str().into(),
    ]
}

fn map_calendar(row: &Row<'_>) -> Result<CalendarRow, StoreError> {
    let components = row.text(3)?;
    Ok(CalendarRow {
        id: row.id(0)?,
        owner: row.id(1)?,
        slug: row.text(2)?.parse().map_err(unexpected)?,
        components: Components::from_names(components.split(' ')).map_err(unexpected)?,
        change_seq: row.i64(4)?,
        floor_seq: row.i64(5)?,
    })
}

fn map_property(row: &Row<'_>) -> Result<SealedProperty, StoreError> {
    Ok(SealedProperty {
        calendar: row.id(0)?,
        name: PropertyName {
            namespace: row.text(1)?,
            local: row.text(2)?,
        },
        value: row.bytes(3)?,
    })
}

/// The first five columns: name, etag, component, size, change.
pub(super) fn map_entry(row: &Row<'_>) -> Result<ObjectEntry, StoreError> {
    Ok(ObjectEntry {
        name: object_name(row, 0)?,
        etag: ETag::new(&row.text(1)?),
        component: row.text(2)?,
        size_bytes: u64::try_from(row.i64(3)?).map_err(unexpected)?,
        modified: from_micros(row.i64(4)?),
    })
}

pub(super) fn object_name(row: &Row<'_>, place: usize) -> Result<ObjectName, StoreError> {
    row.text(place)?.try_into().map_err(unexpected)
}

pub(super) fn unexpected(error: impl std::fmt::Display) -> StoreError {
    StoreError::Value(error.to_string())
}
