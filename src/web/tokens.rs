//! One's personal tokens: made, shown this once, ended.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Site;
use super::error::Failure;
use super::form::Form;
use super::page::{Frame, render, see_other};
use super::signed_in::SignedIn;
use crate::base::{Id, Kind, Timestamp};
use crate::edge::same_origin;
use crate::identity::tokens::{self, NewToken, PersonalToken};
use crate::identity::{Actor, Identity, Scope};

/// What one can choose; the first is what most want.
const SCOPES: [(Scope, &str); 4] = [
    (Scope::Caldav, "Calendars"),
    (Scope::CaldavRead, "Calendars, reading only"),
    (Scope::Inventory, "Inventory, through the API"),
    (Scope::Api, "Everything that the API has"),
];
const DAY_SECS: i64 = 86_400;

/// A token as the page shows it.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) good_for: String,
    pub(super) made: String,
    pub(super) used: String,
    pub(super) expires: String,
    pub(super) expired: bool,
}

/// The tokens of `actor`, newest first.
pub(super) async fn rows(
    identity: &Identity,
    actor: &Actor,
    (zone, now): (&TimeZone, Timestamp),
) -> Result<Vec<Row>, Failure> {
    let all = tokens::list(identity, actor, actor.principal).await?;
    Ok(all.iter().map(|token| row(token, zone, now)).collect())
}

fn row(token: &PersonalToken, zone: &TimeZone, now: Timestamp) -> Row {
    let day = |at: Timestamp| {
        let at = at.to_zoned_datetime(zone.clone());
        at.strftime("%-d %b %Y").to_string()
    };
    let named = SCOPES.iter().filter(|(scope, _)| token.scopes.has(*scope));
    let named: Vec<_> = named.map(|(_, name)| *name).collect();
    Row {
        id: token.id.to_string(),
        label: token.label.clone(),
        good_for: named.join("; "),
        made: day(token.created_at),
        used: token.last_used_at.map_or_else(|| "never".to_owned(), day),
        expires: token.expires_at.map_or_else(|| "never".to_owned(), day),
        expired: token.expires_at.is_some_and(|end| end <= now),
    }
}

/// The choices of the form: the word that it sends, and the words that it shows.
pub(super) fn choices() -> [(&'static str, &'static str); 4] {
    SCOPES.map(|(scope, name)| (scope.as_str(), name))
}

/// What the form says.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    label: String,
    scope: Scope,
    /// After how many days it ends; 0 for never.
    days: u16,
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage<'a> {
    frame: &'a Frame,
    label: &'a str,
    secret: &'a str,
    for_calendars: bool,
    address: String,
    user_name: &'a str,
}

/// `POST /connect/tokens`: makes a token, and shows it on the page that answers, and never again.
pub(super) async fn make(
    State(site): State<Site>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    Form(wish): Form<Wish>,
) -> Result<Response, Failure> {
    let end = || {
        let end = site.clock.now().as_second() + i64::from(wish.days) * DAY_SECS;
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    };
    let new = NewToken {
        principal: actor.principal,
        label: wish.label.trim().to_owned(),
        scope: wish.scope,
        expires_at: (wish.days > 0).then(end),
    };
    let (made, secret) = tokens::create(&identity, &actor, new).await?;
    let frame = Frame::own("Your new token", "connect", &actor);
    let page = TokenPage {
        frame: &frame,
        label: &made.label,
        secret: secret.expose(),
        for_calendars: made.scopes.has_any(&[Scope::Caldav, Scope::CaldavRead]),
        address: site.address("/"),
        user_name: actor.handle.as_str(),
    };
    Ok(render(StatusCode::CREATED, &page, &frame))
}

/// `POST /connect/tokens/{id}/end`: the token is refused from the next request on.
pub(super) async fn end(
    State(site): State<Site>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    same_origin(&headers, &site.public_url)?;
    let id: Result<Id<PersonalToken>, _> = id.parse();
    let gone = |_| Failure::plain(Kind::NotFound, "you have no such token");
    tokens::revoke(&identity, &actor, id.map_err(gone)?).await?;
    Ok(see_other("/connect"))
}
