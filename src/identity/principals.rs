//! Principals: made by the operator or at the first sign-in, found, turned off.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::repo::{self, Account};
use super::{
    Actor, Credential, Handle, Identity, IdentityError, Principal, Roles, Scope, Scopes, rules,
};
use crate::audit::{self, Event};
use crate::base::{Id, Timestamp};
use crate::crypto::Owner;
use crate::store::{Snapshot, StoreError, Tx};

/// Creates a principal that has no account at a provider.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the operator or an administrator in a session,
/// [`IdentityError::HandleTaken`].
pub async fn create(
    identity: &Identity,
    by: &Actor,
    handle: Handle,
    roles: Roles,
) -> Result<Principal, IdentityError> {
    rules::may_administer(by)?;
    let id = new_id_with_key(identity).await?;
    let input = (by.to_audit(), id, handle, roles);
    identity
        .store
        .write(
            input,
            |tx, input: Arc<(String, Id<Principal>, Handle, Roles)>| async move {
                let (by, id, handle, roles) = input.as_ref();
                let principal = Principal {
                    id: *id,
                    handle: handle.clone(),
                    active: true,
                    roles: *roles,
                    granted: Roles::default(),
                };
                repo::insert_principal(&tx, &principal, None)
                    .await
                    .map_err(|error| {
                        if error.is_unique_on("handle") {
                            IdentityError::HandleTaken(handle.clone())
                        } else {
                            error.into()
                        }
                    })?;
                record(&tx, "identity.principal.create", by.clone(), &principal).await?;
                Ok(principal)
            },
        )
        .await
}

/// The principal with this handle, whether active or not.
///
/// # Errors
/// What the store refuses.
pub async fn by_handle(
    identity: &Identity,
    handle: &Handle,
) -> Result<Option<Principal>, IdentityError> {
    identity
        .store
        .read(handle.clone(), |at, handle| async move {
            Ok(repo::principal_by_handle(&at, &handle).await?)
        })
        .await
}

/// The principal as the operator acts in its name, for CalDAV: an import fills a person's calendar
/// as that person. What is done is audited as the operator's, with the principal's id.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the operator; [`IdentityError::NoPrincipal`],
/// [`IdentityError::Inactive`].
pub async fn acting(
    identity: &Identity,
    by: &Actor,
    handle: &Handle,
) -> Result<Actor, IdentityError> {
    rules::may_act_for(by)?;
    let found = by_handle(identity, handle).await?;
    let principal = found.ok_or(IdentityError::NoPrincipal)?;
    if !principal.active {
        return Err(IdentityError::Inactive(principal.handle));
    }
    let scopes = Scopes::of(&[Scope::Caldav]);
    Ok(principal.acting(scopes, Credential::OnBehalf, None))
}

/// Whether there is such a principal and it is not turned off. It stays so until the end of the
/// transaction.
///
/// # Errors
/// What the store refuses.
pub async fn is_active(tx: &Tx, id: Id<Principal>) -> Result<bool, StoreError> {
    let found = repo::lock_principal(tx, id).await?;
    Ok(found.is_some_and(|principal| principal.active))
}

/// The handles of these principals; one that does not exist is left out.
///
/// # Errors
/// What the store refuses.
pub async fn handles(
    identity: &Identity,
    of: Vec<Id<Principal>>,
) -> Result<HashMap<Id<Principal>, Handle>, IdentityError> {
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    identity
        .store
        .read(of, |at, of| async move {
            let mut found = HashMap::new();
            for id in of {
                if !found.contains_key(&id)
                    && let Some(handle) = repo::handle(&at, id).await?
                {
                    found.insert(id, handle);
                }
            }
            Ok(found)
        })
        .await
}

/// The principal that signs in with the account `subject` at `issuer`, whether active or not.
///
/// # Errors
/// What the store refuses.
pub async fn by_account(
    identity: &Identity,
    issuer: &str,
    subject: &str,
) -> Result<Option<Principal>, IdentityError> {
    let input = (issuer.to_owned(), subject.to_owned());
    identity
        .store
        .read(input, |at, (issuer, subject)| async move {
            let account = Account {
                issuer: &issuer,
                subject: &subject,
            };
            Ok(repo::principal_by_account(&at, account).await?)
        })
        .await
}

