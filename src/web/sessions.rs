//! Where one is signed in.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::Site;
use super::error::Failure;
use super::page::{Frame, render, see_other};
use super::signed_in::SignedIn;
use super::view::Home;
use crate::base::Timestamp;
use crate::calendar::Calendars;
use crate::edge::same_origin;
use crate::identity::sessions::{self, Ending};
use crate::identity::{Actor, Identity};

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage<'a> {
    frame: &'a Frame,
    rows: Vec<Row>,
}

/// A session as the page shows it.
struct Row {
    id: String,
    started: String,
    seen: String,
    is_this: bool,
}

/// `GET /sessions`: one's sessions.
pub(super) async fn get(
    State(site): State<Site>,
    State(calendars): State<Calendars>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let home = Home::of(&calendars, &actor, &site).await?;
    let minute = |at: Timestamp| {
        let at = at.to_zoned_datetime(home.zone.clone());
        at.strftime("%-d %b %Y, %H:%M").to_string()
    };
    let this = site.cookies.session(&headers).unwrap_or_default();
    let all = sessions::list(&identity, &actor, actor.principal, this).await?;
    let rows = all.into_iter().map(|one| Row {
        id: one.id,
        started: minute(one.started_at),
        seen: minute(one.last_seen_at),
        is_this: one.is_this,
    });
    let frame = Frame::own("Where you are signed in", "sessions", &actor);
    let page = SessionsPage {
        frame: &frame,
        rows: rows.collect(),
    };
    Ok(render(StatusCode::OK, &page, &frame))
}

/// `POST /sessions/{id}/end`: that session is over.
pub(super) async fn end(
    State(site): State<Site>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    end_own((&identity, &site), (&actor, &headers), Ending::One(id)).await
}

/// `POST /sessions/end-others`: all sessions are over but this.
pub(super) async fn end_others(
    State(site): State<Site>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let others = Ending::all_but(site.cookies.session(&headers).unwrap_or_default());
    end_own((&identity, &site), (&actor, &headers), others).await
}

async fn end_own(
    (identity, site): (&Identity, &Site),
    (actor, headers): (&Actor, &HeaderMap),
    which: Ending,
) -> Result<Response, Failure> {
    same_origin(headers, &site.public_url)?;
    sessions::end_of(identity, actor, actor.principal, which).await?;
    Ok(see_other("/sessions"))
}
