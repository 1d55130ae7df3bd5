//! What can go wrong in identity, in words for whoever asked.

use super::{Handle, Refusal};
use crate::audit::AuditError;
use crate::base::page::PageError;
use crate::base::{Kind, Timestamp};
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

/// Identity refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The credential is not valid. Whether it is unknown, malformed, expired, revoked or its
    /// principal's account is off is not said: that would help whoever guesses.
    #[error(
        "the credential is not valid here: sign in again, or use a personal token of the right \
         scope that has neither expired nor been revoked"
    )]
    Unauthenticated,
    /// The actor may not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There were too many requests: with this token, from this network, or in all.
    #[error("there are too many requests: go on in {retry_after_secs} seconds, and more slowly")]
    TooMany {
        /// When there will be room for one more.
        retry_after_secs: u32,
    },
    /// What is asked for needs a sign-in of a moment ago (RFC 9470).
    #[error(
        "this needs a sign-in within the last {} minutes: sign in again and do it then; a personal \
         token can do it for as long after the sign-in that it was made in",
        max_age_secs / 60
    )]
    StaleSignIn {
        /// How long ago the sign-in may be.
        max_age_secs: u64,
    },
    /// The role is not held over a part.
    #[error(
        "the role {0} is held over everything or not at all: only custodian and auditor can be \
         given over a place or an item type"
    )]
    RoleOverPart(&'static str),
    /// The page cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is no such principal.
    #[error("there is no such principal: check the name, or create it first")]
    NoPrincipal,
    /// The principal may not act.
    #[error("the principal {0} is deactivated: nothing can be made for it")]
    Inactive(Handle),
    /// Another principal has the handle.
    #[error("the handle {0} is taken: choose another")]
    HandleTaken(Handle),
    /// The label of a personal token does not fit.
    #[error(
        "the label of a token is 1 to 100 characters without control characters: say where the \
         token will be used, such as \"phone\""
    )]
    Label,
    /// A personal token would be expired before it is used.
    #[error("the token would expire at {end}, and it is {now}: give an instant in the future")]
    Expiry {
        /// When it was to expire.
        end: Timestamp,
        /// The instant of the request.
        now: Timestamp,
    },
    /// There are no personal tokens of this scope.
    #[error("there are no tokens for the scope {0:?}: use caldav or api")]
    Scope(&'static str),
    /// The audit cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The key ring refused.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IdentityError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unauthenticated | Self::StaleSignIn { .. } => Kind::Unauthenticated,
            Self::TooMany { .. } => Kind::TooMany,
            Self::Page(_) => Kind::Malformed,
            Self::Refused(refusal) => refusal.kind(),
            Self::NoPrincipal => Kind::NotFound,
            Self::Inactive(_) | Self::HandleTaken(_) => Kind::Conflict,
            Self::Label | Self::Expiry { .. } | Self::Scope(_) | Self::RoleOverPart(_) => {
                Kind::Invalid
            }
            Self::Audit(error) => error.kind(),
            Self::Keys(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}
