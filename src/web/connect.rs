//! `GET /connect`: what to type into a calendar client, and one's tokens.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Site;
use super::error::Failure;
use super::page::{Frame, render};
use super::signed_in::SignedIn;
use super::tokens::{self, Row};
use super::view::Home;
use crate::calendar::Calendars;
use crate::identity::Identity;

/// RFC 3986 §3.3: all but the unreserved characters of a segment.
const IN_SEGMENT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage<'a> {
    frame: &'a Frame,
    address: String,
    /// The host, with the port where it is not the usual one.
    server: String,
    user_name: &'a str,
    calendars: Vec<Address<'a>>,
    choices: [(&'static str, &'static str); 4],
    tokens: Vec<Row>,
}

struct Address<'a> {
    name: &'a str,
    address: String,
}

/// Shows the addresses of one's calendars, and one's tokens.
pub(super) async fn get(
    State(site): State<Site>,
    State(calendars): State<Calendars>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
) -> Result<Response, Failure> {
    let home = Home::of(&calendars, &actor, &site).await?;
    let frame = Frame::own("Connect", "connect", &actor);
    let address = |slug: &str| {
        let slug = utf8_percent_encode(slug, &IN_SEGMENT);
        site.address(&format!("/dav/calendars/{}/{slug}/", actor.handle))
    };
    let page = ConnectPage {
        frame: &frame,
        address: site.address("/"),
        server: site.public_url.authority().to_owned(),
        user_name: actor.handle.as_str(),
        calendars: home
            .shown
            .iter()
            .map(|one| Address {
                name: &one.name,
                address: address(one.at.slug.as_str()),
            })
            .collect(),
        choices: tokens::choices(),
        tokens: tokens::rows(&identity, &actor, (&home.zone, site.clock.now())).await?,
    };
    Ok(render(StatusCode::OK, &page, &frame))
}