/// The principal that signs in with the account `subject` at `issuer`, made with an opaque handle
/// if there is none. The provider says the roles: when they changed, they change here.
///
/// A principal that was turned off is given as such; no session starts for it.
///
/// # Errors
/// What the store or the key ring refuses.
pub async fn find_or_create(
    identity: &Identity,
    issuer: &str,
    subject: &str,
    roles: Roles,
) -> Result<Principal, IdentityError> {
    // Only whoever is new needs a key; it has to be durable before the transaction.
    let new = match by_account(identity, issuer, subject).await? {
        Some(_) => None,
        None => Some(new_id_with_key(identity).await?),
    };
    let input = (issuer.to_owned(), subject.to_owned(), roles, new);
    identity
        .store
        .write(
            input,
            |tx, input: Arc<(String, String, Roles, Option<Id<Principal>>)>| async move {
                let (issuer, subject, roles, new) = input.as_ref();
                let account = || Account { issuer, subject };
                let mut found = repo::principal_by_account(&tx, account()).await?;
                if let (None, Some(new)) = (&found, new) {
                    let made = Principal {
                        id: *new,
                        handle: Handle::opaque(),
                        active: true,
                        roles: *roles,
                        granted: Roles::default(),
                    };
                    if repo::insert_principal(&tx, &made, Some(account())).await? {
                        let actor = "system".to_owned();
                        record(&tx, "identity.principal.create", actor, &made).await?;
                        return Ok(made);
                    }
                    // Another transaction made it in between.
                    found = repo::principal_by_account(&tx, account()).await?;
                }
                let mut principal = found.ok_or(IdentityError::NoPrincipal)?;
                if principal.roles != *roles {
                    repo::set_roles(&tx, principal.id, *roles).await?;
                    principal.roles = *roles;
                    let actor = "system".to_owned();
                    record(&tx, "identity.principal.set-roles", actor, &principal).await?;
                }
                Ok(principal)
            },
        )
        .await
}

/// Turns a principal off: its sessions end, its personal tokens are revoked and its sign-in links
/// are gone, all at once. A second time changes nothing.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the operator or an administrator in a session,
/// [`IdentityError::NoPrincipal`], [`IdentityError::StaleSignIn`].
pub async fn deactivate(
    identity: &Identity,
    by: &Actor,
    id: Id<Principal>,
) -> Result<(), IdentityError> {
    rules::may_administer(by)?;
    rules::is_fresh(by, (identity.store.clock().now(), identity.limits.step_up))?;
    identity
        .store
        .write(
            (by.to_audit(), id),
            |tx, input: Arc<(String, Id<Principal>)>| async move {
                let (by, id) = input.as_ref();
                let found = repo::lock_principal(&tx, *id).await?;
                found.ok_or(IdentityError::NoPrincipal)?;
                if !repo::deactivate(&tx, *id).await? {
                    return Ok(());
                }
                let sessions = repo::remove_sessions(&tx, *id, Timestamp::MAX).await?;
                let tokens = repo::revoke_tokens(&tx, *id).await?;
                repo::remove_links(&tx, *id, Timestamp::MAX).await?;
                let event = Event {
                    action: "identity.principal.deactivate",
                    actor: by.clone(),
                    subject: format!("principal:{id}"),
                    detail: json!({ "sessions": sessions, "tokens": tokens }),
                };
                Ok(audit::record(&tx, event).await?)
            },
        )
        .await
}

/// Gives every principal a key that has none: those from before there were keys of principals.
/// Once, at the start.
///
/// # Errors
/// What the store or the key ring refuses.
pub async fn ensure_keys(identity: &Identity) -> Result<(), IdentityError> {
    let mut after = None;
    loop {
        let read = |at: Snapshot, after| async move { repo::behind(&at, after).await };
        let some = identity.store.read(after, read).await?;
        let Some(last) = some.last() else {
            return Ok(());
        };
        after = Some(*last);
        for id in some {
            identity.keys.ensure(Owner::principal(id)).await?;
        }
    }
}

/// The id of a principal that is to be made. Its key is durable.
async fn new_id_with_key(identity: &Identity) -> Result<Id<Principal>, IdentityError> {
    let id = Id::new(identity.store.clock().now());
    identity.keys.ensure(Owner::principal(id)).await?;
    Ok(id)
}

async fn record(
    tx: &Tx,
    action: &'static str,
    actor: String,
    principal: &Principal,
) -> Result<(), StoreError> {
    let event = Event {
        action,
        actor,
        subject: format!("principal:{}", principal.id),
        detail: json!({ "roles": principal.roles.to_text() }),
    };
    audit::record(tx, event).await
}
