//! The request's id and its one line in the log.

use std::error::Error;
use std::fmt::Write as _;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::base::{Clock as _, Id, SystemClock};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: in its log line, in the header `X-Request-Id` of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Id<RequestId>);

/// Why an answer is a 5xx; a door puts it into the answer's extensions, and [`track`] logs it.
#[derive(Debug, Clone)]
pub struct Fault(String);

impl Fault {
    /// The error and what caused it, in one line.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut line = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            // Writing into a String does not fail.
            let _infallible = write!(line, ": {inner}");
            cause = inner.source();
        }
        Self(line)
    }
}

/// Gives the request an id, and writes one line about it when it has been answered. The line has
/// the route, not the path: paths hold names.
pub async fn track(mut request: Request, next: Next) -> Response {
    let id = RequestId(Id::new(SystemClock.now()));
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = tokio::time::Instant::now();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let id = id.0;
    match response.extensions().get::<Fault>() {
        Some(Fault(why)) => {
            tracing::error!(%id, %method, route, status, millis, %why, "a request failed");
        }
        None if status == 503 || status == 507 => {
            tracing::warn!(%id, %method, route, status, millis, "a request could not be served");
        }
        None => tracing::debug!(%id, %method, route, status, millis, "a request was answered"),
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}
