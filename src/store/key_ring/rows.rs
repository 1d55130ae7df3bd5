//! The queries of the key ring, and those about it in the database.

use sea_orm::ConnectionTrait as _;

use crate::crypto::{KeyId, Owner, Purpose, RootId, WrappedKey, WrappedRoot};
use crate::store::{Conn, Row, StoreError, Tx, dialect};

type Found<T> = Result<T, StoreError>;

/// One process at a time makes keys; until the end of the transaction.
pub(super) async fn lock(tx: &Tx) -> Found<()> {
    if let Some(lock) = dialect::migration_lock(tx.backend()) {
        tx.execute_unprepared(lock).await?;
    }
    Ok(())
}

/// The root key that wraps data keys.
pub(super) async fn current_root(conn: &Conn) -> Found<Option<RootId>> {
    let sql = "SELECT id FROM root_key WHERE retired_at IS NULL \
               ORDER BY created_at DESC, id DESC LIMIT 1";
    conn.fixed_one(sql, vec![], |row| Ok(RootId::new(&row.text(0)?)))
        .await
}

/// A root key and one wrapping of it.
pub(super) struct WrapRow {
    /// `kek` or `recovery`.
    pub(super) wrapper: String,
    pub(super) wrapped: WrappedRoot,
    pub(super) created_at: i64,
    pub(super) root_created_at: i64,
}

/// The wrappings of root keys: root keys oldest first, of each its wrappings newest first.
pub(super) async fn wraps(conn: &Conn) -> Found<Vec<WrapRow>> {
    let sql = "SELECT id, wrapper, wrapper_id, wrapped, root_wrap.created_at, root_key.created_at \
               FROM root_key JOIN root_wrap ON root_id = id \
               ORDER BY root_key.created_at, id, root_wrap.created_at DESC, wrapper_id";
    let map = |row: &Row<'_>| {
        Ok(WrapRow {
            wrapper: row.text(1)?,
            wrapped: WrappedRoot {
                root: RootId::new(&row.text(0)?),
                wrapper_id: row.text(2)?,
                bytes: row.bytes(3)?,
            },
            created_at: row.i64(4)?,
            root_created_at: row.i64(5)?,
        })
    };
    conn.fixed(sql, vec![], map).await
}

