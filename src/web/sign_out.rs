//! Signing out: here, then at the provider, or because the provider says so.

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::Site;
use super::error::Failure;
use super::page::{Frame, render, see_other};
use crate::base::Kind;
use crate::edge::{Fault, Limits, read_body, same_origin, source_of, status};
use crate::identity::providers::flow_id;
use crate::identity::refusals::{self, Refused};
use crate::identity::{Identity, Providers};

/// No logout token is longer, in bytes.
const LONGEST: usize = 16 * 1024;
/// What the browser keeps while it is away to sign out; no sealed sign-in looks like it.
const ON_ITS_WAY: &str = "sign-out";

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage<'a> {
    frame: &'a Frame,
    provider: &'a str,
    location: &'a str,
}

/// `POST /sign-out`: ends the session here, and forgets what the browser kept.
///
/// The provider's own session is on the next page, behind a link: browsers follow no redirect from a
/// form to another site (`form-action 'self'`), and who works on a machine of their own may not
/// want to sign out of everything. The provider is not asked for anything here, so one that is away
/// keeps nobody signed in.
pub(super) async fn here(
    State(site): State<Site>,
    State(providers): State<Providers>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    same_origin(&headers, &site.public_url)?;
    let issuer = match site.cookies.session(&headers) {
        Some(secret) => providers.end(secret).await?,
        None => None,
    };
    let provider = issuer.and_then(|issuer| providers.by_issuer(&issuer));
    let next = provider.map(|provider| format!("/signed-out?provider={}", provider.id));
    let mut response = see_other(next.as_deref().unwrap_or("/sign-in"));
    let held = response.headers_mut();
    held.append(header::SET_COOKIE, site.cookies.end_session());
    // Not "cookies": that would end the sessions of every other host of the same domain.
    held.insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(response)
}

/// Where somebody was signed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Was {
    provider: String,
}

/// `GET /signed-out`: the way to sign out at the provider too, where it has one.
pub(super) async fn there(
    State(site): State<Site>,
    State(providers): State<Providers>,
    Query(was): Query<Was>,
    headers: HeaderMap,
) -> Response {
    if site.cookies.session(&headers).is_some() {
        return see_other("/");
    }
    let back = site.address(super::SIGN_IN);
    let (provider, way) = match providers.sign_out(&was.provider, &back).await {
        Ok((provider, Some(way))) => (provider, way),
        Ok((_, None)) => return see_other("/sign-in"),
        Err(error) => {
            tracing::info!(why = ?Fault::of(&error), "no way to sign out at the provider");
            return see_other("/sign-in");
        }
    };
    let frame = Frame::public("Signed out");
    let page = SignedOutPage {
        frame: &frame,
        provider: &provider.name,
        location: way.location.as_str(),
    };
    let mut response = render(StatusCode::OK, &page, &frame);
    let cookies = site.cookies.begin_flow(&headers, &way.flow_id, ON_ITS_WAY);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether this browser was sent to a provider to sign out there and is back with this state: then
/// the `Set-Cookie` with which that is over.
pub(super) fn is_back(site: &Site, headers: &HeaderMap, state: &str) -> Option<HeaderValue> {
    let id = flow_id(state);
    let kept = site.cookies.flow(headers, &id);
    (kept == Some(ON_ITS_WAY)).then(|| site.cookies.end_flow(&id))
}

/// `POST /auth/back-channel-logout`: a provider says which sessions are over (OpenID Connect
/// Back-Channel Logout 1.0 §2.5). The token says who sends it; cookies are not looked at.
pub(super) async fn back_channel(
    State(identity): State<Identity>,
    State(providers): State<Providers>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let limits = Limits {
        max_body_bytes: LONGEST,
        ..Limits::default()
    };
    let body = match read_body(body, limits).await {
        Ok(body) => body,
        Err(error) => return refusal(error.kind(), &error.to_string()),
    };
    let mut fields = url::form_urlencoded::parse(&body);
    let token = fields.find(|(name, _)| name == "logout_token");
    let token = token.map(|(_, token)| token).unwrap_or_default();
    match providers.obey(&token).await {
        Ok(ended) => {
            tracing::info!(ended, "a provider has ended sessions");
            StatusCode::OK.into_response()
        }
        Err(error) if error.kind() == Kind::Malformed => {
            tracing::info!(why = ?Fault::of(&error), "a logout token was refused");
            let refused = || refusal(error.kind(), &error.to_string());
            too_many(&identity, &parts, "logout-token").unwrap_or_else(refused)
        }
        Err(error) => {
            let why = "this logout cannot be done at the moment: send it again";
            let mut response = refusal(error.kind(), why);
            response.extensions_mut().insert(Fault::of(&error));
            response
        }
    }
}

/// A refusal for a provider (§2.8).
fn refusal(kind: Kind, description: &str) -> Response {
    let body = json!({ "error": "invalid_request", "error_description": description });
    let json = [(CONTENT_TYPE, "application/json")];
    (status(kind), json, body.to_string()).into_response()
}

/// Counts a refusal against its source.
fn too_many(identity: &Identity, parts: &Parts, reason: &'static str) -> Option<Response> {
    let what = Refused::sign_in(reason, None);
    let wait_secs = refusals::note(identity, source_of(parts), what)?;
    let why = "too much from this address was refused: send it again later";
    let mut response = refusal(Kind::TooMany, why);
    let held = response.headers_mut();
    held.insert(RETRY_AFTER, HeaderValue::from(wait_secs));
    Some(response)
}

/// What a provider's page says in a frame.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ended {
    iss: Option<String>,
    sid: String,
}

/// `GET /auth/front-channel-logout`: a page of the provider, with this in a frame, ends its session
/// here too (OpenID Connect Front-Channel Logout 1.0 §2). A frame of another site has no cookie of
/// ours: `sid` says which session. Done twice, or for a session that is not known, is done.
pub(super) async fn front_channel(
    State(identity): State<Identity>,
    State(providers): State<Providers>,
    Query(ended): Query<Ended>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let number = providers.end_sid(ended.iss.as_deref(), &ended.sid).await?;
    if number == 0
        && let Some(response) = too_many(&identity, &parts, "logout-sid")
    {
        return Ok(response);
    }
    let origins = providers.origins().join(" ");
    let framed_by = if origins.is_empty() {
        "'none'"
    } else {
        &origins
    };
    let policy = format!(
        "default-src 'none'; frame-ancestors {framed_by}; base-uri 'none'; form-action 'none'; \
         sandbox"
    );
    let mut response = StatusCode::OK.into_response();
    // What is no header value leaves the policy that forbids all frames.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        let held = response.headers_mut();
        held.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}
