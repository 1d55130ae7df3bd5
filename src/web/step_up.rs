//! The fresh sign-in that dangerous things need (OWASP ASVS 5.0, 7.5.3): off to the provider that one
//! came from, which asks anew who one is, and back to what one wanted to confirm.

use axum::extract::{Query, Request, State};
use axum::response::Response;

use super::CALLBACK;
use super::Site;
use super::error::Failure;
use super::page::see_other;
use super::return_to::ReturnTo;
use super::sign_in::{self, Wish};
use super::signed_in::SignedIn;
use crate::identity::providers::Wanted;
use crate::identity::{Identity, IdentityError, Providers, sessions};

/// The way to `wanted`, if one may do there what was refused for want of a fresh sign-in.
pub(super) fn or_step_up(error: IdentityError, wanted: &str) -> Result<Response, Failure> {
    match error {
        IdentityError::StaleSignIn { .. } => {
            let back = ReturnTo::or_start(wanted).as_query();
            Ok(see_other(&format!("/auth/step-up{back}")))
        }
        error => Err(error.into()),
    }
}

/// `GET /auth/step-up`: off to the provider. Whoever came by a link of the operator's signs in with
/// another one.
pub(super) async fn begin(
    State(site): State<Site>,
    State(providers): State<Providers>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let wish = Query::<Wish>::try_from_uri(&parts.uri).unwrap_or_default();
    let headers = &parts.headers;
    let return_to = ReturnTo::or_start(&wish.return_to);
    let issuer = match site.cookies.session(headers) {
        Some(secret) => sessions::issuer(&identity, secret).await?,
        None => None,
    };
    let provider = issuer.and_then(|issuer| providers.by_issuer(&issuer));
    let Some(provider) = provider else {
        return Ok(see_other(&format!("/sign-in{}", return_to.as_query())));
    };
    let wanted = Wanted {
        redirect_uri: &site.address(CALLBACK),
        return_to: return_to.as_str(),
        step_up: Some(actor.principal),
    };
    sign_in::leave((&site, &providers), headers, (&provider.id, wanted)).await
}
