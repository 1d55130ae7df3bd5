//! Sessions and the one-time links that start them. The store keeps digests only.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rules::SessionTimes;
use super::{
    Actor, Credential, Identity, IdentityError, Principal, Refusal, Scope, Scopes, SessionLimits,
    repo, rules,
};
use crate::audit::{self, Event, Part, PartKind};
use crate::base::{Id, Timestamp};
use crate::crypto::token::{self, Form, Token};
use crate::crypto::{Owner, hex};
use crate::store::{Conn, StoreError, Tx};

/// What the secret of a session looks like.
const SESSION: Form = Form::session("fh_ses_");
/// What the secret of a sign-in link looks like.
const LINK: Form = Form::session("fh_lnk_");

/// A session that has just begun.
#[derive(Debug)]
pub struct Started {
    /// The secret for the browser; it is nowhere else.
    pub secret: Token,
    /// Who signed in.
    pub principal: Principal,
    /// When it ends, whatever happens.
    pub ends_at: Timestamp,
}

/// The session at a provider that a session here came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its id in the configuration, for the audit.
    pub provider: String,
    /// The issuer that vouched for the person.
    pub issuer: String,
    /// Its name for its session, where the ID token had one (OpenID Connect Front-Channel Logout
    /// 1.0 §3).
    pub sid: Option<String>,
    /// When the person proved there who they are, where the ID token says so (`auth_time`).
    pub authenticated_at: Option<Timestamp>,
    /// What the provider calls the person, `name` and `email`, and the address that they came from,
    /// `source`; it goes into the audit, sealed under the person's key, and nowhere else (ID5, ID6).
    pub person: Option<Value>,
}

/// Starts a session for a principal whose sign-in has been verified, by the provider of `origin`
/// where there is one.
///
/// # Errors
/// [`IdentityError::Unauthenticated`] when there is no such principal or it was turned off.
pub async fn start(
    identity: &Identity,
    principal: Id<Principal>,
    origin: Option<Origin>,
) -> Result<Started, IdentityError> {
    let limits = identity.limits;
    let mut parts = Vec::new();
    if let Some(person) = origin.as_ref().and_then(|origin| origin.person.as_ref()) {
        let (keys, now) = (&identity.keys, identity.store.clock().now());
        let of = (Owner::principal(principal), PartKind::Person);
        parts.push(Part::seal(keys, of, person, now).await?);
    }
    identity
        .store
        .write(
            (principal, origin, parts),
            move |tx, input: Arc<(Id<Principal>, Option<Origin>, Vec<Part>)>| async move {
                let (principal, origin, parts) = input.as_ref();
                begin(&tx, (*principal, origin.as_ref(), parts), limits).await
            },
        )
        .await
}

async fn begin(
    tx: &Tx,
    (id, origin, parts): (Id<Principal>, Option<&Origin>, &[Part]),
    limits: SessionLimits,
) -> Result<Started, IdentityError> {
    let found = repo::lock_principal(tx, id).await?;
    let principal = found
        .filter(|principal| principal.active)
        .ok_or(IdentityError::Unauthenticated)?;
    // What has ended leaves no row behind for long.
    repo::remove_sessions(tx, id, tx.now()).await?;
    let secret = Token::new(SESSION);
    let ends_at = rules::after(tx.now(), limits.absolute);
    repo::insert_session(tx, secret.digest(), (id, origin), ends_at).await?;
    let event = Event {
        action: "identity.session.start",
        actor: format!("principal:{id}"),
        subject: format!("principal:{id}"),
        detail: json!({ "provider": origin.map(|origin| &origin.provider) }),
    };
    audit::record_with(tx, event, parts).await?;
    Ok(Started {
        secret,
        principal,
        ends_at,
    })
}

/// Who comes with this secret, if their session goes on. The actor has the scope [`Scope::Web`]
/// only.
///
/// # Errors
/// [`IdentityError::Unauthenticated`], alike for every reason.
pub async fn resume(identity: &Identity, presented: &str) -> Result<Actor, IdentityError> {
    if !token::is_well_formed(SESSION, presented) {
        return Err(IdentityError::Unauthenticated);
    }
    let digest = token::digest(presented);
    let (now, found) = identity
        .store
        .read(digest, |at, digest| async move {
            let found = repo::session_by_digest(&at, digest).await?;
            Ok::<_, IdentityError>((at.now(), found))
        })
        .await?;
    let found = found
        .filter(|s| rules::session_stands(s.times, identity.limits, now) && s.principal.active)
        .ok_or(IdentityError::Unauthenticated)?;
    if rules::touch_due(Some(found.times.last_seen), now) {
        touch(identity, (digest, found.times.last_seen)).await;
    }
    let scopes = Scopes::of(&[Scope::Web]);
    let actor = found
        .principal
        .acting(scopes, Credential::Session, found.authenticated_at);
    Ok(actor)
}

