//! The queries of the inventory.
//!
//! `take_*` moves the version and thereby locks the row until the end of the transaction on both
//! backends; what is read of the thing after that stays true. A refusal undoes it.

use sea_orm::Value;

use super::{
    Account, Found, Holding, Identifier, InventoryError, Item, ItemType, Movement, Name, Place,
    Range, TypeKind,
};
use crate::base::clock::from_micros;
use crate::base::page::PageError;
use crate::base::{Cursor, Id, Page, Timestamp};
use crate::identity::Granted;
use crate::store::{Conn, Row, StoreError, Tx};

pub(super) async fn insert_type(tx: &Tx, on: &Granted<ItemType>, new: &ItemType) -> Found<()> {
    let sql = "INSERT INTO item_type (id, name, kind, unit, version, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = vec![
        on.on().to_vec().into(),
        new.name.as_str().into(),
        new.kind.as_str().into(),
        new.unit.as_str().into(),
        new.version.into(),
        tx.now_micros().into(),
    ];
    let done = tx.fixed_execute(sql, values).await;
    done.map_err(|error| type_refused(error, new)).map(drop)
}

pub(super) async fn item_type(conn: &Conn, id: Id<ItemType>) -> Found<ItemType> {
    let sql = "SELECT id, name, kind, unit, version FROM item_type WHERE id = $1";
    let found = conn.fixed_one(sql, vec![id.to_vec().into()], map_type);
    found.await?.ok_or(InventoryError::NoType(id))
}

pub(super) async fn take_type(tx: &Tx, id: Id<ItemType>) -> Found<ItemType> {
    let sql = "UPDATE item_type SET version = version + 1 WHERE id = $1 \
               RETURNING id, name, kind, unit, version";
    let found = tx.fixed_one(sql, vec![id.to_vec().into()], map_type);
    found.await?.ok_or(InventoryError::NoType(id))
}

pub(super) async fn update_type(tx: &Tx, on: &Granted<ItemType>, changed: &ItemType) -> Found<()> {
    let sql = "UPDATE item_type SET name = $1, unit = $2 WHERE id = $3";
    let values = vec![
        changed.name.as_str().into(),
        changed.unit.as_str().into(),
        on.on().to_vec().into(),
    ];
    let done = tx.fixed_execute(sql, values).await;
    done.map_err(|error| type_refused(error, changed)).map(drop)
}

pub(super) async fn item_types(conn: &Conn, range: &Range) -> Found<Page<ItemType>> {
    let sql = "SELECT id, name, kind, unit, version FROM item_type WHERE id > $1 \
               ORDER BY id LIMIT $2";
    let rows = conn.fixed(sql, bounds(range)?, map_type).await?;
    Ok(page(rows, range, |row| row.id.to_vec()))
}

pub(super) async fn insert_place(tx: &Tx, on: &Granted<Place>, new: &Place) -> Found<()> {
    let sql = "INSERT INTO place (id, name, parent_id, version, created_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        on.on().to_vec().into(),
        new.name.as_str().into(),
        new.parent.map(Id::to_vec).into(),
        new.version.into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await?;
    Ok(())
}

pub(super) async fn place(conn: &Conn, id: Id<Place>) -> Found<Place> {
    let sql = "SELECT id, name, parent_id, version FROM place WHERE id = $1";
    let found = conn.fixed_one(sql, vec![id.to_vec().into()], map_place);
    found.await?.ok_or(InventoryError::NoPlace(id))
}

pub(super) async fn take_place(tx: &Tx, id: Id<Place>) -> Found<Place> {
    let sql = "UPDATE place SET version = version + 1 WHERE id = $1 \
               RETURNING id, name, parent_id, version";
    let found = tx.fixed_one(sql, vec![id.to_vec().into()], map_place);
    found.await?.ok_or(InventoryError::NoPlace(id))
}

pub(super) async fn update_place(tx: &Tx, on: &Granted<Place>, changed: &Place) -> Found<()> {
    let sql = "UPDATE place SET name = $1, parent_id = $2 WHERE id = $3";
    let values = vec![
        changed.name.as_str().into(),
        changed.parent.map(Id::to_vec).into(),
        on.on().to_vec().into(),
    ];
    tx.fixed_execute(sql, values).await?;
    Ok(())
}

pub(super) async fn places(conn: &Conn, range: &Range) -> Found<Page<Place>> {
    let sql = "SELECT id, name, parent_id, version FROM place WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = conn.fixed(sql, bounds(range)?, map_place).await?;
    Ok(page(rows, range, |row| row.id.to_vec()))
}

