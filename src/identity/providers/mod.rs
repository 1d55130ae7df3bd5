//! Signing in through OpenID Connect: authorization code with PKCE (OpenID Connect Core 1.0 §3.1,
//! RFC 7636), against any of the configured providers.
//!
//! [`Providers::begin`] sends a browser to the provider, [`Providers::finish`] takes what it comes
//! back with and starts a session. A person is `(issuer, subject)` and nothing else, with Microsoft
//! `(tid, oid)` in their place: addresses and names are not looked at. Roles come from the provider
//! at each sign-in, administrators from the configuration as well.
//!
//! **Invariants.** A provider is not called before somebody signs in with it, so one that is down
//! does not keep the service from starting. Tokens of the provider are forgotten before `finish`
//! returns, but a refresh token, which is in memory only; see `standing`. What is remembered of a flow is sealed and kept by the browser; see `flow`.
//!
//! | What | Standard |
//! | --- | --- |
//! | the ID token | OpenID Connect Core 1.0 §3.1.3.7 |
//! | which provider answered | RFC 9207 |
//! | metadata and keys | OpenID Connect Discovery 1.0 |
//! | ending the session there | OpenID Connect RP-Initiated Logout 1.0 |
//! | asking whether it goes on | OpenID Connect Core 1.0 §12 |
//! | being told that it ended | OpenID Connect Back-Channel Logout 1.0, Front-Channel Logout 1.0 |

mod begin;
mod credential;
mod discovery;
mod error;
mod flow;
mod graph;
mod issuer;
mod logout;
mod logout_token;
mod person;
mod renew;
mod roles;
mod standing;
mod strength;
#[cfg(test)]
mod tests;
mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

pub use credential::client_jwk;
pub use discovery::Seen;
pub use error::{Failed, NoCredential, SignInError, Unacceptable, Unreachable};
pub use flow::flow_id;
pub use logout::{LogoutError, SignOut};

use super::sessions::{self, Origin, Started};
use super::{Identity, Principal};
use crate::azure::Azure;
use crate::base::clock::from_micros;
use crate::base::{Id, Timestamp, visible};
use crate::config::{self, Administrator};
use crate::crypto::Vault;
use discovery::Provider;
use flow::Flow;
use logout::Recent;
use standing::{Rhythm, Standing};
use verify::Redeemed;

/// The longest text of a provider's error that is repeated to the person.
const DECLINED_CHARS_MAX: usize = 60;

/// The handle on the configured providers; cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    identity: Identity,
    vault: Vault,
    administrators: Vec<Administrator>,
    providers: Vec<Provider>,
    /// The logout tokens that were used.
    used: Recent,
    /// The sessions that providers have ended.
    ended: Recent,
    standing: Standing,
    rhythm: Rhythm,
}

/// A provider as the sign-in page offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its id in the configuration.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A provider and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderState {
    /// Its id in the configuration.
    pub id: String,
    /// When it was last asked.
    pub seen: Seen,
}

/// A sign-in that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes now.
    pub location: Url,
    /// The name of the flow, [`flow_id`] of its state.
    pub flow_id: String,
    /// What the browser keeps until it comes back; below 4,000 characters if `return_to` is at most
    /// 2 KiB of visible ASCII without `"` and `\`.
    pub sealed: String,
}

/// What the browser comes back with (RFC 6749 §4.1.2).
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// The state that was sent along.
    pub state: String,
    /// The code, when the person was signed in.
    pub code: Option<String>,
    /// The error, when not.
    pub error: Option<String>,
    /// The provider, as it names itself (RFC 9207).
    pub iss: Option<String>,
    /// Where the browser is, for the audit.
    pub source: Option<IpAddr>,
}

/// A person who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Their session.
    pub started: Started,
    /// Where they wanted to go, as given to [`Providers::begin`].
    pub return_to: String,
    /// Whether they only proved once more who they are: the session that they had is over then.
    pub is_step_up: bool,
}

/// How a sign-in went on.
#[derive(Debug)]
pub enum Finished {
    /// Somebody has signed in.
    In(SignedIn),
    /// Microsoft Graph wants more of the sign-in than it was (a claims challenge): back to the
    /// provider, once.
    Again(Begun),
}

/// How a sign-in shall be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where the provider sends the browser back to.
    pub redirect_uri: &'a str,
    /// Where the person goes then; at most 2 KiB of visible ASCII without `"` and `\`.
    pub return_to: &'a str,
    /// Who has to prove now, by signing in anew, that they are it; `None` for a plain sign-in.
    pub step_up: Option<Id<Principal>>,
}

/// Asks a provider for its metadata and keys, as a sign-in does.
///
/// # Errors
/// Why nobody could sign in with it now.
pub async fn examine(settings: &config::Provider, azure: &Azure) -> Result<(), Unreachable> {
    let provider = Provider::new(settings.clone(), azure.clone());
    provider.read().await.map(drop)
}

impl Providers {
    /// The providers of the configuration. None of them is called yet.
    #[must_use]
    pub fn new(
        settings: &config::Identity,
        identity: Identity,
        vault: Vault,
        azure: &Azure,
    ) -> Self {
        let providers = settings.providers.iter().cloned();
        Self(Arc::new(Inner {
            identity,
            vault,
            administrators: settings.administrators.clone(),
            providers: providers
                .map(|settings| Provider::new(settings, azure.clone()))
                .collect(),
            used: Recent::default(),
            ended: Recent::default(),
            standing: Standing::default(),
            rhythm: Rhythm {
                every_secs: settings.session_check_secs.into(),
                idle_secs: i64::from(settings.session_idle_mins) * 60,
            },
        }))
    }

