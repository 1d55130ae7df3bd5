//! Personal tokens: made, shown once, presented, revoked. The store keeps their digest, and their label
//! sealed for their owner.

use std::sync::Arc;

use serde_json::json;

use super::refusals::Door;
use super::{
    Actor, Credential, Identity, IdentityError, Principal, Refusal, Scope, Scopes, rates, repo,
    rules,
};
use crate::audit::{self, Event};
use crate::base::{Id, Timestamp};
use crate::crypto::token::{self, Token};
use crate::crypto::{Owner, RowBinding, VaultError};
use crate::store::key_ring::KeyRingError;
use crate::store::{Snapshot, StoreError, Tx};

/// A personal token that is not revoked, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalToken {
    /// Its identifier.
    pub id: Id<Self>,
    /// Whose it is.
    pub principal: Id<Principal>,
    /// What its owner calls it.
    pub label: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not good any more.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// What a personal token shall be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose.
    pub principal: Id<Principal>,
    /// 1 to 100 characters without control characters.
    pub label: String,
    /// Any but [`Scope::Web`].
    pub scope: Scope,
    /// From when on it is not good any more; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// Makes a personal token. Its text is in the answer and nowhere else.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the principal in a session or the operator;
/// [`IdentityError::Label`], [`IdentityError::Expiry`], [`IdentityError::Scope`];
/// [`IdentityError::NoPrincipal`], [`IdentityError::Inactive`].
pub async fn create(
    identity: &Identity,
    by: &Actor,
    new: NewToken,
) -> Result<(PersonalToken, Token), IdentityError> {
    rules::may_issue(by, new.principal)?;
    rules::check_label(&new.label)?;
    let form = rules::door_of(new.scope).and_then(rules::token_form);
    let form = form.ok_or(IdentityError::Scope(new.scope.as_str()))?;
    let id = Id::new(identity.store.clock().now());
    let owner = Owner::principal(new.principal);
    let at = place(&id);
    let label = identity.keys.seal(owner, &at, new.label.as_bytes());
    let label = match label.await {
        // There is nobody to have a key: the transaction says so.
        Err(KeyRingError::Vault(VaultError::NoKey(_))) => Vec::new(),
        label => label?,
    };
    identity
        .store
        .write(
            (by.clone(), new, id, label),
            move |tx, input: Arc<(Actor, NewToken, Id<PersonalToken>, Vec<u8>)>| async move {
                let (by, new, id, label) = input.as_ref();
                rules::check_expiry(new.expires_at, tx.now())?;
                let owner = repo::lock_principal(&tx, new.principal).await?;
                let owner = owner.ok_or(IdentityError::NoPrincipal)?;
                if !owner.active {
                    return Err(IdentityError::Inactive(owner.handle));
                }
                let secret = Token::new(form);
                let made = PersonalToken {
                    id: *id,
                    principal: new.principal,
                    label: new.label.clone(),
                    scopes: Scopes::of(&[new.scope]),
                    created_at: tx.now(),
                    expires_at: new.expires_at,
                    last_used_at: None,
                };
                let authenticated_at = match by.credential {
                    // Whoever has the machine vouches for them.
                    Credential::Operator => Some(tx.now()),
                    _ => by.authenticated_at,
                };
                let keyed = (secret.digest(), label.as_slice());
                repo::insert_token(&tx, &made, keyed, authenticated_at).await?;
                let (by, of) = (by.to_audit(), (made.id, made.principal));
                record(&tx, "identity.token.create", &by, of).await?;
                Ok((made, secret))
            },
        )
        .await
}

/// Whose token this is, if it opens `door` now. What cannot be a token is refused before the
/// database is asked.
///
/// # Errors
/// [`IdentityError::Unauthenticated`], alike for every reason; [`IdentityError::TooMany`].
pub async fn authenticate(
    identity: &Identity,
    presented: &str,
    door: Door,
) -> Result<Actor, IdentityError> {
    let well_formed =
        rules::token_form(door).is_some_and(|form| token::is_well_formed(form, presented));
    if !well_formed {
        return Err(IdentityError::Unauthenticated);
    }
    let digest = token::digest(presented);
    let (now, found) = identity
        .store
        .read(digest, |at, digest| async move {
            let found = repo::token_by_digest(&at, digest).await?;
            Ok::<_, IdentityError>((at.now(), found))
        })
        .await?;
    let found = found
        .filter(|t| rules::token_stands(t.times, now) && t.principal.active)
        .filter(|t| rules::opens(t.scopes, door))
        .ok_or(IdentityError::Unauthenticated)?;
    rates::use_token(identity, found.id, now)?;
    if rules::touch_due(found.last_used_at, now) {
        let seen = (found.id, found.last_used_at);
        touch(identity, seen).await;
    }
    let actor = found
        .principal
        .acting(found.scopes, Credential::Token, found.authenticated_at);
    Ok(actor)
}

