//! REST for the inventory, with OpenAPI 3.1.
//!
//! A door: it reads a request, asks [`crate::inventory`], and writes the answer. It decides nothing.
//!
//! - `operation`: what there is to ask. [`operations`] lists it, [`router`] answers it, and
//!   `document` describes it; all three are made from one list.
//! - `types`, `places`, `items`, `custody`, `audit`: the operations, one file per resource.
//! - `roles`: who is here, and which roles administrators give.
//! - `account`: the words for who has something. `request`, `answer`, `problem`: what handlers take
//!   and give.
//!
//! | Standard | Where |
//! | --- | --- |
//! | RFC 9110 §13.1, RFC 6585 §3: conditional requests | `request::IfMatch`, `answer::read` |
//! | RFC 9457: problem details | `problem` |
//! | RFC 8288: link to the next page | `answer::page` |
//! | RFC 6750: Bearer token | [`crate::edge::authenticate`] |
//! | RFC 9470: a sign-in of a moment ago is needed | `problem` |
//!
//! **Invariants.** Nothing that is there changes without `If-Match`. Unknown members and parameters
//! are refused. A cookie is never a credential. Every refusal is a problem, 404 and 405 included.
//!
//! **Absent on purpose.** Idempotency keys, filters, deletion of things; the inventory issue adds them.

mod account;
mod answer;
mod audit;
mod custody;
mod document;
mod items;
mod operation;
mod places;
mod problem;
mod request;
mod roles;
mod types;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn;
use axum::routing::any;

pub use operation::{Access, Method, Operation};

use operation::Route;
use problem::Problem;

use crate::edge::{Endpoint, Limits};
use crate::identity::Identity;
use crate::inventory::Inventory;

/// The routes under `/api`, for a server whose state has the rooms.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Identity: FromRef<S>,
    Inventory: FromRef<S>,
    Limits: FromRef<S>,
{
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.operation.path, route.answer)
        })
        .method_not_allowed_fallback(async || Problem::no_method())
        .route("/api", any(async || Problem::no_route()))
        .route("/api/", any(async || Problem::no_route()))
        .route("/api/{*path}", any(async || Problem::no_route()))
        .layer(from_fn(problem::written))
}

/// Everything that [`router`] answers, method by method.
#[must_use]
pub fn operations() -> Vec<&'static Operation> {
    let routes = routes::<Nowhere>().into_iter();
    routes.map(|route| route.operation).collect()
}

/// The same, as every door lists it.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let listed = operations().into_iter().map(|operation| Endpoint {
        path: operation.path,
        method: operation.method.as_str(),
    });
    listed.collect()
}

/// The OpenAPI document, as `/api/v1/openapi.json` answers it and `docs/openapi.json` keeps it.
#[must_use]
pub fn openapi() -> String {
    document::text(&operations())
}

fn routes<S>() -> Vec<Route<S>>
where
    S: Clone + Send + Sync + 'static,
    Identity: FromRef<S>,
    Inventory: FromRef<S>,
    Limits: FromRef<S>,
{
    vec![
        Route::new(&types::LIST, types::list),
        Route::new(&types::CREATE, types::create),
        Route::new(&types::READ, types::read),
        Route::new(&types::REPLACE, types::replace),
        Route::new(&places::LIST, places::list),
        Route::new(&places::CREATE, places::create),
        Route::new(&places::READ, places::read),
        Route::new(&places::REPLACE, places::replace),
        Route::new(&items::LIST, items::list),
        Route::new(&items::CREATE, items::create),
        Route::new(&items::FIND, items::find),
        Route::new(&items::READ, items::read),
        Route::new(&items::REPLACE, items::replace),
        Route::new(&custody::CHECK_OUT, custody::check_out),
        Route::new(&custody::CHECK_IN, custody::check_in),
        Route::new(&custody::MOVEMENTS, custody::movements),
        Route::new(&roles::PRINCIPALS, roles::principals),
        Route::new(&roles::CREATE, roles::create),
        Route::new(&roles::READ, roles::read),
        Route::new(&roles::END, roles::end),
        Route::new(&audit::LIST, audit::list),
        Route::new(&document::READ, document::read),
    ]
}

/// The state of a server that cannot exist: listing the routes needs a state in type only.
#[derive(Clone)]
enum Nowhere {}

macro_rules! nowhere {
    ($($room:ty),*) => { $(
        impl FromRef<Nowhere> for $room {
            fn from_ref(nowhere: &Nowhere) -> Self {
                match *nowhere {}
            }
        }
    )* };
}
nowhere!(Identity, Inventory, Limits);
