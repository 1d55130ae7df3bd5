//! Signing in: the chooser, the way to a provider and back, one-time links.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::error::Failure;
use super::page::{Frame, render, see_other};
use super::return_to::ReturnTo;
use super::{CALLBACK, Site, sign_out};
use crate::base::Kind;
use crate::edge::{Fault, same_origin, source_of};
use crate::identity::providers::{Begun, Callback, Choice, Failed, Finished, Wanted, flow_id};
use crate::identity::refusals::{self, Refused};
use crate::identity::{Identity, IdentityError, Providers, rates, sessions};

/// Where somebody wants to sign in, and where they go then.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    provider: String,
    pub(super) return_to: String,
    /// What somebody brings back who has signed out at a provider, see `sign_out`.
    state: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct ChoosePage<'a> {
    frame: &'a Frame,
    evaluation: bool,
    choices: &'a [Choice],
    return_to: &'a str,
    signed_out: bool,
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'a> {
    frame: &'a Frame,
}

/// `GET /sign-in`: how to sign in here.
pub(super) async fn choose(
    State(site): State<Site>,
    State(providers): State<Providers>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::public("Sign in");
    let over = sign_out::is_back(&site, &headers, &wish.state);
    let page = ChoosePage {
        frame: &frame,
        evaluation: site.evaluation,
        choices: &providers.choices(),
        return_to: &ReturnTo::or_start(&wish.return_to).encoded(),
        signed_out: over.is_some(),
    };
    let mut response = render(StatusCode::OK, &page, &frame);
    if let Some(over) = over {
        response.headers_mut().append(header::SET_COOKIE, over);
    }
    response
}

/// `GET /auth/login`: off to the provider. Without one named, to the only one there is.
pub(super) async fn begin(
    State(site): State<Site>,
    State(providers): State<Providers>,
    State(identity): State<Identity>,
    Query(wish): Query<Wish>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    rates::begin_sign_in(&identity, source_of(&parts))?;
    let return_to = ReturnTo::or_start(&wish.return_to);
    let provider = match (wish.provider.as_str(), providers.choices().as_slice()) {
        ("", [only]) => only.id.clone(),
        ("", _) => return Ok(see_other(&format!("/sign-in{}", return_to.as_query()))),
        (named, _) => named.to_owned(),
    };
    let wanted = Wanted {
        redirect_uri: &site.address(CALLBACK),
        return_to: return_to.as_str(),
        step_up: None,
    };
    leave((&site, &providers), &parts.headers, (&provider, wanted)).await
}

/// Sends the browser to the provider.
pub(super) async fn leave(
    (site, providers): (&Site, &Providers),
    headers: &HeaderMap,
    (provider, wanted): (&str, Wanted<'_>),
) -> Result<Response, Failure> {
    let begun = providers.begin(provider, wanted).await?;
    Ok(sent(site, headers, &begun))
}

fn sent(site: &Site, headers: &HeaderMap, begun: &Begun) -> Response {
    let mut response = see_other(begun.location.as_str());
    for cookie in site
        .cookies
        .begin_flow(headers, &begun.flow_id, &begun.sealed)
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The parameters that a provider sends back (RFC 6749 §4.1.2, RFC 9207).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /auth/callback`: back from the provider.
pub(super) async fn finish(
    State(site): State<Site>,
    State(providers): State<Providers>,
    State(identity): State<Identity>,
    Query(answer): Query<Answer>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let id = flow_id(&answer.state);
    let sealed = site.cookies.flow(&parts.headers, &id);
    let known = sealed.is_some();
    let callback = Callback {
        state: answer.state,
        code: answer.code,
        error: answer.error,
        iss: answer.iss,
        source: Some(source_of(&parts)),
    };
    let mut response = match providers.finish(sealed, callback).await {
        Ok(Finished::Again(begun)) => sent(&site, &parts.headers, &begun),
        Ok(Finished::In(done)) => {
            if done.is_step_up
                && let Some(before) = site.cookies.session(&parts.headers)
                && let Err(error) = providers.end(before).await
            {
                return Failure::from(error).into_response();
            }
            let mut response = see_other(&done.return_to);
            let cookie = site.cookies.start_session(done.started.secret.expose());
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(failed) => refuse(&identity, &parts, failed).into_response(),
    };
    if known {
        let over = site.cookies.end_flow(&id);
        response.headers_mut().append(header::SET_COOKIE, over);
    }
    response
}

/// Counts a refusal against its source, and says why in the log: the page says only what helps.
fn refuse(identity: &Identity, parts: &Parts, failed: Failed) -> Failure {
    let Failed { error, provider } = failed;
    if !error.is_refusal() {
        return error.into();
    }
    tracing::info!(why = ?Fault::of(&error), "a sign-in was refused");
    let what = Refused::sign_in(error.reason(), provider);
    too_many(identity, parts, what).unwrap_or_else(|| error.into())
}

fn too_many(identity: &Identity, parts: &Parts, what: Refused) -> Option<Failure> {
    let wait_secs = refusals::note(identity, source_of(parts), what)?;
    let message = format!(
        "too many sign-ins from your address were refused: try again in {wait_secs} seconds"
    );
    Some(Failure::later(wait_secs, &message))
}

/// `GET /auth/link/SECRET`: asks for one press, so that whoever only looks at the link (a preview, a
/// scanner) does not use it up.
pub(super) async fn show_link() -> Response {
    let frame = Frame::public("Sign in");
    render(StatusCode::OK, &LinkPage { frame: &frame }, &frame)
}

/// `POST /auth/link/SECRET`: uses the link up.
pub(super) async fn redeem_link(
    State(site): State<Site>,
    State(identity): State<Identity>,
    Path(secret): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    same_origin(&parts.headers, &site.public_url)?;
    let started = match sessions::redeem_link(&identity, &secret).await {
        Err(IdentityError::Unauthenticated) => {
            let message = "this sign-in link was used before, or has expired: make a new one, or \
                           restart the evaluation, which prints one";
            let used = || Failure::plain(Kind::Unauthenticated, message);
            return Err(
                too_many(&identity, &parts, Refused::sign_in("link", None)).unwrap_or_else(used)
            );
        }
        started => started?,
    };
    let mut response = see_other("/");
    let cookie = site.cookies.start_session(started.secret.expose());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
