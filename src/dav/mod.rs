//! The CalDAV door: WebDAV requests become questions to the calendar room, answers become XML
//! (RFC 4918, RFC 4791, RFC 6578, RFC 5689, RFC 6764 §5).
//!
//! ```text
//! path         URL -> resource, and back
//! xml          bodies -> values, values -> bodies
//! props        live properties, one table
//! error        refusals with the RFC's precondition element
//! object       GET, HEAD, PUT, DELETE of calendar objects
//! collection   MKCALENDAR, MKCOL, DELETE of calendars
//! propfind, proppatch, options
//! report       calendar-query, calendar-multiget, sync-collection
//! clients      what clients do that no RFC allows
//! ```
//! Each verb is three sentences: read, ask, write. What may be done and what is true is decided in
//! the room.
//!
//! **Invariants.** No request makes it panic; what cannot be read is 400 with a sentence, never 415.
//! A resource of somebody else looks like one that is not there. `DAV:href`s have one spelling.
//!
//! **Absent on purpose.** LOCK (class 2), COPY, MOVE, ACL (so the `DAV` header does not claim
//! `access-control`), scheduling, free-busy-query: later issues.
//!
//! | Standard | Tests |
//! | --- | --- |
//! | RFC 4918 §9.1, §9.2, §9.6 | `tests/it/caldav/rfc4918.rs` |
//! | RFC 4791 §5.3.1 | `tests/it/caldav/rfc4791/mkcalendar.rs` |
//! | RFC 4791 §5.3.2, §5.3.4 | `tests/it/caldav/rfc4791/put.rs` |
//! | RFC 4791 §7.8 | `tests/it/caldav/rfc4791/calendar_query.rs` |
//! | RFC 4791 §7.9 | `tests/it/caldav/rfc4791/calendar_multiget.rs` |
//! | RFC 6578 | `tests/it/caldav/rfc6578.rs` |
//! | RFC 6764 §5 | `tests/it/caldav/discovery.rs` |
//! | what broke other servers | `tests/it/caldav/cases.rs` |

mod answer;
mod clients;
mod collection;
mod error;
mod object;
mod options;
mod path;
mod propfind;
mod proppatch;
mod props;
mod report;
#[cfg(test)]
mod tests;
mod xml;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::calendar::Calendars;
use crate::edge::{self, Endpoint, Limits, Route};
use crate::identity::{Actor, Door, Identity};
use error::DavError;
use path::Resource;
use props::View;
use xml::multistatus::Detail;

/// Where clients look first (RFC 6764 §5).
const DISCOVERY: [&str; 2] = ["/.well-known/caldav", "/.well-known/caldav/"];

/// The routes of this door: `/dav/` and everything below, and `/.well-known/caldav`.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Calendars: FromRef<S>,
    Identity: FromRef<S>,
    Limits: FromRef<S>,
{
    let discovery = DISCOVERY.into_iter();
    discovery
        .fold(Router::new(), |router, path| {
            router.route(path, any(discover))
        })
        .route("/dav", any(serve::<S>))
        .route("/dav/", any(serve::<S>))
        .route("/dav/{*path}", any(serve::<S>))
}

/// Everything that [`router`] answers, method by method.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let discovery = DISCOVERY.into_iter().map(|path| Endpoint {
        path,
        method: "GET",
    });
    let resources = options::RESOURCES.into_iter();
    let resources = resources.flat_map(|(path, methods)| {
        let methods = methods.split(", ");
        methods.map(move |method| Endpoint { path, method })
    });
    discovery.chain(resources).collect()
}

/// Where the service begins, whatever the method (RFC 6764 §5).
async fn discover() -> Response {
    let mut response = answer::empty(StatusCode::MOVED_PERMANENTLY);
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_static("/dav/"));
    response
}

/// A request of somebody who is known.
struct Call {
    calendars: Calendars,
    limits: Limits,
    actor: Actor,
    resource: Resource,
    headers: HeaderMap,
}

impl Call {
    /// The bytes of a body that is XML.
    async fn read(&self, body: Body) -> Result<bytes::Bytes, DavError> {
        Ok(edge::read_body(body, self.limits).await?)
    }

    /// What the writers of properties need to know.
    fn view(&self) -> View<'_> {
        View {
            actor: &self.actor,
            max_resource_size: self.max_resource_size(),
        }
    }

    /// The largest calendar object, in bytes.
    fn max_resource_size(&self) -> usize {
        let limit = self.calendars.limits().max_object_bytes;
        limit.min(self.limits.max_body_bytes)
    }

    /// `Prefer: return=minimal` (RFC 8144 §2.1) or the older `Brief: t`.
    fn detail(&self) -> Detail {
        let says = |name: &str, what: &str| {
            let mut values = self.headers.get_all(name).iter();
            values.any(|value| {
                let text = value.to_str().unwrap_or_default();
                let mut words = text.split([',', ';']);
                words.any(|word| word.trim().eq_ignore_ascii_case(what))
            })
        };
        if says("prefer", "return=minimal") || says("brief", "t") {
            Detail::Minimal
        } else {
            Detail::Full
        }
    }
}

async fn serve<S>(State(state): State<S>, request: Request) -> Response
where
    S: Clone + Send + Sync + 'static,
    Calendars: FromRef<S>,
    Identity: FromRef<S>,
    Limits: FromRef<S>,
{
    let rooms = (
        Calendars::from_ref(&state),
        Identity::from_ref(&state),
        Limits::from_ref(&state),
    );
    let resource = match Resource::of_path(request.uri().path()) {
        Ok(resource) => resource,
        Err(error) => return error.into_response(),
    };
    let form = resource.form();
    let answer = handle(rooms, resource, request).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if !form.is_empty() {
        response.extensions_mut().insert(Route(form));
    }
    response
}

async fn handle(
    (calendars, identity, limits): (Calendars, Identity, Limits),
    resource: Resource,
    request: Request,
) -> Result<Response, DavError> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str();
    if method == "OPTIONS" {
        return Ok(options::options(&resource));
    }
    options::check(&resource, method)?;
    let actor = edge::authenticate(&identity, &parts, Door::Caldav).await?;
    let call = Call {
        calendars,
        limits,
        actor,
        resource,
        headers: parts.headers,
    };
    match method {
        "GET" => object::get(call).await,
        "HEAD" => object::head(call).await,
        "PUT" => object::put(call, body).await,
        "DELETE" => collection::delete(call).await,
        "MKCALENDAR" => collection::mkcalendar(call, body).await,
        "MKCOL" => collection::mkcol(call, body).await,
        "PROPFIND" => propfind::propfind(call, body).await,
        "PROPPATCH" => proppatch::proppatch(call, body).await,
        "REPORT" => report::report(call, body).await,
        _ => Err(DavError::not_found()),
    }
}
