//! Pages for people: one's month, the items and who has them, signing in.
//!
//! Everything is rendered here, no script runs in the browser. A page reads the session cookie,
//! asks the rooms, and writes a template from `templates`; styles and icon are in `assets`.
//!
//! - `month`, `day`: one's calendars; `grid` lays a month out, pure. `items`. `audit`: who did what.
//!   `connect`: what to type into a client, and `tokens` for it; `form`: what a page sends.
//! - `people`: who is here and what they were given, for administrators; `step_up`: the fresh sign-in
//!   that a change of it needs.
//! - `sign_in`: providers, one-time links; `sign_out`, also when the provider says so; `sessions`:
//!   where one is signed in. `return_to`: back to where one came from.
//! - `signed_in`: who looks. `page`: frame and headers. `error`: what went wrong.
//!
//! **Invariants.** Nothing on a page comes from another host, and its policy forbids scripts.
//! Whatever people wrote is escaped. A request that changes something comes from our own page. A
//! page takes no personal token, and other doors take no cookie.
//!
//! **Absent on purpose.** Changing calendars and items; the interface issue builds it.

mod assets;
mod audit;
mod connect;
mod day;
mod error;
mod form;
mod grid;
mod items;
mod month;
mod page;
mod people;
mod return_to;
mod sessions;
mod sign_in;
mod sign_out;
mod signed_in;
mod step_up;
#[cfg(test)]
mod tests;
mod tokens;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};
use jiff::tz::TimeZone;
use url::Url;

pub use error::Failure;

use crate::base::{Clock, Kind};
use crate::calendar::Calendars;
use crate::edge::{Cookies, Endpoint};
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

/// Where a provider sends browsers back to after signing in; it has to know this address.
pub const CALLBACK: &str = "/auth/callback";
/// Where it sends them back to after signing out; it has to know this one too.
pub const SIGN_IN: &str = "/sign-in";
/// What its pages call when its session ends (OpenID Connect Front-Channel Logout 1.0 §2).
pub const FRONT_CHANNEL_LOGOUT: &str = "/auth/front-channel-logout";

impl Site {
    /// The address of `path`, which begins with a slash.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
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
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.endpoint.path, route.answer)
        })
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

/// Everything that [`router`] answers, method by method.
#[must_use]
pub fn endpoints<S>() -> Vec<Endpoint>
where
    S: Clone + Send + Sync + 'static,
    Calendars: FromRef<S>,
    Inventory: FromRef<S>,
    Identity: FromRef<S>,
    Providers: FromRef<S>,
    Site: FromRef<S>,
{
    let routes = routes::<S>().into_iter();
    routes.map(|route| route.endpoint).collect()
}

fn routes<S>() -> Vec<Route<S>>
where
    S: Clone + Send + Sync + 'static,
    Calendars: FromRef<S>,
    Inventory: FromRef<S>,
    Identity: FromRef<S>,
    Providers: FromRef<S>,
    Site: FromRef<S>,
{
    vec![
        Route::get("/", month::get),
        Route::get("/day", day::get),
        Route::get("/items", items::get),
        Route::get("/audit", audit::get),
        Route::get("/connect", connect::get),
        Route::post("/connect/tokens", tokens::make),
        Route::post("/connect/tokens/{id}/end", tokens::end),
        Route::get(SIGN_IN, sign_in::choose),
        Route::get("/auth/link/{secret}", sign_in::show_link),
        Route::post("/auth/link/{secret}", sign_in::redeem_link),
        Route::post("/sign-out", sign_out::here),
        Route::get("/signed-out", sign_out::there),
        Route::post("/auth/back-channel-logout", sign_out::back_channel),
        Route::get(FRONT_CHANNEL_LOGOUT, sign_out::front_channel),
        Route::get("/sessions", sessions::get),
        Route::post("/sessions/end-others", sessions::end_others),
        Route::post("/sessions/{id}/end", sessions::end),
        Route::get("/people", people::get),
        Route::get("/people/confirm", people::ask),
        Route::post("/people/confirm", people::act),
        Route::get("/auth/step-up", step_up::begin),
        Route::get("/auth/login", sign_in::begin),
        Route::get(CALLBACK, sign_in::finish),
        Route::get("/assets/{name}", assets::get),
    ]
}

/// An endpoint and the function that answers it.
struct Route<S> {
    endpoint: Endpoint,
    answer: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    fn get<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        let method = "GET";
        Self {
            endpoint: Endpoint { path, method },
            answer: get(handler),
        }
    }

    fn post<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        let method = "POST";
        Self {
            endpoint: Endpoint { path, method },
            answer: post(handler),
        }
    }
}