    /// What the sign-in page offers, in the order of the configuration.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        self.0.providers.iter().map(Provider::choice).collect()
    }

    /// What was seen of each provider when it was last asked, in the order of the configuration.
    /// Nobody is asked now.
    #[must_use]
    pub fn states(&self) -> Vec<ProviderState> {
        let state = |provider: &Provider| ProviderState {
            id: provider.settings.id.clone(),
            seen: provider.seen(),
        };
        self.0.providers.iter().map(state).collect()
    }

    /// Finishes the sign-in that `sealed` was kept for, and starts a session.
    ///
    /// # Errors
    /// [`Failed`]; whoever is refused has no session. Someone whose provider took all roles
    /// away loses them here, too.
    pub async fn finish(
        &self,
        sealed: Option<&str>,
        callback: Callback,
    ) -> Result<Finished, Failed> {
        let now = self.now();
        let id = flow_id(&callback.state);
        let flow = sealed.and_then(|sealed| Flow::open(&self.0.vault, &id, sealed, now));
        let flow = flow.ok_or(SignInError::NoFlow)?;
        let provider = self.provider(&flow.provider)?;
        let done = self.finish_at(provider, flow, callback, now).await;
        done.map_err(|error| Failed {
            provider: Some(provider.settings.id.clone()),
            error,
        })
    }

    async fn finish_at(
        &self,
        provider: &Provider,
        flow: Flow,
        callback: Callback,
        now: Timestamp,
    ) -> Result<Finished, SignInError> {
        let published = provider.published(now).await?;
        let extra = published.metadata.additional_metadata();
        match &callback.iss {
            Some(named) if !issuer::accepted(&provider.settings).contains(named) => {
                return Err(SignInError::MixedUp);
            }
            None if extra.authorization_response_iss_parameter_supported => {
                return Err(SignInError::MixedUp);
            }
            _ => {}
        }
        if let Some(error) = callback.error {
            return Err(SignInError::Declined(visible(&error, DECLINED_CHARS_MAX)));
        }
        let code = callback.code.ok_or(SignInError::NoFlow)?;
        let mut redeemed = verify::redeem(provider, published, (&flow, code), now).await?;
        let account = &redeemed.verified.account;
        if callback.iss.is_some_and(|named| named != account.issuer) {
            return Err(SignInError::MixedUp);
        }
        if let Some(source) = callback.source {
            let person = &mut redeemed.verified.person;
            person.insert("source".to_owned(), source.to_string().into());
        }
        let given = &mut redeemed.verified.given;
        if let Err(challenge) = person::complete(provider, given, &redeemed.access).await {
            if flow.challenged {
                return Err(SignInError::Challenged);
            }
            let wanted = Wanted {
                redirect_uri: &flow.redirect_uri,
                return_to: &flow.return_to,
                step_up: flow.step_up,
            };
            let begun = self.begin_with(provider, wanted, Some(challenge)).await?;
            return Ok(Finished::Again(begun));
        }
        let entered = self.enter(provider, flow, redeemed, now).await;
        entered.map(Finished::In)
    }

    /// Starts the session of whoever was vouched for.
    async fn enter(
        &self,
        provider: &Provider,
        flow: Flow,
        redeemed: Redeemed,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let Redeemed {
            verified, refresh, ..
        } = redeemed;
        let step_up = flow.step_up;
        let origin = Origin {
            issuer: verified.account.issuer.clone(),
            sid: verified.sid,
            authenticated_at: verified.authenticated_at,
            person: (!verified.person.is_empty()).then_some(verified.person.into()),
            provider: provider.settings.id.clone(),
        };
        if step_up.is_some() {
            strength::is_new(origin.authenticated_at, from_micros(flow.begun_at))?;
        }
        let vouched = (&verified.account, &verified.given);
        let principal = self.principal(provider, vouched).await?;
        if step_up.is_some_and(|who| who != principal.id) {
            return Err(SignInError::SomebodyElse);
        }
        let identity = &self.0.identity;
        let started = sessions::start(identity, principal.id, Some(origin.clone())).await?;
        // After the row is there: either the one who ended the session has seen it, or we see that.
        if let Some(sid) = origin.sid
            && self.0.ended.has(&origin.issuer, &sid, now)
        {
            sessions::end(identity, started.secret.expose()).await?;
            return Err(SignInError::Ended);
        }
        let named = verified.named;
        self.hold(&provider.settings.id, &started, (named, refresh));
        Ok(SignedIn {
            started,
            return_to: flow.return_to,
            is_step_up: step_up.is_some(),
        })
    }

    fn provider(&self, id: &str) -> Result<&Provider, SignInError> {
        let mut all = self.0.providers.iter();
        let found = all.find(|provider| provider.settings.id == id);
        found.ok_or_else(|| SignInError::NoProvider(id.chars().take(40).collect()))
    }

    fn now(&self) -> Timestamp {
        self.0.identity.store.clock().now()
    }
}
