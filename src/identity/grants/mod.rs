//! Grants: roles that administrators give here, beside those that the provider gives (ID12).
//!
//! A role is granted over everything, or, as custodian and auditor, over one part of a room: a
//! [`Part`] is the room's own word with the identifier of a thing, and only the room knows what is in
//! it. A grant adds to a role and never replaces one: whoever has no role from the provider (or, made
//! on the command line, from the operator) has none by a grant either, so taking the roles away there
//! takes everything away.
//!
//! What is given or ended is so from the next request on, in every process: grants over everything
//! are read with the credential, those over parts in the transaction that they decide about.

mod repo;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::repo as principals;
use super::{Actor, Identity, IdentityError, Principal, Refusal, Role, Roles, rules};
use crate::audit::{self, Event};
use crate::base::{Cursor, Id, Page, PageSize, Timestamp};
use crate::store::{Conn, StoreError, Tx};

/// A part of a room over which a role can be held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Part {
    /// The room's word for parts of this kind.
    pub kind: Cow<'static, str>,
    /// The thing that the part is named by.
    pub id: Uuid,
}

impl Part {
    /// The part that the room calls `kind` and names by the thing `id`.
    #[must_use]
    pub const fn new<T>(kind: &'static str, id: Id<T>) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            id: Uuid::from_bytes(*id.as_bytes()),
        }
    }
}

/// A role that an administrator has given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGrant {
    /// Its identifier.
    pub id: Id<Self>,
    /// To whom.
    pub principal: Id<Principal>,
    /// What.
    pub role: Role,
    /// Over which part; `None` over everything.
    pub over: Option<Part>,
    /// When.
    pub given_at: Timestamp,
}

/// A role to be given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// To whom.
    pub principal: Id<Principal>,
    /// What; over a part only [`Role::Custodian`] and [`Role::Auditor`].
    pub role: Role,
    /// Over which part, of which the room has said that it is there; `None` over everything.
    pub over: Option<Part>,
}

/// Whether `by` may give and end roles now, before anything that they name is looked up.
///
/// # Errors
/// [`IdentityError::Refused`] and [`IdentityError::StaleSignIn`] as `rules::may_endanger` says.
pub fn may_give(identity: &Identity, by: &Actor) -> Result<(), IdentityError> {
    rules::may_endanger(by, (identity.store.clock().now(), identity.limits.step_up))
}

/// Gives a role. To give what is given already gives what is there.
///
/// # Errors
/// [`IdentityError::Refused`] and [`IdentityError::StaleSignIn`] as `rules::may_endanger` says;
/// [`IdentityError::RoleOverPart`], [`IdentityError::NoPrincipal`], [`IdentityError::Inactive`].
pub async fn give(
    identity: &Identity,
    by: &Actor,
    new: NewGrant,
) -> Result<RoleGrant, IdentityError> {
    let step_up = identity.limits.step_up;
    identity
        .store
        .write(
            (by.clone(), new),
            move |tx, input: Arc<(Actor, NewGrant)>| async move {
                let (by, new) = input.as_ref();
                rules::may_endanger(by, (tx.now(), step_up))?;
                rules::check_grant(new.role, new.over.is_some())?;
                let found = principals::lock_principal(&tx, new.principal).await?;
                let principal = found.ok_or(IdentityError::NoPrincipal)?;
                if !principal.active {
                    return Err(IdentityError::Inactive(principal.handle));
                }
                if let Some(there) = repo::same(&tx, new).await? {
                    return Ok(there);
                }
                let given = RoleGrant {
                    id: tx.new_id(),
                    principal: new.principal,
                    role: new.role,
                    over: new.over.clone(),
                    given_at: tx.now(),
                };
                repo::insert(&tx, &given).await?;
                keep(&tx, given.principal).await?;
                record(&tx, "identity.role.give", by, &given).await?;
                Ok(given)
            },
        )
        .await
}

