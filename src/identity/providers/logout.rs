//! Ending sessions together with the provider: it tells us that one of its sessions is over, or we
//! send a browser there to end it.

use std::collections::HashMap;

use parking_lot::Mutex;
use url::Url;

use super::flow::secret;
use super::issuer;
use super::logout_token::{LogoutToken, Signature};
use super::{Choice, Provider, Providers, SignInError, flow_id};
use crate::base::{Kind, Timestamp};
use crate::identity::IdentityError;
use crate::identity::sessions::{self, Origins};
use crate::outbound::is_callable;

/// How long a token that was used is known; from the earliest to the latest moment at which it
/// would be accepted it is four minutes.
const RECENT_SECS: i64 = 300;
/// So many are known at once. Only providers can add to them.
pub(super) const RECENT_MAX: usize = 10_000;

/// Names that an issuer has given, and when they came: of logout tokens, or of sessions that ended.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<HashMap<(String, String), i64>>);

impl Recent {
    pub(super) fn has(&self, issuer: &str, name: &str, now: Timestamp) -> bool {
        let mut known = self.0.lock();
        known.retain(|_, at| now.as_second().saturating_sub(*at) < RECENT_SECS);
        known.contains_key(&(issuer.to_owned(), name.to_owned()))
    }

    pub(super) fn add(&self, issuer: &str, name: &str, now: Timestamp) {
        let mut known = self.0.lock();
        if known.len() >= RECENT_MAX {
            // A logout that comes again ends nothing that is not over; one that is refused does harm.
            let oldest = known.iter().min_by_key(|(_, at)| **at);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| known.remove(&name));
        }
        known.insert((issuer.to_owned(), name.to_owned()), now.as_second());
    }
}

/// A logout token was not obeyed.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// It is not for us, not of now, or not of a provider of the configuration.
    #[error("this logout token is refused: {0}")]
    Refused(&'static str),
    /// The provider's keys cannot be read now.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The store refused.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl LogoutError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Refused(_) => Kind::Malformed,
            Self::SignIn(error) => error.kind(),
            Self::Identity(error) => error.kind(),
        }
    }
}

/// The way to end the session at a provider.
#[derive(Debug)]
pub struct SignOut {
    /// Where the browser goes.
    pub location: Url,
    /// The name of this way out, [`flow_id`] of its state: the browser brings the state back.
    pub flow_id: String,
}

impl Providers {
    /// The provider whose people come from `issuer`.
    #[must_use]
    pub fn by_issuer(&self, issuer: &str) -> Option<Choice> {
        let of = |provider: &&Provider| {
            let accepted = issuer::accepted(&provider.settings);
            accepted.iter().any(|one| one == issuer)
        };
        self.0.providers.iter().find(of).map(Provider::choice)
    }

    /// The provider `id`, and how a browser ends its session there and comes back to `back` (OpenID
    /// Connect RP-Initiated Logout 1.0 §2). No way where the provider publishes none that is
    /// encrypted. Its tokens were forgotten at the sign-in, so there is no `id_token_hint`.
    ///
    /// # Errors
    /// [`SignInError::NoProvider`]; [`SignInError::Unreachable`].
    pub async fn sign_out(
        &self,
        id: &str,
        back: &str,
    ) -> Result<(Choice, Option<SignOut>), SignInError> {
        let provider = self.provider(id)?;
        let published = provider.published(self.now()).await?;
        let extra = published.metadata.additional_metadata();
        let address = extra.end_session_endpoint.as_ref();
        let address = address.and_then(|address| address.parse::<Url>().ok());
        let way = address.filter(is_callable).map(|mut location| {
            let state = secret();
            let mut query = location.query_pairs_mut();
            query
                .append_pair("client_id", &provider.settings.client_id)
                .append_pair("post_logout_redirect_uri", back)
                .append_pair("state", &state);
            drop(query);
            SignOut {
                location,
                flow_id: flow_id(&state),
            }
        });
        Ok((provider.choice(), way))
    }

    /// Obeys a logout token (OpenID Connect Back-Channel Logout 1.0): the sessions here that it is
    /// about end. Gives their number; none is no error.
    ///
    /// # Errors
    /// [`LogoutError::Refused`] for a token that does not pass, or was used in the last five minutes
    /// in this process.
    pub async fn obey(&self, token: &str) -> Result<usize, LogoutError> {
        let now = self.now();
        let refused = LogoutError::Refused;
        let token = LogoutToken::parse(token).ok_or(refused("it is no JWS in compact form"))?;
        let mut providers = self.0.providers.iter();
        let provider = providers
            .find(|provider| token.is_between(&provider.settings))
            .ok_or(refused(
                "its iss and aud are not those of a provider that is configured here",
            ))?;
        let settings = &provider.settings;
        let about = token.judge(settings, now).map_err(refused)?;
        let mut published = provider.published(now).await?;
        let mut signature = token.signature(settings, &published, &about.issuer);
        if signature == Signature::UnknownKey {
            published = provider.with_new_keys(published, now).await?;
            signature = token.signature(settings, &published, &about.issuer);
        }
        match signature {
            Signature::Good => {}
            Signature::UnknownKey => return Err(refused("its key is not published")),
            Signature::Bad(why) => return Err(refused(why)),
        }
        if self.0.used.has(&about.issuer, &about.jti, now) {
            return Err(refused("it was used before"));
        }
        if let Some(sid) = &about.sid {
            // Before the rows are looked for: a sign-in of this session may be on its way.
            self.0.ended.add(&about.issuer, sid, now);
        }
        let which = match (about.sid.clone(), about.subject.clone()) {
            (Some(sid), subject) => Origins::Session {
                issuers: vec![about.issuer.clone()],
                sid,
                subject,
            },
            (None, subject) => Origins::Account {
                issuer: about.issuer.clone(),
                subject: subject.unwrap_or_default(),
            },
        };
        let ended = sessions::end_from(&self.0.identity, &settings.id, which).await?;
        // Only now: what the store did not take may be sent again.
        self.0.used.add(&about.issuer, &about.jti, now);
        Ok(ended)
    }

    /// Ends the sessions that came from the provider's session `sid` (OpenID Connect Front-Channel
    /// Logout 1.0 §3). Microsoft leaves `iss` out: then it may be any provider's. Gives their number;
    /// whoever knows a `sid` can end no more than that session.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn end_sid(&self, iss: Option<&str>, sid: &str) -> Result<usize, IdentityError> {
        let mut ended = 0;
        for provider in &self.0.providers {
            let mut issuers = issuer::accepted(&provider.settings);
            issuers.retain(|one| iss.is_none_or(|iss| iss == one));
            if issuers.is_empty() || sid.is_empty() {
                continue;
            }
            let which = Origins::Session {
                issuers,
                sid: sid.to_owned(),
                subject: None,
            };
            ended += sessions::end_from(&self.0.identity, &provider.settings.id, which).await?;
        }
        Ok(ended)
    }

    /// The origins of the providers' own pages, which may frame the front-channel logout (RFC 6454
    /// §6.2).
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let all = self.0.providers.iter();
        let all = all.filter_map(|provider| issuer::address(&provider.settings).parse().ok());
        let mut all: Vec<_> = all
            .map(|address: Url| address.origin().ascii_serialization())
            .collect();
        all.sort();
        all.dedup();
        all
    }
}
