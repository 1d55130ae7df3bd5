//! Pages for people: one's month, the items and who has them, signing in.
//!
//! Everything is rendered here, no script runs in the browser. A page reads the session cookie,
//! asks the rooms, and writes a template from `templates`; styles and icon are in `assets`.
//!
//! - `month`, `day`: one's calendars; `grid` lays a month out, pure. `items`; `connect`.
//! - `sign_in`: providers, one-time links, sign-out. `return_to`: back to where one came from.
//! - `signed_in`: who looks. `page`: frame and headers. `error`: what went wrong.
//!
//! **Invariants.** Nothing on a page comes from another host, and its policy forbids scripts.
//! Whatever people wrote is escaped. A request that changes something comes from our own page. A
//! page takes no personal token, and other doors take no cookie.
//!
//! **Absent on purpose.** Changing calendars and items; the interface issue builds it.

mod assets;
mod connect;
mod day;
mod error;
mod grid;
mod items;
mod month;
mod page;
mod return_to;
mod sign_in;
mod signed_in;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use jiff::tz::TimeZone;
use url::Url;

pub use error::Failure;

use crate::base::{Clock, Kind};
use crate::calendar::Calendars;
use crate::edge::Cookies;
use crate::identity::{Identity, Providers};
use crate::inventory::Inventory;

/// What pages know about the service itself; cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// Where people reach the service; its path is `/`.
    pub public_url: Url,
    /// Whether this is an evaluation, with sign-in links in the log.
    pub evaluation: bool,
    /// How cookies are written.
    pub cookies: Cookies,
    /// The zone of days where no calendar says one.
    pub default_zone: TimeZone,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Site {
    /// The address of `path`, which begins with a slash.
    fn address(&self, path: &str) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}{path}")
    }
}

/// The pages, with one for every address that is no other door's.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Calendars: FromRef<S>,
    Inventory: FromRef<S>,
    Identity: FromRef<S>,
    Providers: FromRef<S>,
    Site: FromRef<S>,
{
    Router::new()
        .route("/", get(month::get))
        .route("/day", get(day::get))
        .route("/items", get(items::get))
        .route("/connect", get(connect::get))
        .route("/sign-in", get(sign_in::choose))
        .route(
            "/auth/link/{secret}",
            get(sign_in::show_link).post(sign_in::redeem_link),
        )
        .route("/sign-out", post(sign_in::sign_out))
        .route("/auth/login", get(sign_in::begin))
        .route("/auth/callback", get(sign_in::finish))
        .route("/assets/{name}", get(assets::get))
        .method_not_allowed_fallback(async || {
            let mut response = axum::response::IntoResponse::into_response(Failure::plain(
                Kind::NotFound,
                "this address does not take such a request: go to the page, and use its buttons",
            ));
            *response.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
            response
        })
        .fallback(async || Failure::not_found())
}
