//! The queries of identity.

use super::model::{Handle, Principal, Roles, Scopes};
use super::rules::{SessionTimes, TokenTimes};
use super::sessions::Origin;
use super::tokens::PersonalToken;
use crate::base::clock::from_micros;
use crate::base::{Id, Timestamp};
use crate::store::{Conn, Row, StoreError, Tx};

/// The account at the provider that a principal signs in with.
pub(super) struct Account<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
}

/// Adds a principal; tells whether it was added. It is not when another has its account; when
/// another has its handle, that is [`StoreError::Unique`].
pub(super) async fn insert_principal(
    tx: &Tx,
    principal: &Principal,
    account: Option<Account<'_>>,
) -> Result<bool, StoreError> {
    let (issuer, subject) = account.map(|a| (a.issuer, a.subject)).unzip();
    let added = tx
        .fixed_execute(
            "INSERT INTO principal (id, handle, issuer, subject, active, roles, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (issuer, subject) DO NOTHING",
            vec![
                principal.id.to_vec().into(),
                principal.handle.as_str().into(),
                issuer.map(str::to_owned).into(),
                subject.map(str::to_owned).into(),
                i64::from(principal.active).into(),
                principal.roles.to_text().into(),
                tx.now_micros().into(),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Up to 500 principals behind `after`, by id.
pub(super) async fn behind(
    conn: &Conn,
    after: Option<Id<Principal>>,
) -> Result<Vec<Id<Principal>>, StoreError> {
    let sql = "SELECT id FROM principal WHERE id > $1 ORDER BY id LIMIT 500";
    let after = after.map(Id::to_vec).unwrap_or_default();
    conn.fixed(sql, vec![after.into()], |row| row.id(0)).await
}

/// Locks a principal until the end of the transaction, so that it is not turned off while a
/// credential is made for it.
pub(super) async fn lock_principal(
    tx: &Tx,
    id: Id<Principal>,
) -> Result<Option<Principal>, StoreError> {
    let sql =
        "SELECT id, handle, active, roles, granted_roles FROM principal WHERE id = $1 FOR UPDATE";
    tx.fixed_one(sql, vec![id.to_vec().into()], |row| map_principal(row, 0))
        .await
}

pub(super) async fn principal_by_handle(
    conn: &Conn,
    handle: &Handle,
) -> Result<Option<Principal>, StoreError> {
    let sql = "SELECT id, handle, active, roles, granted_roles FROM principal WHERE handle = $1";
    conn.fixed_one(sql, vec![handle.as_str().into()], |row| {
        map_principal(row, 0)
    })
    .await
}

pub(super) async fn handle(conn: &Conn, id: Id<Principal>) -> Result<Option<Handle>, StoreError> {
    let sql = "SELECT id, handle, active, roles, granted_roles FROM principal WHERE id = $1";
    let found = conn.fixed_one(sql, vec![id.to_vec().into()], |row| map_principal(row, 0));
    Ok(found.await?.map(|principal| principal.handle))
}

pub(super) async fn principal_by_account(
    conn: &Conn,
    account: Account<'_>,
) -> Result<Option<Principal>, StoreError> {
    let sql = "SELECT id, handle, active, roles, granted_roles FROM principal WHERE issuer = $1 AND subject = $2";
    let params = vec![account.issuer.into(), account.subject.into()];
    conn.fixed_one(sql, params, |row| map_principal(row, 0))
        .await
}

pub(super) async fn set_roles(tx: &Tx, id: Id<Principal>, roles: Roles) -> Result<(), StoreError> {
    let sql = "UPDATE principal SET roles = $1 WHERE id = $2";
    let params = vec![roles.to_text().into(), id.to_vec().into()];
    tx.fixed_execute(sql, params).await?;
    Ok(())
}

/// Turns a principal off; tells whether it was on.
pub(super) async fn deactivate(tx: &Tx, id: Id<Principal>) -> Result<bool, StoreError> {
    let sql = "UPDATE principal SET active = 0 WHERE id = $1 AND active <> 0";
    Ok(tx.fixed_execute(sql, vec![id.to_vec().into()]).await? == 1)
}

pub(super) async fn insert_token(
    tx: &Tx,
    token: &PersonalToken,
    (digest, sealed_label): ([u8; 32], &[u8]),
    authenticated_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.fixed_execute(
        "INSERT INTO personal_token (id, digest, principal_id, label, scopes, created_at, \
         expires_at, authenticated_at, sealed_label) VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8)",
        vec![
            token.id.to_vec().into(),
            digest.to_vec().into(),
            token.principal.to_vec().into(),
            token.scopes.to_text().into(),
            token.created_at.as_microsecond().into(),
            token.expires_at.map(Timestamp::as_microsecond).into(),
            authenticated_at.map(Timestamp::as_microsecond).into(),
            sealed_label.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Labels that are not sealed yet, up to 500: of which token, whose, and the label.
pub(super) async fn plain_labels(
    conn: &Conn,
) -> Result<Vec<(Id<PersonalToken>, Id<Principal>, String)>, StoreError> {
    let sql = "SELECT id, principal_id, label FROM personal_token WHERE sealed_label IS NULL \
               LIMIT 500";
    let map = |row: &Row<'_>| Ok((row.id(0)?, row.id(1)?, row.text(2)?));
    conn.fixed(sql, vec![], map).await
}

pub(super) async fn seal_label(
    tx: &Tx,
    id: Id<PersonalToken>,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE personal_token SET sealed_label = $1, label = '' WHERE id = $2";
    let params = vec![sealed.into(), id.to_vec().into()];
    tx.fixed_execute(sql, params).await.map(drop)
}

/// A presented token as the store knows it.
pub(super) struct FoundToken {
    pub(super) id: Id<PersonalToken>,
    pub(super) scopes: Scopes,
    pub(super) times: TokenTimes,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) principal: Principal,
}

pub(super) async fn token_by_digest(
    conn: &Conn,
    digest: [u8; 32],
) -> Result<Option<FoundToken>, StoreError> {
    conn.fixed_one(
        "SELECT t.id, t.scopes, t.expires_at, t.revoked_at, t.last_used_at, t.authenticated_at, \
         p.id, p.handle, p.active, p.roles, p.granted_roles \
         FROM personal_token t JOIN principal p ON p.id = t.principal_id WHERE t.digest = $1",
        vec![digest.to_vec().into()],
        |row| {
            Ok(FoundToken {
                id: row.id(0)?,
                scopes: Scopes::parse(&row.text(1)?),
                times: TokenTimes {
                    expiry: row.opt_i64(2)?.map(from_micros),
                    revoked: row.opt_i64(3)?.map(from_micros),
                },
                last_used_at: row.opt_i64(4)?.map(from_micros),
                authenticated_at: row.opt_i64(5)?.map(from_micros),
                principal: map_principal(row, 6)?,
            })
        },
    )
    .await
}

/// Writes down that a token was used, unless another request has done so since it was read with
/// the last use `seen`.
pub(super) async fn touch_token(
    tx: &Tx,
    id: Id<PersonalToken>,
    seen: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE personal_token SET last_used_at = $1 \
               WHERE id = $2 AND COALESCE(last_used_at, 0) = $3";
    let seen = seen.map_or(0, Timestamp::as_microsecond);
    let params = vec![tx.now_micros().into(), id.to_vec().into(), seen.into()];
    tx.fixed_execute(sql, params).await?;
    Ok(())
}

pub(super) async fn token_owner(
    conn: &Conn,
    id: Id<PersonalToken>,
) -> Result<Option<Id<Principal>>, StoreError> {
    let sql = "SELECT principal_id FROM personal_token WHERE id = $1";
    conn.fixed_one(sql, vec![id.to_vec().into()], |row| row.id(0))
        .await
}

/// Revokes one token; tells whether it was good until now.
pub(super) async fn revoke_token(tx: &Tx, id: Id<PersonalToken>) -> Result<bool, StoreError> {
    let sql = "UPDATE personal_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
    let params = vec![tx.now_micros().into(), id.to_vec().into()];
    Ok(tx.fixed_execute(sql, params).await? == 1)
}

/// Revokes all tokens of a principal; gives their number.
pub(super) async fn revoke_tokens(tx: &Tx, of: Id<Principal>) -> Result<u64, StoreError> {
    let sql = "UPDATE personal_token SET revoked_at = $1 \
               WHERE principal_id = $2 AND revoked_at IS NULL";
    let params = vec![tx.now_micros().into(), of.to_vec().into()];
    tx.fixed_execute(sql, params).await
}

/// The tokens of a principal that are not revoked, newest first, each with its sealed label.
pub(super) async fn tokens_of(
    conn: &Conn,
    of: Id<Principal>,
) -> Result<Vec<(PersonalToken, Option<Vec<u8>>)>, StoreError> {
    conn.fixed(
        "SELECT id, principal_id, label, scopes, created_at, expires_at, last_used_at, sealed_label \
         FROM personal_token WHERE principal_id = $1 AND revoked_at IS NULL \
         ORDER BY created_at DESC, id DESC",
        vec![of.to_vec().into()],
        |row| {
            let token = PersonalToken {
                id: row.id(0)?,
                principal: row.id(1)?,
                label: row.text(2)?,
                scopes: Scopes::parse(&row.text(3)?),
                created_at: from_micros(row.i64(4)?),
                expires_at: row.opt_i64(5)?.map(from_micros),
                last_used_at: row.opt_i64(6)?.map(from_micros),
            };
            Ok((token, row.opt_bytes(7)?))
        },
    )
    .await
}

pub(super) async fn insert_session(
    tx: &Tx,
    digest: [u8; 32],
    (of, origin): (Id<Principal>, Option<&Origin>),
    ends_at: Timestamp,
) -> Result<(), StoreError> {
    // Without a provider it was a link of the operator's, used just now.
    let authenticated_at = origin.map_or(Some(tx.now()), |origin| origin.authenticated_at);
    tx.fixed_execute(
        "INSERT INTO session (digest, principal_id, created_at, last_seen_at, ends_at, issuer, \
         sid, authenticated_at) VALUES ($1, $2, $3, $3, $4, $5, $6, $7)",
        vec![
            digest.to_vec().into(),
            of.to_vec().into(),
            tx.now_micros().into(),
            ends_at.as_microsecond().into(),
            origin.map(|origin| origin.issuer.clone()).into(),
            origin.and_then(|origin| origin.sid.clone()).into(),
            authenticated_at.map(Timestamp::as_microsecond).into(),
        ],
    )
    .await?;
    Ok(())
}

/// A presented session as the store knows it.
pub(super) struct FoundSession {
    pub(super) times: SessionTimes,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) principal: Principal,
}

pub(super) async fn session_by_digest(
    conn: &Conn,
    digest: [u8; 32],
) -> Result<Option<FoundSession>, StoreError> {
    conn.fixed_one(
        "SELECT s.created_at, s.last_seen_at, s.ends_at, s.authenticated_at, \
         p.id, p.handle, p.active, p.roles, p.granted_roles \
         FROM session s JOIN principal p ON p.id = s.principal_id WHERE s.digest = $1",
        vec![digest.to_vec().into()],
        |row| {
            Ok(FoundSession {
                times: SessionTimes {
                    created: from_micros(row.i64(0)?),
                    last_seen: from_micros(row.i64(1)?),
                    end: from_micros(row.i64(2)?),
                },
                authenticated_at: row.opt_i64(3)?.map(from_micros),
                principal: map_principal(row, 4)?,
            })
        },
    )
    .await
}

pub(super) async fn session_issuer(
    conn: &Conn,
    digest: [u8; 32],
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT issuer FROM session WHERE digest = $1";
    let found = conn.fixed_one(sql, vec![digest.to_vec().into()], |row| row.opt_text(0));
    Ok(found.await?.flatten())
}

/// Writes down that a session was seen, unless another request has done so since it was read with
/// the last time `seen`.
pub(super) async fn touch_session(
    tx: &Tx,
    digest: [u8; 32],
    seen: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE session SET last_seen_at = $1 WHERE digest = $2 AND last_seen_at = $3";
    let params = vec![
        tx.now_micros().into(),
        digest.to_vec().into(),
        seen.as_microsecond().into(),
    ];
    tx.fixed_execute(sql, params).await?;
    Ok(())
}

/// The sessions of a principal that are not over by `after`, the latest first: digests and times.
pub(super) async fn sessions_of(
    conn: &Conn,
    of: Id<Principal>,
    after: Timestamp,
) -> Result<Vec<([u8; 32], SessionTimes)>, StoreError> {
    let sql = "SELECT digest, created_at, last_seen_at, ends_at FROM session \
               WHERE principal_id = $1 AND ends_at > $2 ORDER BY last_seen_at DESC, digest";
    let params = vec![of.to_vec().into(), after.as_microsecond().into()];
    conn.fixed(sql, params, |row| {
        let digest = map_digest(row)?;
        let times = SessionTimes {
            created: from_micros(row.i64(1)?),
            last_seen: from_micros(row.i64(2)?),
            end: from_micros(row.i64(3)?),
        };
        Ok((digest, times))
    })
    .await
}

/// The sessions that came from the provider's session `sid`.
pub(super) async fn sessions_by_sid(
    conn: &Conn,
    issuer: &str,
    sid: &str,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let sql = "SELECT digest FROM session WHERE sid = $1 AND issuer = $2";
    conn.fixed(sql, vec![sid.into(), issuer.into()], map_digest)
        .await
}

/// The sessions of the account (issuer, subject): all, or those whose `sid` is not known.
pub(super) async fn sessions_of_account(
    conn: &Conn,
    (issuer, subject): (&str, &str),
    only_without_sid: bool,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let sql = "SELECT s.digest FROM session s JOIN principal p ON p.id = s.principal_id \
               WHERE p.issuer = $1 AND p.subject = $2 AND ($3 = 0 OR s.sid IS NULL)";
    let only = i64::from(only_without_sid);
    let params = vec![issuer.into(), subject.into(), only.into()];
    conn.fixed(sql, params, map_digest).await
}

/// Removes a session; gives whose it was, and the issuer that it came from.
pub(super) async fn remove_session(
    tx: &Tx,
    digest: [u8; 32],
) -> Result<Option<(Id<Principal>, Option<String>)>, StoreError> {
    let sql = "DELETE FROM session WHERE digest = $1 RETURNING principal_id, issuer";
    tx.fixed_one(sql, vec![digest.to_vec().into()], |row| {
        Ok((row.id(0)?, row.opt_text(1)?))
    })
    .await
}

/// Removes the sessions of a principal that end at `until` or before; gives their number.
pub(super) async fn remove_sessions(
    tx: &Tx,
    of: Id<Principal>,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM session WHERE principal_id = $1 AND ends_at <= $2";
    let params = vec![of.to_vec().into(), until.as_microsecond().into()];
    tx.fixed_execute(sql, params).await
}

pub(super) async fn insert_link(
    tx: &Tx,
    digest: [u8; 32],
    of: Id<Principal>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sign_in_link (digest, principal_id, expires_at) VALUES ($1, $2, $3)";
    let params = vec![
        digest.to_vec().into(),
        of.to_vec().into(),
        expires_at.as_microsecond().into(),
    ];
    tx.fixed_execute(sql, params).await?;
    Ok(())
}

/// Takes a link that has not expired. Of two transactions that want the same link only one deletes
/// its row, so only one gets it.
pub(super) async fn take_link(
    tx: &Tx,
    digest: [u8; 32],
) -> Result<Option<Id<Principal>>, StoreError> {
    let sql = "DELETE FROM sign_in_link WHERE digest = $1 AND expires_at > $2 \
               RETURNING principal_id";
    let params = vec![digest.to_vec().into(), tx.now_micros().into()];
    tx.fixed_one(sql, params, |row| row.id(0)).await
}

/// Removes the links of a principal that expire at `until` or before.
pub(super) async fn remove_links(
    tx: &Tx,
    of: Id<Principal>,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sign_in_link WHERE principal_id = $1 AND expires_at <= $2";
    let params = vec![of.to_vec().into(), until.as_microsecond().into()];
    tx.fixed_execute(sql, params).await?;
    Ok(())
}

/// Reads the digest of a session from the first column.
fn map_digest(row: &Row<'_>) -> Result<[u8; 32], StoreError> {
    let wrong = |_| StoreError::Value("a session's digest is not 32 bytes".to_owned());
    row.bytes(0)?.try_into().map_err(wrong)
}

/// Reads `id, handle, active, roles, granted_roles` from the column `at` on.
pub(super) fn map_principal(row: &Row<'_>, at: usize) -> Result<Principal, StoreError> {
    let handle = row.text(at + 1)?.parse::<Handle>();
    Ok(Principal {
        id: row.id(at)?,
        handle: handle.map_err(|e| StoreError::Value(e.to_string()))?,
        active: row.i64(at + 2)? != 0,
        roles: Roles::parse(&row.text(at + 3)?),
        granted: Roles::parse(&row.opt_text(at + 4)?.unwrap_or_default()),
    })
}
