//! The `Authorization` header: who comes with it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::source_of;
use crate::base::Kind;
use crate::identity::refusals::Mark;
use crate::identity::{Actor, Door, Identity, IdentityError, rates, refusals, tokens};

/// Nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no credential, or it is of another kind than this door takes.
    #[error(
        "this needs a personal token: send it as Bearer token, or as the password of your user \
         name by Basic authentication"
    )]
    NoCredential,
    /// The credential was refused, or the store could not be asked.
    #[error(transparent)]
    Refused(#[from] IdentityError),
    /// Too many refused credentials came from this source.
    #[error(
        "too many credentials from your address were refused: correct the stored token, and try \
         again in {retry_after_secs} seconds"
    )]
    TooMany {
        /// When it makes sense to try again.
        retry_after_secs: u32,
    },
}

impl Denied {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoCredential => Kind::Unauthenticated,
            Self::Refused(error) => error.kind(),
            Self::TooMany { .. } => Kind::TooMany,
        }
    }

    /// Adds `WWW-Authenticate` to a 401 (RFC 9110 §11.6.1) and `Retry-After` to a 429.
    pub fn headers(&self, headers: &mut HeaderMap) {
        match self {
            Self::TooMany { retry_after_secs }
            | Self::Refused(IdentityError::TooMany { retry_after_secs }) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(*retry_after_secs));
            }
            _ if self.kind() == Kind::Unauthenticated => {
                let basic = HeaderValue::from_static("Basic realm=\"Freehold\", charset=\"UTF-8\"");
                let bearer = HeaderValue::from_static("Bearer realm=\"Freehold\"");
                headers.append(WWW_AUTHENTICATE, basic);
                headers.append(WWW_AUTHENTICATE, bearer);
            }
            _ => {}
        }
    }
}

/// `WWW-Authenticate` for what needs a sign-in of at most `max_age_secs` ago (RFC 9470 §3).
#[must_use]
pub fn step_up(max_age_secs: u64) -> HeaderValue {
    let text = format!(
        "Bearer error=\"insufficient_user_authentication\", error_description=\"a more recent \
         sign-in is needed\", max_age=\"{max_age_secs}\""
    );
    // Words of ours and a number.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}

/// Who sends this request with a personal token for `door`, as Bearer token (RFC 6750 §2.1) or as
/// password (RFC 7617). A user name that comes with it has to be the owner's handle.
///
/// A refused token is counted against its source. A source with too many is answered with
/// [`Denied::TooMany`], and so is a token that was refused from there again and again; a good token is
/// good from everywhere, so nobody can shut another out.
///
/// # Errors
/// [`Denied`]; without an `Authorization` header it is [`Denied::NoCredential`], which is what
/// every client tries first and is not counted.
pub async fn authenticate(identity: &Identity, parts: &Parts, door: Door) -> Result<Actor, Denied> {
    let source = source_of(parts);
    rates::admit(identity, source)?;
    let presented = presented(&parts.headers).ok_or(Denied::NoCredential)?;
    let what = (door, Mark::of(presented.user.as_deref(), &presented.token));
    let too_many = |retry_after_secs| Denied::TooMany { retry_after_secs };
    if let Some(wait_secs) = refusals::locked(identity, source, what) {
        return Err(too_many(wait_secs));
    }
    let answer = tokens::authenticate(identity, &presented.token, door).await;
    let answer = answer.and_then(|actor| {
        let named = presented.user.as_deref();
        let own = named.is_none_or(|user| user == actor.handle.as_str());
        own.then_some(actor).ok_or(IdentityError::Unauthenticated)
    });
    match answer {
        Err(IdentityError::Unauthenticated) => {
            let wait_secs = refusals::note_token(identity, source, what);
            Err(wait_secs.map_or_else(|| IdentityError::Unauthenticated.into(), too_many))
        }
        answer => Ok(answer?),
    }
}

struct Presented {
    user: Option<String>,
    token: zeroize::Zeroizing<String>,
}

fn presented(headers: &HeaderMap) -> Option<Presented> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Presented {
            user: None,
            token: rest.to_owned().into(),
        });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = zeroize::Zeroizing::new(BASE64_STANDARD.decode(rest).ok()?);
    let (user, token) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    Some(Presented {
        user: (!user.is_empty()).then(|| user.to_owned()),
        token: token.to_owned().into(),
    })
}