/// Writes down that the session was seen. A failure is only told: a full disk must not keep anybody
/// from reading, and at worst the session ends earlier.
async fn touch(identity: &Identity, seen: ([u8; 32], Timestamp)) {
    let written = identity
        .store
        .write(seen, |tx, seen: Arc<([u8; 32], Timestamp)>| async move {
            repo::touch_session(&tx, seen.0, seen.1).await
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a session could not be written down");
    }
}

/// Ends a session, and gives the issuer that it came from. A secret that is not known changes
/// nothing.
///
/// # Errors
/// What the store refuses.
pub async fn end(identity: &Identity, presented: &str) -> Result<Option<String>, IdentityError> {
    if !token::is_well_formed(SESSION, presented) {
        return Ok(None);
    }
    identity
        .store
        .write(
            token::digest(presented),
            |tx, digest: Arc<[u8; 32]>| async move {
                let Some((of, issuer)) = repo::remove_session(&tx, *digest).await? else {
                    return Ok(None);
                };
                record(&tx, "identity.session.end", format!("principal:{of}"), of).await?;
                Ok(issuer)
            },
        )
        .await
}

/// The issuer that the session with this secret came from; `None` for one by a link.
///
/// # Errors
/// What the store refuses.
pub async fn issuer(identity: &Identity, presented: &str) -> Result<Option<String>, IdentityError> {
    let digest = token::digest(presented);
    let found = identity.store.read(digest, |at, digest| async move {
        Ok::<_, IdentityError>(repo::session_issuer(&at, digest).await?)
    });
    found.await
}

/// A session that goes on, as its owner may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Its name among the sessions of its owner: 32 hexadecimal digits, no secret.
    pub id: String,
    /// When the sign-in was.
    pub started_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The sessions of `of` that go on, the latest seen first; `presented` is the secret of the one that
/// asks.
///
/// # Errors
/// [`IdentityError::Refused`] with [`Refusal::NotFound`] when `by` is
/// neither `of` nor an administrator in a session, nor the operator.
pub async fn list(
    identity: &Identity,
    by: &Actor,
    of: Id<Principal>,
    presented: &str,
) -> Result<Vec<OpenSession>, IdentityError> {
    rules::may_oversee(by, of)?;
    let this = token::digest(presented);
    let limits = identity.limits;
    identity
        .store
        .read(of, |at, of| async move {
            let all = repo::sessions_of(&at, of, at.now()).await?.into_iter();
            let all = all.filter(|(_, times)| rules::session_stands(*times, limits, at.now()));
            let open = |(digest, times): ([u8; 32], SessionTimes)| OpenSession {
                id: name_of(&digest),
                started_at: times.created,
                last_seen_at: times.last_seen,
                is_this: digest == this,
            };
            Ok(all.map(open).collect())
        })
        .await
}

/// Which sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The one with this [`OpenSession::id`].
    One(String),
    /// All but the one whose secret has this digest; see [`Self::all_but`].
    AllBut([u8; 32]),
}

impl Ending {
    /// All but the one with this secret.
    #[must_use]
    pub fn all_but(secret: &str) -> Self {
        Self::AllBut(token::digest(secret))
    }
}

/// Ends sessions of `of`; they are refused from the next request on. Gives their number.
///
/// # Errors
/// [`IdentityError::Refused`] with [`Refusal::NotFound`] when there is no
/// such session, or `by` may not see the sessions of `of`; [`IdentityError::StaleSignIn`] for an
/// administrator.
pub async fn end_of(
    identity: &Identity,
    by: &Actor,
    of: Id<Principal>,
    which: Ending,
) -> Result<usize, IdentityError> {
    rules::may_end(
        by,
        of,
        (identity.store.clock().now(), identity.limits.step_up),
    )?;
    identity
        .store
        .write(
            (by.to_audit(), of, which),
            |tx, input: Arc<(String, Id<Principal>, Ending)>| async move {
                let (by, of, which) = input.as_ref();
                let ends = |digest: &[u8; 32]| match which {
                    Ending::One(id) => name_of(digest) == *id,
                    Ending::AllBut(kept) => kept != digest,
                };
                let mut ended = 0;
                for (digest, _) in repo::sessions_of(&tx, *of, tx.now()).await? {
                    if ends(&digest) && repo::remove_session(&tx, digest).await?.is_some() {
                        record(&tx, "identity.session.end", by.clone(), *of).await?;
                        ended += 1;
                    }
                }
                if ended == 0 && matches!(which, Ending::One(_)) {
                    return Err(Refusal::NotFound.into());
                }
                Ok(ended)
            },
        )
        .await
}

