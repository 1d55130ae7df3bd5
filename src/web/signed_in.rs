//! Who looks at a page: only the session cookie says so, never a personal token.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, header};

use super::Site;
use super::error::Failure;
use super::page::see_other;
use super::return_to::ReturnTo;
use crate::base::Kind;
use crate::edge::source_of;
use crate::identity::{Actor, Identity, IdentityError, Providers, rates};

/// The person whose session goes on. Nobody else gets past this: a page that was asked for is
/// shown after the sign-in, everything else is refused.
pub(super) struct SignedIn(pub(super) Actor);

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Identity: FromRef<S>,
    Providers: FromRef<S>,
    Site: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let (providers, site) = (Providers::from_ref(state), Site::from_ref(state));
        let identity = Identity::from_ref(state);
        let admitted = rates::admit(&identity, source_of(parts));
        admitted.map_err(|error| Failure::from(error).into_response())?;
        let secret = site.cookies.session(&parts.headers);
        let resumed = match secret {
            Some(secret) => providers.resume(secret).await,
            None => Err(IdentityError::Unauthenticated),
        };
        let mut response = match resumed {
            Ok(actor) => return Ok(Self(actor)),
            Err(IdentityError::Unauthenticated) => ask(parts),
            Err(error) => return Err(Failure::from(error).into_response()),
        };
        if secret.is_some() {
            let over = site.cookies.end_session();
            response.headers_mut().append(header::SET_COOKIE, over);
        }
        Err(response)
    }
}

fn ask(parts: &Parts) -> Response {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        let message = "you are not signed in: sign in, then do this again";
        return Failure::plain(Kind::Unauthenticated, message).into_response();
    }
    let wanted = parts
        .uri
        .path_and_query()
        .map_or("/", |wanted| wanted.as_str());
    see_other(&format!(
        "/sign-in{}",
        ReturnTo::or_start(wanted).as_query()
    ))
}
