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

/// The root keys as the key-encryption key wrapped them, oldest first.
pub(super) async fn roots(conn: &Conn) -> Found<Vec<WrappedRoot>> {
    let sql = "SELECT id, wrapper_id, wrapped FROM root_key \
               JOIN root_wrap ON root_id = id AND wrapper = 'kek' \
               ORDER BY root_key.created_at, id";
    let map = |row: &Row<'_>| {
        Ok(WrappedRoot {
            root: RootId::new(&row.text(0)?),
            wrapper_id: row.text(1)?,
            bytes: row.bytes(2)?,
        })
    };
    conn.fixed(sql, vec![], map).await
}

pub(super) async fn insert_root(tx: &Tx, root: &WrappedRoot) -> Found<()> {
    let sql = "INSERT INTO root_key (id, created_at) VALUES ($1, $2)";
    let values = vec![root.root.as_str().into(), tx.now_micros().into()];
    tx.fixed_execute(sql, values).await?;
    let sql = "INSERT INTO root_wrap (root_id, wrapper, wrapper_id, wrapped, created_at) \
               VALUES ($1, 'kek', $2, $3, $4)";
    let values = vec![
        root.root.as_str().into(),
        root.wrapper_id.as_str().into(),
        root.bytes.clone().into(),
        tx.now_micros().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// All data keys, oldest first.
pub(super) async fn keys(conn: &Conn) -> Found<Vec<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at FROM data_key \
               ORDER BY created_at, id";
    conn.fixed(sql, vec![], map_key).await
}

pub(super) async fn keys_of(conn: &Conn, owner: Owner) -> Found<Vec<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at FROM data_key \
               WHERE owner = $1 ORDER BY created_at, id";
    conn.fixed(sql, vec![owner.to_text().into()], map_key).await
}

pub(super) async fn key(conn: &Conn, id: &KeyId) -> Found<Option<WrappedKey>> {
    let sql = "SELECT id, owner, purpose, root_id, wrapped, created_at FROM data_key \
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
    })
}

fn purpose(text: &str) -> Result<Purpose, StoreError> {
    let unexpected = || StoreError::Value(format!("a key's purpose is {text:?}"));
    Purpose::from_text(text).ok_or_else(unexpected)
}