pub(super) async fn insert_root(tx: &Tx, root: &RootId) -> Found<()> {
    let sql = "INSERT INTO root_key (id, created_at) VALUES ($1, $2)";
    let values = vec![root.as_str().into(), tx.now_micros().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// A root key that wraps nothing any more: nothing can unwrap it from now on, either.
pub(super) async fn retire_root(tx: &Tx, root: &RootId) -> Found<()> {
    let sql = "UPDATE root_key SET retired_at = $1 WHERE id = $2";
    let values = vec![tx.now_micros().into(), root.as_str().into()];
    tx.fixed_execute(sql, values).await?;
    let sql = "DELETE FROM root_wrap WHERE root_id = $1";
    let values = vec![root.as_str().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// Adds a wrapping, or puts it in the place of that by the same wrapper.
pub(super) async fn put_wrap(tx: &Tx, by: &str, root: &WrappedRoot) -> Found<()> {
    let sql = "INSERT INTO root_wrap (root_id, wrapper, wrapper_id, wrapped, created_at) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (root_id, wrapper, wrapper_id) \
               DO UPDATE SET wrapped = excluded.wrapped, created_at = excluded.created_at";
    let values = vec![
        root.root.as_str().into(),
        by.into(),
        root.wrapper_id.as_str().into(),
        root.bytes.clone().into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

pub(super) async fn delete_wraps(tx: &Tx, wrapper: &str, root: &RootId) -> Found<()> {
    let sql = "DELETE FROM root_wrap WHERE wrapper = $1 AND root_id = $2";
    let values = vec![wrapper.into(), root.as_str().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// All data keys, oldest first.
pub(super) async fn keys(conn: &Conn) -> Found<Vec<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at, sealed_count FROM data_key \
               ORDER BY created_at, id";
    conn.fixed(sql, vec![], map_key).await
}

pub(super) async fn keys_of(conn: &Conn, owner: Owner) -> Found<Vec<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at, sealed_count FROM data_key \
               WHERE owner = $1 ORDER BY created_at, id";
    conn.fixed(sql, vec![owner.to_text().into()], map_key).await
}

pub(super) async fn key(conn: &Conn, id: &KeyId) -> Found<Option<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at, sealed_count FROM data_key \
               WHERE id = $1";
    conn.fixed_one(sql, vec![id.as_str().into()], map_key).await
}

/// Adds a data key; one that is there stays as it is.
pub(super) async fn insert_key(tx: &Tx, key: &WrappedKey) -> Found<()> {
    let sql = "INSERT INTO data_key \
               (id, owner, purpose, root_id, wrapped, created_at, sealed_count) \
               VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (id) DO NOTHING";
    let values = vec![
        key.id.as_str().into(),
        key.owner.to_text().into(),
        key.purpose.as_str().into(),
        key.root.as_str().into(),
        key.wrapped.clone().into(),
        key.created_at.into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// The content key that seals for `owner`.
pub(super) async fn newest_of(conn: &Conn, owner: Owner) -> Found<Option<KeyId>> {
    let sql = "SELECT id FROM data_key WHERE owner = $1 AND purpose = 'content' \
               ORDER BY created_at DESC, id DESC LIMIT 1";
    let values = vec![owner.to_text().into()];
    conn.fixed_one(sql, values, |row| Ok(KeyId::new(&row.text(0)?)))
        .await
}

/// Adds to the number of values that a key has sealed; gives the sum, if the key is there.
pub(super) async fn add_count(tx: &Tx, id: &KeyId, sealed: u64) -> Found<Option<i64>> {
    let sql = "UPDATE data_key SET sealed_count = sealed_count + $1 WHERE id = $2 \
               RETURNING sealed_count";
    let sealed = i64::try_from(sealed).unwrap_or(i64::MAX);
    let values = vec![sealed.into(), id.as_str().into()];
    tx.fixed_one(sql, values, |row| row.i64(0)).await
}

/// What changes when a data key is made or destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outline {
    keys: i64,
    newest: Option<i64>,
}

pub(super) async fn outline(conn: &Conn) -> Found<Outline> {
    let sql = "SELECT COUNT(*), MAX(created_at) FROM data_key";
    let map = |row: &Row<'_>| {
        Ok(Outline {
            keys: row.i64(0)?,
            newest: row.opt_i64(1)?,
        })
    };
    Ok(conn.fixed_one(sql, vec![], map).await?.unwrap_or_default())
}

/// Writes down that another root key wraps this data key.
pub(super) async fn set_wrapped(tx: &Tx, key: &WrappedKey) -> Found<()> {
    let sql = "UPDATE data_key SET root_id = $1, wrapped = $2 WHERE id = $3";
    let values = vec![
        key.root.as_str().into(),
        key.wrapped.clone().into(),
        key.id.as_str().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// All data keys in four numbers.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) keys: i64,
    pub(super) owners: i64,
    pub(super) oldest: i64,
    pub(super) sealed_max: i64,
}

pub(super) async fn census(conn: &Conn) -> Found<Census> {
    let sql = "SELECT COUNT(*), COUNT(DISTINCT owner), MIN(created_at), MAX(sealed_count) \
               FROM data_key";
    let map = |row: &Row<'_>| {
        Ok(Census {
            keys: row.i64(0)?,
            owners: row.i64(1)?,
            oldest: row.opt_i64(2)?.unwrap_or_default(),
            sealed_max: row.opt_i64(3)?.unwrap_or_default(),
        })
    };
    Ok(conn.fixed_one(sql, vec![], map).await?.unwrap_or_default())
}

pub(super) async fn delete_keys_of(tx: &Tx, owner: Owner) -> Found<()> {
    let sql = "DELETE FROM data_key WHERE owner = $1";
    let values = vec![owner.to_text().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// A data key of a database from before there was a ring.
pub(super) struct OldKey {
    pub(super) id: KeyId,
    pub(super) purpose: Purpose,
    pub(super) kek_id: String,
    pub(super) wrapped: Vec<u8>,
    pub(super) created_at: i64,
}

/// The data keys that the database itself holds, from before there was a ring.
pub(super) async fn old_keys(conn: &Conn) -> Found<Vec<OldKey>> {
    let sql = "SELECT id, purpose, kek_id, wrapped, created_at FROM data_key ORDER BY id";
    let map = |row: &Row<'_>| {
        Ok(OldKey {
            id: KeyId::new(&row.text(0)?),
            purpose: purpose(&row.text(1)?)?,
            kek_id: row.text(2)?,
            wrapped: row.bytes(3)?,
            created_at: row.i64(4)?,
        })
    };
    conn.fixed(sql, vec![], map).await
}

pub(super) async fn delete_old_keys(tx: &Tx) -> Found<()> {
    let sql = "DELETE FROM data_key";
    tx.fixed_execute(sql, vec![]).await.map(drop)
}

/// The ring that the database belongs to: the id of its index key.
pub(super) async fn belongs_to(conn: &Conn) -> Found<Option<String>> {
    let sql = "SELECT id FROM key_ring";
    conn.fixed_one(sql, vec![], |row| row.text(0)).await
}

pub(super) async fn set_belongs_to(tx: &Tx, index: &KeyId) -> Found<()> {
    let sql = "INSERT INTO key_ring (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";
    let values = vec![index.as_str().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

fn map_key(row: &Row<'_>) -> Result<WrappedKey, StoreError> {
    let owner = row.text(1)?;
    let unexpected = || StoreError::Value(format!("a key's owner is {owner:?}"));
    Ok(WrappedKey {
        id: KeyId::new(&row.text(0)?),
        owner: Owner::from_text(&owner).ok_or_else(unexpected)?,
        purpose: purpose(&row.text(2)?)?,
        root: RootId::new(&row.text(3)?),
        wrapped: row.bytes(4)?,
        created_at: row.i64(5)?,
        sealed_count: row.i64(6)?,
    })
}

fn purpose(text: &str) -> Result<Purpose, StoreError> {
    let unexpected = || StoreError::Value(format!("a key's purpose is {text:?}"));
    Purpose::from_text(text).ok_or_else(unexpected)
}
