//! Why a sign-in did not succeed, in words for the person in front of the browser; what an operator
//! needs beyond that is in the source.

use crate::azure::{TokenError, UnresolvedSecret};
use crate::base::Kind;
use crate::crypto::{SignerError, VaultError};
use crate::identity::IdentityError;
use crate::outbound::OutboundError;

/// The person is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No such provider is configured.
    #[error(
        "there is no sign-in provider {0:?} here: begin again on the sign-in page; an operator adds \
         providers under identity.providers"
    )]
    NoProvider(String),
    /// The sign-in was not begun in this browser, was finished before, or waited too long.
    #[error(
        "this sign-in was not begun in this browser, was finished before, or waited longer than 10 \
         minutes: begin again on the sign-in page"
    )]
    NoFlow,
    /// The answer came from another provider than was asked (RFC 9207 §2.4).
    #[error("the answer did not come from the provider that was asked: begin again")]
    MixedUp,
    /// The provider sent the person back with an error (RFC 6749 §4.1.2.1).
    #[error("the provider did not sign you in; it says: {0}")]
    Declined(String),
    /// The provider cannot be used now.
    #[error(
        "the sign-in provider {provider:?} cannot be reached at the moment: try again in a minute; \
         an operator finds the reason in the log"
    )]
    Unreachable {
        /// Its id in the configuration.
        provider: String,
        /// What happened.
        #[source]
        source: Unreachable,
    },
    /// The provider's answer to us was not acceptable.
    #[error(
        "the provider's answer could not be accepted: begin again; an operator finds the reason in \
         the log"
    )]
    Unacceptable(#[source] Unacceptable),
    /// The provider ended its session while the sign-in was on its way.
    #[error("your session at the provider has ended: begin again")]
    Ended,
    /// The account is of a tenant or domain that is not allowed here.
    #[error(
        "this account belongs to an organisation whose people cannot sign in here: sign in with \
         another account, or ask an administrator"
    )]
    Foreign,
    /// The provider gives the person no role here.
    #[error(
        "you are signed in at the provider, but have no role here: ask an administrator to give \
         your account one of the roles member, custodian, auditor or administrator there"
    )]
    NoRole,
    /// Groups would give the person roles, but the provider left them out.
    #[error(
        "your account is in too many groups, so the provider did not say which, and you have no \
         role here: ask the operator to use app roles"
    )]
    TooManyGroups,
    /// Microsoft Graph challenged two sign-ins in a row.
    #[error(
        "your organisation asks for another sign-in again and again, so you are not signed in: ask \
         the operator which Conditional Access policy your account does not fulfil"
    )]
    Challenged,
    /// The sign-in at the provider was not as strong or as recent as the configuration asks for.
    #[error(
        "your sign-in at the provider was not as strong or as recent as it has to be here: sign \
         out there, then sign in again with the second factor that your organisation uses; an \
         operator finds in the log what was missing"
    )]
    TooWeak(#[source] Unacceptable),
    /// Somebody else signed in than the one who was to prove who they are.
    #[error(
        "you signed in as somebody else than you are here, so nothing was changed: sign out here \
         first, or sign in at the provider as who you are here"
    )]
    SomebodyElse,
    /// The person was turned off.
    #[error("your account here was turned off: ask an administrator")]
    TurnedOff,
    /// There is nothing to prove with that we are the client.
    #[error("signing in is not possible at the moment: an operator finds the reason in the log")]
    Credential(#[source] NoCredential),
    /// The vault refused.
    #[error("signing in is not possible at the moment: an operator finds the reason in the log")]
    Vault(#[from] VaultError),
    /// The store refused.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Why we cannot prove to the token endpoint that we are the client.
#[derive(Debug, thiserror::Error)]
pub enum NoCredential {
    /// The client secret, or the text of the key, cannot be had.
    #[error(transparent)]
    Secret(#[from] UnresolvedSecret),
    /// The key does not sign.
    #[error("the key in client_key cannot be used")]
    Key(#[from] SignerError),
    /// The platform gives no token.
    #[error("client_authentication = \"azure-identity\" needs a token of the platform")]
    Token(#[from] TokenError),
}

/// A sign-in that did not succeed, with the provider that was asked, once that is known.
#[derive(Debug)]
pub struct Failed {
    /// Its id in the configuration.
    pub provider: Option<String>,
    /// Why.
    pub error: SignInError,
}

impl From<SignInError> for Failed {
    fn from(error: SignInError) -> Self {
        let provider = None;
        Self { provider, error }
    }
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// The request did not get through.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// Its metadata is not what OpenID Connect Discovery 1.0 says.
    #[error("its metadata under .well-known/openid-configuration cannot be used: {0}")]
    Metadata(String),
    /// The last attempt has just failed.
    #[error("the last attempt failed a moment ago")]
    MomentAgo,
}

/// What is wrong with the provider's answer.
#[derive(Debug, thiserror::Error)]
pub enum Unacceptable {
    /// The token endpoint refused the code, as for one that was used before.
    #[error("the token endpoint says: {0}")]
    Code(String),
    /// The token endpoint does not believe that we are the client.
    #[error("the token endpoint says: {said}: {advice}")]
    Client {
        /// What it said.
        said: String,
        /// What to do.
        advice: String,
    },
    /// There is no ID token in it.
    #[error("it has no ID token: is openid among the scopes?")]
    NoIdToken,
    /// The ID token does not pass (OpenID Connect Core 1.0 §3.1.3.7).
    #[error("the ID token does not pass: {why}")]
    IdToken {
        /// Which check it failed, in a word for the audit.
        check: &'static str,
        /// How, for the log.
        why: String,
    },
}

impl SignInError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoProvider(_) => Kind::NotFound,
            Self::NoFlow | Self::MixedUp => Kind::Malformed,
            Self::Challenged
            | Self::Declined(_)
            | Self::Ended
            | Self::Foreign
            | Self::NoRole
            | Self::SomebodyElse
            | Self::TooManyGroups
            | Self::TooWeak(_)
            | Self::TurnedOff
            | Self::Unacceptable(_) => Kind::Forbidden,
            Self::Unreachable { .. } => Kind::Unavailable,
            Self::Credential(_) | Self::Vault(_) => Kind::Internal,
            Self::Identity(error) => error.kind(),
        }
    }

    /// Why, in a word for the audit: nothing of it comes from the provider or the browser.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoProvider(_) => "no-provider",
            Self::NoFlow => "state",
            Self::MixedUp => "mix-up",
            Self::Declined(_) => "declined",
            Self::Ended => "session-ended",
            Self::Foreign => "tenant",
            Self::NoRole => "no-role",
            Self::SomebodyElse => "somebody-else",
            Self::TooManyGroups => "groups-left-out",
            Self::Challenged => "claims-challenge",
            Self::TooWeak(_) => "too-weak",
            Self::TurnedOff => "turned-off",
            Self::Unacceptable(Unacceptable::Code(_)) => "code",
            Self::Unacceptable(Unacceptable::Client { .. }) => "client",
            Self::Unacceptable(Unacceptable::NoIdToken) => "no-id-token",
            Self::Unacceptable(Unacceptable::IdToken { check, .. }) => check,
            Self::Unreachable { .. } => "unreachable",
            Self::Credential(_) | Self::Vault(_) | Self::Identity(_) => "failed",
        }
    }

    /// Whether somebody was refused, rather than something broken.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Unreachable { .. } | Self::Credential(_) | Self::Vault(_) | Self::Identity(_)
        )
    }
}
