//! The queries of the audit.

use super::chain::{GENESIS, owner_bytes, owner_of};
use super::{Asked, Commitment, Entry, Last, Part, PartKind, SignedHead, part};
use crate::base::Timestamp;
use crate::base::clock::from_micros;
use crate::crypto::Owner;
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
    let query = "SELECT seq, hash FROM audit_head WHERE id = 1";
    let head = conn.fixed_one(query, vec![], map_head).await?;
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

/// The oldest entry that is there.
pub(super) async fn first(conn: &Conn) -> Result<Option<i64>, StoreError> {
    let query = "SELECT seq FROM audit_entry ORDER BY seq LIMIT 1";
    conn.fixed_one(query, vec![], |row| row.i64(0)).await
}

pub(super) async fn append(tx: &Tx, entry: &Entry) -> Result<(), StoreError> {
    let commitments = Commitment::to_bytes(&entry.commitments);
    let commitments = (!commitments.is_empty()).then_some(commitments);
    tx.fixed_execute(
        "INSERT INTO audit_entry (seq, at, action, actor, subject, detail, hash, commitments) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            entry.seq.into(),
            entry.at.as_microsecond().into(),
            entry.action.clone().into(),
            entry.actor.clone().into(),
            entry.subject.clone().into(),
            entry.detail.clone().into(),
            entry.hash.clone().into(),
            commitments.into(),
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

/// Up to `limit` entries behind `seq`.
pub(super) async fn page(conn: &Conn, seq: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    conn.fixed(
        "SELECT seq, at, action, actor, subject, detail, hash, commitments FROM audit_entry \
         WHERE seq > $1 ORDER BY seq LIMIT $2",
        vec![seq.into(), limit.into()],
        map_entry,
    )
    .await
}

/// The newest of the entries from `oldest` to before `newest` that are asked for, and one more than
/// their limit when there are more.
pub(super) async fn asked(
    conn: &Conn,
    (oldest, newest): (i64, i64),
    asked: &Asked,
) -> Result<Vec<Entry>, StoreError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let limit = i64::try_from(asked.limit)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let time = |at: Option<Timestamp>, unsaid| at.map_or(unsaid, Timestamp::as_microsecond);
    conn.fixed(
        "SELECT seq, at, action, actor, subject, detail, hash, commitments FROM audit_entry \
         WHERE seq >= $1 AND seq < $2 \
         AND ($3 = '' OR substr(action, 1, length($3)) = $3) \
         AND ($4 = '' OR actor = $4) AND ($5 = '' OR subject = $5) \
         AND at >= $6 AND at < $7 ORDER BY seq DESC LIMIT $8",
        vec![
            oldest.into(),
            newest.into(),
            text(&asked.action).into(),
            text(&asked.actor).into(),
            text(&asked.subject).into(),
            time(asked.from, i64::MIN).into(),
            time(asked.until, i64::MAX).into(),
            limit.into(),
        ],
        map_entry,
    )
    .await
}

/// Whether there are entries before `oldest`, the latest of them not before `from`.
pub(super) async fn goes_on(
    conn: &Conn,
    oldest: i64,
    from: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let query = "SELECT at FROM audit_entry WHERE seq < $1 ORDER BY seq DESC LIMIT 1";
    let at = conn.fixed_one(query, vec![oldest.into()], |row| row.i64(0));
    let from = from.map_or(i64::MIN, Timestamp::as_microsecond);
    Ok(at.await?.is_some_and(|at| at >= from))
}

pub(super) async fn insert_part(tx: &Tx, seq: i64, part: &Part) -> Result<(), StoreError> {
    tx.fixed_execute(
        "INSERT INTO audit_part (id, seq, owner, kind, salt, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            part.id.to_vec().into(),
            seq.into(),
            owner_bytes(part.owner).to_vec().into(),
            part.kind.as_str().into(),
            part.salt.to_vec().into(),
            part.sealed.clone().into(),
        ],
    )
    .await?;
    Ok(())
}

/// What is sealed beside the entry `seq`, in any order.
pub(super) async fn parts(conn: &Conn, seq: i64) -> Result<Vec<Part>, StoreError> {
    conn.fixed(
        "SELECT id, owner, kind, salt, sealed FROM audit_part WHERE seq = $1",
        vec![seq.into()],
        |row| {
            let kind = row.text(2)?;
            let salt = row.bytes(3)?;
            Ok(Part {
                id: row.id(0)?,
                owner: owner(&row.bytes(1)?)?,
                kind: PartKind::parse(&kind)
                    .ok_or_else(|| StoreError::Value(format!("{kind:?} is no kind of part")))?,
                salt: salt
                    .try_into()
                    .map_err(|_| StoreError::Value("a salt has not 16 bytes".to_owned()))?,
                sealed: row.bytes(4)?,
            })
        },
    )
    .await
}

/// What the parts beside the entries behind `from` up to `to` hash to.
pub(super) async fn commitments(
    conn: &Conn,
    (from, to): (i64, i64),
) -> Result<Vec<(i64, Commitment)>, StoreError> {
    conn.fixed(
        "SELECT seq, owner, salt, sealed FROM audit_part WHERE seq > $1 AND seq <= $2",
        vec![from.into(), to.into()],
        |row| {
            let commitment = Commitment {
                owner: owner(&row.bytes(1)?)?,
                hash: part::commit(&row.bytes(2)?, &row.bytes(3)?),
            };
            Ok((row.i64(0)?, commitment))
        },
    )
    .await
}