/// Which sessions a provider ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Those that came from its session `sid`, of one of these issuers. Where the account is known
    /// as well (issuer, subject), also those of the account that have no `sid`: they cannot be told
    /// apart.
    Session {
        /// The issuers.
        issuers: Vec<String>,
        /// Its name for its session.
        sid: String,
        /// Whose session it is.
        subject: Option<String>,
    },
    /// All of an account.
    Account {
        /// The issuer.
        issuer: String,
        /// The account there, as in [`super::principals::by_account`].
        subject: String,
    },
}

/// Ends the sessions that `provider`, by its id in the configuration, says are over. They are refused
/// from the next request on, by every process. Gives their number.
///
/// # Errors
/// What the store refuses.
pub async fn end_from(
    identity: &Identity,
    provider: &str,
    which: Origins,
) -> Result<usize, IdentityError> {
    let found = identity.store.read(which, |at, which| async move {
        let found = from_origins(&at, &which).await?;
        Ok::<_, IdentityError>(found)
    });
    let found = found.await?;
    if found.is_empty() {
        // A stranger's guess does not wait for the writer.
        return Ok(0);
    }
    end_these(identity, provider, found).await
}

/// Ends the sessions with these digests, because `provider` says so. Gives the number of those that
/// were not over yet.
pub(super) async fn end_these(
    identity: &Identity,
    provider: &str,
    found: Vec<[u8; 32]>,
) -> Result<usize, IdentityError> {
    identity
        .store
        .write(
            (format!("provider:{provider}"), found),
            |tx, input: Arc<(String, Vec<[u8; 32]>)>| async move {
                let mut ended = 0;
                for digest in &input.1 {
                    if let Some((of, _)) = repo::remove_session(&tx, *digest).await? {
                        record(&tx, "identity.session.end", input.0.clone(), of).await?;
                        ended += 1;
                    }
                }
                Ok(ended)
            },
        )
        .await
}

async fn from_origins(at: &Conn, which: &Origins) -> Result<Vec<[u8; 32]>, StoreError> {
    let (issuers, sid, subject) = match which {
        Origins::Account { issuer, subject } => {
            return repo::sessions_of_account(at, (issuer, subject), false).await;
        }
        Origins::Session {
            issuers,
            sid,
            subject,
        } => (issuers, sid, subject),
    };
    let mut found = Vec::new();
    for issuer in issuers {
        found.extend(repo::sessions_by_sid(at, issuer, sid).await?);
        if let Some(subject) = subject {
            found.extend(repo::sessions_of_account(at, (issuer, subject), true).await?);
        }
    }
    Ok(found)
}

fn name_of(digest: &[u8; 32]) -> String {
    hex(digest).chars().take(32).collect()
}

/// Makes a link secret that signs `principal` in once, within 15 minutes.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the operator: whoever makes a link can sign in as
/// another. [`IdentityError::NoPrincipal`], [`IdentityError::Inactive`].
pub async fn make_link(
    identity: &Identity,
    by: &Actor,
    principal: Id<Principal>,
) -> Result<Token, IdentityError> {
    rules::may_make_link(by)?;
    identity
        .store
        .write(
            (by.to_audit(), principal),
            |tx, input: Arc<(String, Id<Principal>)>| async move {
                let (by, id) = input.as_ref();
                let found = repo::lock_principal(&tx, *id).await?;
                let principal = found.ok_or(IdentityError::NoPrincipal)?;
                if !principal.active {
                    return Err(IdentityError::Inactive(principal.handle));
                }
                repo::remove_links(&tx, *id, tx.now()).await?;
                let secret = Token::new(LINK);
                let expires_at = rules::after(tx.now(), rules::LINK_LIFETIME);
                repo::insert_link(&tx, secret.digest(), *id, expires_at).await?;
                record(&tx, "identity.link.create", by.clone(), *id).await?;
                Ok(secret)
            },
        )
        .await
}

/// Uses a link up and starts the session it promises, both or neither.
///
/// # Errors
/// [`IdentityError::Unauthenticated`] when the link is unknown, was used or has expired, or its
/// principal was turned off.
pub async fn redeem_link(identity: &Identity, presented: &str) -> Result<Started, IdentityError> {
    if !token::is_well_formed(LINK, presented) {
        return Err(IdentityError::Unauthenticated);
    }
    let limits = identity.limits;
    identity
        .store
        .write(
            token::digest(presented),
            move |tx, digest: Arc<[u8; 32]>| async move {
                let of = repo::take_link(&tx, *digest).await?;
                let of = of.ok_or(IdentityError::Unauthenticated)?;
                begin(&tx, (of, None, &[]), limits).await
            },
        )
        .await
}

async fn record(
    tx: &Tx,
    action: &'static str,
    actor: String,
    of: Id<Principal>,
) -> Result<(), StoreError> {
    let event = Event {
        action,
        actor,
        subject: format!("principal:{of}"),
        detail: json!({}),
    };
    audit::record(tx, event).await
}
