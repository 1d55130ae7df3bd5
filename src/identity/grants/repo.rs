//! The queries about grants.

use std::borrow::Cow;

use sea_orm::Value;
use uuid::Uuid;

use super::super::repo::map_principal;
use super::{EVERYTHING, Listed, NewGrant, Part, RoleGrant};
use crate::base::clock::from_micros;
use crate::base::page::PageError;
use crate::base::{Cursor, Id, Page, PageSize};
use crate::identity::{IdentityError, Principal, Role, Roles};
use crate::store::{Conn, Row, StoreError, Tx};

pub(super) async fn insert(tx: &Tx, new: &RoleGrant) -> Result<(), StoreError> {
    let (kind, part) = columns(new.over.as_ref());
    let sql = "INSERT INTO role_grant (id, principal_id, role, part_kind, part_id, given_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = vec![
        new.id.to_vec().into(),
        new.principal.to_vec().into(),
        new.role.as_str().into(),
        kind,
        part,
        new.given_at.as_microsecond().into(),
    ];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// The grant that gives the same already.
pub(super) async fn same(tx: &Tx, new: &NewGrant) -> Result<Option<RoleGrant>, StoreError> {
    let (kind, part) = columns(new.over.as_ref());
    let sql = "SELECT id, principal_id, role, part_kind, part_id, given_at FROM role_grant \
               WHERE principal_id = $1 AND role = $2 AND part_kind = $3 AND part_id = $4";
    let role = new.role.as_str().into();
    let values = vec![new.principal.to_vec().into(), role, kind, part];
    tx.fixed_one(sql, values, map_grant).await
}

pub(super) async fn get(conn: &Conn, id: Id<RoleGrant>) -> Result<Option<RoleGrant>, StoreError> {
    let sql = "SELECT id, principal_id, role, part_kind, part_id, given_at FROM role_grant \
               WHERE id = $1";
    conn.fixed_one(sql, vec![id.to_vec().into()], map_grant)
        .await
}

/// Deletes a grant; gives what it was.
pub(super) async fn delete(tx: &Tx, id: Id<RoleGrant>) -> Result<Option<RoleGrant>, StoreError> {
    let sql = "DELETE FROM role_grant WHERE id = $1 \
               RETURNING id, principal_id, role, part_kind, part_id, given_at";
    tx.fixed_one(sql, vec![id.to_vec().into()], map_grant).await
}

/// The grants of a principal, oldest first.
pub(super) async fn of(conn: &Conn, of: Id<Principal>) -> Result<Vec<RoleGrant>, StoreError> {
    let sql = "SELECT id, principal_id, role, part_kind, part_id, given_at FROM role_grant \
               WHERE principal_id = $1 ORDER BY id";
    conn.fixed(sql, vec![of.to_vec().into()], map_grant).await
}

pub(super) async fn set_granted(
    tx: &Tx,
    of: Id<Principal>,
    roles: Roles,
) -> Result<(), StoreError> {
    let sql = "UPDATE principal SET granted_roles = $1 WHERE id = $2";
    let values = vec![roles.to_text().into(), of.to_vec().into()];
    tx.fixed_execute(sql, values).await.map(drop)
}

/// A page of the principals behind `cursor`, oldest first, with their grants.
pub(super) async fn list(
    conn: &Conn,
    cursor: Option<&Cursor>,
    size: PageSize,
) -> Result<Page<Listed>, IdentityError> {
    let behind = match cursor {
        None => Vec::new(),
        Some(cursor) if cursor.key().len() == 16 => cursor.key().to_vec(),
        Some(_) => return Err(PageError::Cursor.into()),
    };
    let sql = "SELECT id, handle, active, roles, granted_roles FROM principal WHERE id > $1 \
               ORDER BY id LIMIT $2";
    let one_more = i64::from(size.get()) + 1;
    let values = vec![behind.into(), one_more.into()];
    let mut found = conn.fixed(sql, values, |row| map_principal(row, 0)).await?;
    let more = found.len() > usize::from(size.get());
    found.truncate(size.get().into());
    let last = found.last().filter(|_| more);
    let next = last.map(|last| Cursor::behind(last.id.as_bytes()));
    let mut rows = Vec::with_capacity(found.len());
    for principal in found {
        let grants = of(conn, principal.id).await?;
        rows.push(Listed { principal, grants });
    }
    Ok(Page { rows, next })
}

/// `part_kind` and `part_id`.
fn columns(over: Option<&Part>) -> (Value, Value) {
    let (kind, id) = over.map_or((EVERYTHING, Uuid::nil()), |part| {
        (part.kind.as_ref(), part.id)
    });
    (kind.into(), id.as_bytes().to_vec().into())
}

fn map_grant(row: &Row<'_>) -> Result<RoleGrant, StoreError> {
    let word = row.text(2)?;
    let role = Role::parse(&word);
    let kind = row.text(3)?;
    let id = row.id::<()>(4)?;
    let over = (kind != EVERYTHING).then(|| Part {
        kind: Cow::Owned(kind),
        id: Uuid::from_bytes(*id.as_bytes()),
    });
    Ok(RoleGrant {
        id: row.id(0)?,
        principal: row.id(1)?,
        role: role.ok_or_else(|| StoreError::Value(format!("role {word:?}")))?,
        over,
        given_at: from_micros(row.i64(5)?),
    })
}