/// Writes down the use. A full disk must not keep anybody from reading, so a failure is only told.
async fn touch(identity: &Identity, seen: (Id<PersonalToken>, Option<Timestamp>)) {
    let written = identity
        .store
        .write(
            seen,
            |tx, seen: Arc<(Id<PersonalToken>, Option<Timestamp>)>| async move {
                repo::touch_token(&tx, seen.0, seen.1).await
            },
        )
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a token could not be written down");
    }
}

/// Revokes a personal token; it is refused from the next request on. A second time changes
/// nothing.
///
/// # Errors
/// [`IdentityError::Refused`] with [`Refusal::NotFound`] when there is no such token, or `by` is
/// neither its owner nor an administrator in a session, nor the operator;
/// [`IdentityError::StaleSignIn`] for an administrator.
pub async fn revoke(
    identity: &Identity,
    by: &Actor,
    id: Id<PersonalToken>,
) -> Result<(), IdentityError> {
    let step_up = identity.limits.step_up;
    identity
        .store
        .write(
            (by.clone(), id),
            move |tx, input: Arc<(Actor, Id<PersonalToken>)>| async move {
                let (by, id) = input.as_ref();
                let owner = repo::token_owner(&tx, *id).await?;
                let owner = owner.ok_or(Refusal::NotFound)?;
                rules::may_end(by, owner, (tx.now(), step_up))?;
                if repo::revoke_token(&tx, *id).await? {
                    record(&tx, "identity.token.revoke", &by.to_audit(), (*id, owner)).await?;
                }
                Ok(())
            },
        )
        .await
}

/// The personal tokens of `of` that are not revoked, newest first; expired ones are among them.
///
/// # Errors
/// [`IdentityError::Refused`] with [`Refusal::NotFound`] when `by` is neither `of` nor an
/// administrator in a session, nor the operator.
pub async fn list(
    identity: &Identity,
    by: &Actor,
    of: Id<Principal>,
) -> Result<Vec<PersonalToken>, IdentityError> {
    rules::may_oversee(by, of)?;
    let read =
        |at: Snapshot, of| async move { Ok::<_, IdentityError>(repo::tokens_of(&at, of).await?) };
    let found = identity.store.read(of, read).await?;
    let mut tokens = Vec::with_capacity(found.len());
    for (token, sealed) in found {
        let label = match sealed {
            Some(sealed) => {
                let opened = identity
                    .keys
                    .open_sealed(&place(&token.id), &sealed)
                    .await?;
                String::from_utf8_lossy(&opened).into_owned()
            }
            None => token.label,
        };
        tokens.push(PersonalToken { label, ..token });
    }
    Ok(tokens)
}

/// Seals the labels from before labels were sealed. Once, at the start.
///
/// # Errors
/// What the store or the key ring refuses.
pub async fn seal_labels(identity: &Identity) -> Result<(), IdentityError> {
    loop {
        let read = |at: Snapshot, ()| async move {
            Ok::<_, IdentityError>(repo::plain_labels(&at).await?)
        };
        let plain = identity.store.read((), read).await?;
        if plain.is_empty() {
            return Ok(());
        }
        let mut sealed = Vec::with_capacity(plain.len());
        for (id, of, label) in plain {
            let owner = Owner::principal(of);
            let at = place(&id);
            let label = identity.keys.seal(owner, &at, label.as_bytes());
            sealed.push((id, label.await?));
        }
        let seal = |tx: Tx, sealed: Arc<Vec<(Id<PersonalToken>, Vec<u8>)>>| async move {
            for (id, label) in sealed.iter() {
                repo::seal_label(&tx, *id, label).await?;
            }
            Ok::<_, IdentityError>(())
        };
        identity.store.write(sealed, seal).await?;
    }
}

/// Where a label is sealed to.
const fn place(id: &Id<PersonalToken>) -> RowBinding<'_> {
    RowBinding {
        table: "personal_token",
        column: "label",
        row: id.as_bytes(),
    }
}

async fn record(
    tx: &Tx,
    action: &'static str,
    by: &str,
    (token, owner): (Id<PersonalToken>, Id<Principal>),
) -> Result<(), StoreError> {
    let event = Event {
        action,
        actor: by.to_owned(),
        subject: format!("token:{token}"),
        detail: json!({ "principal": owner }),
    };
    audit::record(tx, event).await
}