/// Ends a grant.
///
/// # Errors
/// [`IdentityError::Refused`], with [`Refusal::NotFound`] when there is no such grant, and
/// [`IdentityError::StaleSignIn`], as `rules::may_endanger` says.
pub async fn end(identity: &Identity, by: &Actor, id: Id<RoleGrant>) -> Result<(), IdentityError> {
    let step_up = identity.limits.step_up;
    identity
        .store
        .write(
            (by.clone(), id),
            move |tx, input: Arc<(Actor, Id<RoleGrant>)>| async move {
                let (by, id) = input.as_ref();
                rules::may_endanger(by, (tx.now(), step_up))?;
                let there = repo::get(&tx, *id).await?.ok_or(Refusal::NotFound)?;
                // Whoever gives or ends another role of theirs waits: `keep` sees all of them.
                principals::lock_principal(&tx, there.principal).await?;
                let ended = repo::delete(&tx, *id).await?.ok_or(Refusal::NotFound)?;
                keep(&tx, ended.principal).await?;
                record(&tx, "identity.role.end", by, &ended).await
            },
        )
        .await
}

/// The grant `id`.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` administers, and when there is no such grant.
pub async fn get(
    identity: &Identity,
    by: &Actor,
    id: Id<RoleGrant>,
) -> Result<RoleGrant, IdentityError> {
    rules::may_survey(by)?;
    let found = identity.store.read(id, |at, id| async move {
        Ok::<_, IdentityError>(repo::get(&at, id).await?)
    });
    Ok(found.await?.ok_or(Refusal::NotFound)?)
}

/// A principal with the roles that it was given here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub principal: Principal,
    /// What they were given, oldest first.
    pub grants: Vec<RoleGrant>,
}

/// A page of the principals, oldest first, behind `cursor`, each with its grants.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` administers; [`IdentityError::Page`] for a foreign cursor.
pub async fn list(
    identity: &Identity,
    by: &Actor,
    (cursor, size): (Option<Cursor>, PageSize),
) -> Result<Page<Listed>, IdentityError> {
    rules::may_survey(by)?;
    identity
        .store
        .read(cursor, |at, cursor| async move {
            repo::list(&at, cursor.as_ref(), size).await
        })
        .await
}

/// The roles that an actor holds: over everything, and over parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Over everything.
    pub everywhere: Roles,
    /// Over parts.
    pub over: Vec<(Role, Part)>,
}

/// What `actor` holds, as it is in this transaction.
///
/// # Errors
/// What the store refuses.
pub async fn held(conn: &Conn, actor: &Actor) -> Result<Held, StoreError> {
    let everywhere = actor.roles;
    let mut over = Vec::new();
    if everywhere != Roles::default() {
        for grant in repo::of(conn, actor.principal).await? {
            over.extend(grant.over.map(|part| (grant.role, part)));
        }
    }
    Ok(Held { everywhere, over })
}

/// Writes the roles granted over everything into the principal's own row.
async fn keep(tx: &Tx, of: Id<Principal>) -> Result<(), StoreError> {
    let grants = repo::of(tx, of).await?;
    let everywhere = grants.iter().filter(|grant| grant.over.is_none());
    let roles: Vec<Role> = everywhere.map(|grant| grant.role).collect();
    repo::set_granted(tx, of, Roles::of(&roles)).await
}

async fn record(
    tx: &Tx,
    action: &'static str,
    by: &Actor,
    grant: &RoleGrant,
) -> Result<(), IdentityError> {
    let over = grant.over.as_ref();
    let event = Event {
        action,
        actor: by.to_audit(),
        subject: format!("principal:{}", grant.principal),
        detail: json!({
            "grant": grant.id,
            "role": grant.role.as_str(),
            "over": over.map_or_else(
                || EVERYTHING.to_owned(),
                |part| format!("{}:{}", part.kind, part.id),
            ),
        }),
    };
    Ok(audit::record(tx, event).await?)
}

/// The word in the store for a role over everything.
const EVERYTHING: &str = "everything";
