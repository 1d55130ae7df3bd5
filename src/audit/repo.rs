//! The queries of the audit.

use super::{Entry, GENESIS, Last};
use crate::base::clock::from_micros;
use crate::store::{Conn, Row, StoreError, Tx};

/// The end of the chain.
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
}

/// The head, locked until the end of the transaction.
pub(super) async fn lock_head(tx: &Tx) -> Result<Head, StoreError> {
    let lock = "SELECT seq, hash FROM audit_head WHERE id = 1 FOR UPDATE";
    if let Some(head) = tx.fixed_one(lock, vec![], map_head).await? {
        return Ok(head);
    }
    let first = "INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, $1) ON CONFLICT DO NOTHING";
    tx.fixed_execute(first, vec![GENESIS.to_vec().into()])
        .await?;
    let head = tx.fixed_one(lock, vec![], map_head).await?;
    head.ok_or_else(|| StoreError::Value("the audit chain has no head".to_owned()))
}

pub(super) async fn head(conn: &Conn) -> Result<Head, StoreError> {
    let head = conn
        .fixed_one(
            "SELECT seq, hash FROM audit_head WHERE id = 1",
            vec![],
            map_head,
        )
        .await?;
    Ok(head.unwrap_or(Head {
        seq: 0,
        hash: GENESIS.to_vec(),
    }))
}

pub(super) async fn last(conn: &Conn) -> Result<Option<Last>, StoreError> {
    let map = |row: &Row<'_>| {
        Ok(Last {
            seq: row.i64(0)?,
            at: from_micros(row.i64(1)?),
        })
    };
    let query = "SELECT seq, at FROM audit_entry ORDER BY seq DESC LIMIT 1";
    conn.fixed_one(query, vec![], map).await
}

pub(super) async fn append(tx: &Tx, entry: &Entry) -> Result<(), StoreError> {
    tx.fixed_execute(
        "INSERT INTO audit_entry (seq, at, action, actor, subject, detail, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            entry.seq.into(),
            entry.at.as_microsecond().into(),
            entry.action.clone().into(),
            entry.actor.clone().into(),
            entry.subject.clone().into(),
            entry.detail.clone().into(),
            entry.hash.clone().into(),
        ],
    )
    .await?;
    tx.fixed_execute(
        "UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1",
        vec![entry.seq.into(), entry.hash.clone().into()],
    )
    .await?;
    Ok(())
}

/// Up to 1,000 entries behind `seq`.
pub(super) async fn page(conn: &Conn, seq: i64) -> Result<Vec<Entry>, StoreError> {
    conn.fixed(
        "SELECT seq, at, action, actor, subject, detail, hash FROM audit_entry \
         WHERE seq > $1 ORDER BY seq LIMIT 1000",
        vec![seq.into()],
        map_entry,
    )
    .await
}

fn map_head(row: &Row<'_>) -> Result<Head, StoreError> {
    Ok(Head {
        seq: row.i64(0)?,
        hash: row.bytes(1)?,
    })
}

fn map_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.i64(0)?,
        at: from_micros(row.i64(1)?),
        action: row.text(2)?,
        actor: row.text(3)?,
        subject: row.text(4)?,
        detail: row.text(5)?,
        hash: row.bytes(6)?,
    })
}