/// `id` and all that it is in, locked: whoever moves a place holds it and everything above its new
/// parent, so that two moves at once cannot close a cycle.
pub(super) async fn lock_above_place(tx: &Tx, id: Id<Place>) -> Found<Vec<Id<Place>>> {
    let sql = "SELECT id FROM place WHERE id IN (WITH RECURSIVE up (id, parent_id) \
               AS (SELECT id, parent_id FROM place WHERE id = $1 UNION SELECT p.id, p.parent_id \
               FROM place p JOIN up ON p.id = up.parent_id) SELECT id FROM up) \
               ORDER BY id FOR UPDATE";
    lock_above(tx, sql, id).await
}

/// `id` and all that it is in; nothing when there is no such place.
pub(super) async fn above_place(conn: &Conn, id: Id<Place>) -> Found<Vec<Id<Place>>> {
    let sql = "WITH RECURSIVE up (id, parent_id) \
               AS (SELECT id, parent_id FROM place WHERE id = $1 UNION SELECT p.id, p.parent_id \
               FROM place p JOIN up ON p.id = up.parent_id) SELECT id FROM up";
    Ok(conn
        .fixed(sql, vec![id.to_vec().into()], |row| row.id(0))
        .await?)
}

pub(super) async fn insert_item(tx: &Tx, on: &Granted<Item>, new: &Item) -> Found<()> {
    let sql = "INSERT INTO item (id, type_id, name, version, created_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        on.on().to_vec().into(),
        new.type_id.to_vec().into(),
        new.name.as_str().into(),
        new.version.into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await?;
    Ok(())
}

pub(super) async fn item(conn: &Conn, id: Id<Item>) -> Found<Item> {
    let sql = "SELECT id, type_id, name, version FROM item WHERE id = $1";
    let found = conn.fixed(sql, vec![id.to_vec().into()], map_item).await?;
    let whole = with_rest(conn, found).await?.pop();
    whole.ok_or(InventoryError::NoItem(id))
}

pub(super) async fn take_item(tx: &Tx, id: Id<Item>) -> Found<Item> {
    let sql = "UPDATE item SET version = version + 1 WHERE id = $1 \
               RETURNING id, type_id, name, version";
    let found = tx.fixed(sql, vec![id.to_vec().into()], map_item).await?;
    let whole = with_rest(tx, found).await?.pop();
    whole.ok_or(InventoryError::NoItem(id))
}

pub(super) async fn rename_item(tx: &Tx, on: &Granted<Item>, changed: &Item) -> Found<()> {
    let sql = "UPDATE item SET name = $1 WHERE id = $2";
    let values = vec![changed.name.as_str().into(), on.on().to_vec().into()];
    tx.fixed_execute(sql, values).await?;
    Ok(())
}

pub(super) async fn items(conn: &Conn, range: &Range) -> Found<Page<Item>> {
    let sql = "SELECT id, type_id, name, version FROM item WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = conn.fixed(sql, bounds(range)?, map_item).await?;
    let mut page = page(rows, range, |row| row.id.to_vec());
    page.rows = with_rest(conn, page.rows).await?;
    Ok(page)
}

pub(super) async fn identified(conn: &Conn, by: &Identifier) -> Found<Option<Id<Item>>> {
    let sql = "SELECT item_id FROM identifier WHERE scheme = $1 AND value = $2";
    let values = vec![by.scheme().into(), by.value().into()];
    Ok(conn.fixed_one(sql, values, |row| row.id(0)).await?)
}

pub(super) async fn replace_identifiers(tx: &Tx, on: &Granted<Item>, item: &Item) -> Found<()> {
    let clear = "DELETE FROM identifier WHERE item_id = $1";
    tx.fixed_execute(clear, vec![on.on().to_vec().into()])
        .await?;
    for one in &item.identifiers {
        let sql = "INSERT INTO identifier (item_id, scheme, value) VALUES ($1, $2, $3)";
        let values = vec![
            on.on().to_vec().into(),
            one.scheme().into(),
            one.value().into(),
        ];
        let done = tx.fixed_execute(sql, values).await;
        done.map_err(|error| {
            if error.is_unique_on("scheme") {
                return InventoryError::IdentifierTaken(one.clone());
            }
            error.into()
        })?;
    }
    Ok(())
}

/// `id` and all items that it is in, locked; see [`lock_above_place`].
pub(super) async fn lock_above_item(tx: &Tx, id: Id<Item>) -> Found<Vec<Id<Item>>> {
    let sql = "SELECT id FROM item WHERE id IN (WITH RECURSIVE up (id) \
               AS (SELECT id FROM item WHERE id = $1 UNION SELECT h.account_id FROM holding h \
               JOIN up ON h.item_id = up.id WHERE h.account_kind = 'item') SELECT id FROM up) \
               ORDER BY id FOR UPDATE";
    lock_above(tx, sql, id).await
}