pub(super) async fn remove_parts(tx: &Tx, owner: Owner) -> Result<u64, StoreError> {
    let sql = "DELETE FROM audit_part WHERE owner = $1";
    tx.fixed_execute(sql, vec![owner_bytes(owner).to_vec().into()])
        .await
}

/// The end of the chain, not signed yet.
pub(super) async fn end(conn: &Conn) -> Result<Option<SignedHead>, StoreError> {
    let query = "SELECT seq, at, hash FROM audit_entry ORDER BY seq DESC LIMIT 1";
    conn.fixed_one(query, vec![], |row| {
        Ok(SignedHead {
            seq: row.i64(0)?,
            at: from_micros(row.i64(1)?),
            hash: row.bytes(2)?,
            key: String::new(),
            signature: Vec::new(),
        })
    })
    .await
}

pub(super) async fn insert_checkpoint(tx: &Tx, head: &SignedHead) -> Result<(), StoreError> {
    tx.fixed_execute(
        "INSERT INTO audit_checkpoint (seq, at, hash, key_id, signature, cut) \
         VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING",
        vec![
            head.seq.into(),
            head.at.as_microsecond().into(),
            head.hash.clone().into(),
            head.key.clone().into(),
            head.signature.clone().into(),
        ],
    )
    .await?;
    Ok(())
}

/// The signed heads behind `from` up to `to`.
pub(super) async fn checkpoints(
    conn: &Conn,
    (from, to): (i64, i64),
) -> Result<Vec<SignedHead>, StoreError> {
    let query = "SELECT seq, at, hash, key_id, signature FROM audit_checkpoint \
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq";
    conn.fixed(query, vec![from.into(), to.into()], map_signed)
        .await
}

/// The head that was signed last.
pub(super) async fn last_checkpoint(conn: &Conn) -> Result<Option<SignedHead>, StoreError> {
    let query = "SELECT seq, at, hash, key_id, signature FROM audit_checkpoint \
                 ORDER BY seq DESC LIMIT 1";
    conn.fixed_one(query, vec![], map_signed).await
}

/// The latest signed head whose entry was written before `before`.
pub(super) async fn checkpoint_before(
    conn: &Conn,
    before: Timestamp,
) -> Result<Option<SignedHead>, StoreError> {
    let query = "SELECT seq, at, hash, key_id, signature FROM audit_checkpoint \
                 WHERE at < $1 ORDER BY seq DESC LIMIT 1";
    conn.fixed_one(query, vec![before.as_microsecond().into()], map_signed)
        .await
}

/// The signed head that stands for the entries that were taken away.
pub(super) async fn floor(conn: &Conn) -> Result<Option<SignedHead>, StoreError> {
    let query = "SELECT seq, at, hash, key_id, signature FROM audit_checkpoint \
                 WHERE cut = 1 ORDER BY seq DESC LIMIT 1";
    conn.fixed_one(query, vec![], map_signed).await
}

pub(super) async fn mark_cut(tx: &Tx, seq: i64) -> Result<(), StoreError> {
    let sql = "UPDATE audit_checkpoint SET cut = 1 WHERE seq = $1";
    tx.fixed_execute(sql, vec![seq.into()]).await?;
    let sql = "DELETE FROM audit_checkpoint WHERE seq < $1";
    tx.fixed_execute(sql, vec![seq.into()]).await?;
    Ok(())
}

/// Removes the oldest `limit` numbers up to `up_to`; gives how many entries that were.
pub(super) async fn remove_entries(tx: &Tx, up_to: i64, limit: i64) -> Result<u64, StoreError> {
    let Some(first) = first(tx).await? else {
        return Ok(0);
    };
    let last = up_to.min(first.saturating_add(limit - 1));
    let parts = "DELETE FROM audit_part WHERE seq <= $1";
    tx.fixed_execute(parts, vec![last.into()]).await?;
    let entries = "DELETE FROM audit_entry WHERE seq <= $1";
    tx.fixed_execute(entries, vec![last.into()]).await
}

fn owner(bytes: &[u8]) -> Result<Owner, StoreError> {
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| StoreError::Value("an owner has not 16 bytes".to_owned()))?;
    Ok(owner_of(bytes))
}

fn map_head(row: &Row<'_>) -> Result<Head, StoreError> {
    Ok(Head {
        seq: row.i64(0)?,
        hash: row.bytes(1)?,
    })
}

fn map_signed(row: &Row<'_>) -> Result<SignedHead, StoreError> {
    Ok(SignedHead {
        seq: row.i64(0)?,
        at: from_micros(row.i64(1)?),
        hash: row.bytes(2)?,
        key: row.text(3)?,
        signature: row.bytes(4)?,
    })
}

fn map_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let commitments = row.opt_bytes(7)?.unwrap_or_default();
    Ok(Entry {
        seq: row.i64(0)?,
        at: from_micros(row.i64(1)?),
        action: row.text(2)?,
        actor: row.text(3)?,
        subject: row.text(4)?,
        detail: row.text(5)?,
        hash: row.bytes(6)?,
        // Bytes of another length are none of ours: without them the hash does not match.
        commitments: Commitment::from_bytes(&commitments).unwrap_or_default(),
    })
}