/// The place that some of the item was last taken from.
pub(super) async fn last_place(conn: &Conn, item: Id<Item>) -> Found<Option<Id<Place>>> {
    let sql = "SELECT from_id FROM movement WHERE item_id = $1 AND from_kind = 'place' \
               ORDER BY item_version DESC LIMIT 1";
    Ok(conn
        .fixed_one(sql, vec![item.to_vec().into()], |row| row.id(0))
        .await?)
}

/// Twice: the first waits for the locks, the second sees what changed meanwhile.
async fn lock_above<T>(tx: &Tx, sql: &'static str, id: Id<T>) -> Found<Vec<Id<T>>> {
    let id: Value = id.to_vec().into();
    let once = |id: Value| tx.fixed(sql, vec![id], |row| row.id(0));
    once(id.clone()).await?;
    Ok(once(id).await?)
}

/// Writes the movement down and carries it over to the holdings.
pub(super) async fn post(tx: &Tx, on: &Granted<Item>, movement: &Movement) -> Found<()> {
    let sql = "INSERT INTO movement \
               (id, item_id, item_version, from_kind, from_id, to_kind, to_id, qty, at, due_at, actor) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = vec![
        movement.id.to_vec().into(),
        on.on().to_vec().into(),
        movement.item_version.into(),
        movement.from.kind().into(),
        account_id(movement.from),
        movement.to.kind().into(),
        account_id(movement.to),
        movement.qty.into(),
        movement.at.as_microsecond().into(),
        movement.due.map(Timestamp::as_microsecond).into(),
        movement.actor.as_str().into(),
    ];
    tx.fixed_execute(sql, values).await?;
    if movement.from != Account::Outside {
        take(tx, movement).await?;
    }
    if movement.to != Account::Outside {
        give(tx, movement).await?;
    }
    Ok(())
}

async fn take(tx: &Tx, movement: &Movement) -> Found<()> {
    let sql = "UPDATE holding SET qty = qty - $1 \
               WHERE item_id = $2 AND account_kind = $3 AND account_id = $4 AND qty >= $1";
    let key = || -> [Value; 3] {
        [
            movement.item.to_vec().into(),
            movement.from.kind().into(),
            account_id(movement.from),
        ]
    };
    let mut values = vec![movement.qty.into()];
    values.extend(key());
    if tx.fixed_execute(sql, values).await? != 1 {
        // The rules looked at the locked item, so only a damaged ledger comes here.
        let what = format!("the holdings of item {} lag behind", movement.item);
        return Err(StoreError::Value(what).into());
    }
    let clear = "DELETE FROM holding \
                 WHERE item_id = $1 AND account_kind = $2 AND account_id = $3 AND qty = 0";
    tx.fixed_execute(clear, key().into()).await?;
    Ok(())
}

async fn give(tx: &Tx, movement: &Movement) -> Found<()> {
    let sql = "INSERT INTO holding (item_id, account_kind, account_id, qty, due_at) \
               VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (item_id, account_kind, account_id) DO UPDATE SET \
               qty = holding.qty + excluded.qty, \
               due_at = CASE WHEN holding.due_at IS NULL OR excluded.due_at < holding.due_at \
               THEN excluded.due_at ELSE holding.due_at END";
    let values = vec![
        movement.item.to_vec().into(),
        movement.to.kind().into(),
        account_id(movement.to),
        movement.qty.into(),
        movement.due.map(Timestamp::as_microsecond).into(),
    ];
    tx.fixed_execute(sql, values).await?;
    Ok(())
}

pub(super) async fn movements(conn: &Conn, item: Id<Item>, range: &Range) -> Found<Page<Movement>> {
    let behind = match &range.cursor {
        None => 0,
        Some(cursor) => {
            let key = cursor.key().try_into().map_err(|_| PageError::Cursor)?;
            i64::from_be_bytes(key)
        }
    };
    let sql = "SELECT id, item_id, item_version, from_kind, from_id, to_kind, to_id, qty, at, \
               due_at, actor FROM movement WHERE item_id = $1 AND item_version > $2 \
               ORDER BY item_version LIMIT $3";
    let values = vec![item.to_vec().into(), behind.into(), one_more(range)];
    let rows = conn.fixed(sql, values, map_movement).await?;
    Ok(page(rows, range, |row| {
        row.item_version.to_be_bytes().to_vec()
    }))
}

/// Fills identifiers and holdings into items that stand in ascending order without gaps.
async fn with_rest(conn: &Conn, mut items: Vec<Item>) -> Found<Vec<Item>> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return Ok(items);
    };
    let ends: Vec<Value> = vec![first.id.to_vec().into(), last.id.to_vec().into()];
    let sql = "SELECT item_id, scheme, value FROM identifier \
               WHERE item_id >= $1 AND item_id <= $2 ORDER BY item_id, scheme, value";
    let identifiers = conn.fixed(sql, ends.clone(), map_identifier).await?;
    let sql = "SELECT item_id, account_kind, account_id, qty, due_at FROM holding \
               WHERE item_id >= $1 AND item_id <= $2 ORDER BY item_id, account_kind, account_id";
    let holdings = conn.fixed(sql, ends, map_holding).await?;
    let place = |items: &[Item], id: Id<Item>| items.binary_search_by_key(&id, |item| item.id).ok();
    for of in identifiers {
        if let Some(item) = place(&items, of.0).and_then(|at| items.get_mut(at)) {
            item.identifiers.push(of.1);
        }
    }
    for of in holdings {
        if let Some(item) = place(&items, of.0).and_then(|at| items.get_mut(at)) {
            item.holdings.push(of.1);
        }
    }
    Ok(items)
}

/// The identifier to go on behind, and one row more than the page holds.
fn bounds(range: &Range) -> Result<Vec<Value>, PageError> {
    let behind = match &range.cursor {
        None => Vec::new(),
        Some(cursor) if cursor.key().len() == 16 => cursor.key().to_vec(),
        Some(_) => return Err(PageError::Cursor),
    };
    Ok(vec![behind.into(), one_more(range)])
}

fn one_more(range: &Range) -> Value {
    (i64::from(range.size.get()) + 1).into()
}

fn page<T>(mut rows: Vec<T>, range: &Range, key: impl Fn(&T) -> Vec<u8>) -> Page<T> {
    let size = usize::from(range.size.get());
    let more = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| Cursor::behind(&key(row)));
    Page { rows, next }
}

fn account_id(account: Account) -> Value {
    account.uuid().as_bytes().to_vec().into()
}

fn type_refused(error: StoreError, wanted: &ItemType) -> InventoryError {
    if error.is_unique_on("name") {
        return InventoryError::TypeNameTaken(wanted.name.clone());
    }
    error.into()
}

fn map_type(row: &Row<'_>) -> Result<ItemType, StoreError> {
    let kind = row.text(2)?;
    Ok(ItemType {
        id: row.id(0)?,
        name: name(row, 1)?,
        kind: TypeKind::parse(&kind)
            .ok_or_else(|| StoreError::Value(format!("item type kind {kind:?}")))?,
        unit: name(row, 3)?,
        version: row.i64(4)?,
    })
}

fn map_place(row: &Row<'_>) -> Result<Place, StoreError> {
    let parent = row.opt_bytes(2)?.map(|_| row.id(2)).transpose()?;
    Ok(Place {
        id: row.id(0)?,
        name: name(row, 1)?,
        parent,
        version: row.i64(3)?,
    })
}

fn map_item(row: &Row<'_>) -> Result<Item, StoreError> {
    Ok(Item {
        id: row.id(0)?,
        type_id: row.id(1)?,
        name: name(row, 2)?,
        version: row.i64(3)?,
        identifiers: Vec::new(),
        holdings: Vec::new(),
    })
}

fn map_identifier(row: &Row<'_>) -> Result<(Id<Item>, Identifier), StoreError> {
    let identifier = Identifier::new(&row.text(1)?, &row.text(2)?);
    let identifier = identifier.map_err(|e| StoreError::Value(e.to_string()))?;
    Ok((row.id(0)?, identifier))
}

fn map_holding(row: &Row<'_>) -> Result<(Id<Item>, Holding), StoreError> {
    let holding = Holding {
        account: account(row, 1)?,
        qty: row.i64(3)?,
        due: row.opt_i64(4)?.map(from_micros),
    };
    Ok((row.id(0)?, holding))
}

fn map_movement(row: &Row<'_>) -> Result<Movement, StoreError> {
    Ok(Movement {
        id: row.id(0)?,
        item: row.id(1)?,
        item_version: row.i64(2)?,
        from: account(row, 3)?,
        to: account(row, 5)?,
        qty: row.i64(7)?,
        at: from_micros(row.i64(8)?),
        due: row.opt_i64(9)?.map(from_micros),
        actor: row.text(10)?,
    })
}

fn name(row: &Row<'_>, place: usize) -> Result<Name, StoreError> {
    let text = row.text(place)?;
    text.parse()
        .map_err(|e: super::TextError| StoreError::Value(e.to_string()))
}

/// The account in two columns, the kind first.
fn account(row: &Row<'_>, place: usize) -> Result<Account, StoreError> {
    let (kind, id) = (row.text(place)?, row.id::<()>(place + 1)?);
    Account::parse(&kind, uuid::Uuid::from_bytes(*id.as_bytes()))
        .ok_or_else(|| StoreError::Value(format!("account kind {kind:?}")))
}
