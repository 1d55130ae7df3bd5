//! The request's id, its one line in the log, its span and its metrics.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use super::Endpoint;
use crate::base::{Clock as _, Id, SystemClock};
use crate::telemetry::trace::{Following, Incoming, Sampling, method};
use crate::telemetry::{Answered, Meters};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: in its log line, in the header `X-Request-Id` of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Id<RequestId>);

/// Why an answer is a 5xx; a door puts it into the answer's extensions, and [`track`] logs it.
#[derive(Debug, Clone)]
pub struct Fault(String);

/// The form of address that a request was about; a door puts it into the answer's extensions where the
/// route does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route(pub &'static str);

/// How many objects an answer to a synchronisation named; a door puts it into the answer's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synchronised(pub u64);

/// How requests are observed. Cheap to clone: every request does.
#[derive(Debug, Clone)]
pub struct Tracker(Arc<Observed>);

#[derive(Debug)]
struct Observed {
    /// `http` or `https`, as callers see the service.
    scheme: &'static str,
    /// Every form of address: words that may be labels.
    routes: BTreeSet<&'static str>,
    sampling: Option<Sampling>,
    meters: Option<Meters>,
}

impl Tracker {
    /// One that writes log lines only; `endpoints` are all there are, `scheme` is `http` or `https`, as
    /// callers see the service.
    #[must_use]
    pub fn new(endpoints: &[Endpoint], scheme: &'static str) -> Self {
        let routes = endpoints.iter().map(|endpoint| endpoint.path);
        Self(Arc::new(Observed {
            scheme,
            routes: routes.collect(),
            sampling: None,
            meters: None,
        }))
    }

    /// The same, which also makes traces and measures, where it is given with what.
    #[must_use]
    pub fn with(&self, sampling: Option<Sampling>, meters: Option<Meters>) -> Self {
        Self(Arc::new(Observed {
            scheme: self.0.scheme,
            routes: self.0.routes.clone(),
            sampling,
            meters,
        }))
    }
}

impl Observed {
    fn follow(&self, request: &Request, id: RequestId, method: &'static str) -> Following {
        let incoming = |sampling: Sampling| {
            sampling.follow(Incoming {
                headers: request.headers(),
                id: id.0.as_bytes(),
                method,
                scheme: self.scheme,
            })
        };
        self.sampling.map(incoming).unwrap_or_default()
    }

    /// The form of address that the answer is about: one of ours, never what somebody wrote.
    fn route(&self, matched: Option<&MatchedPath>, response: &Response) -> Option<&'static str> {
        let said = response.extensions().get::<Route>().map(|route| route.0);
        let matched = || self.routes.get(matched?.as_str()).copied();
        said.or_else(matched)
    }
}

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

/// Gives the request an id, follows it if it is sampled, and writes one line about it when it has been
/// answered. Line, span and metrics have the route, not the path: paths hold names.
pub async fn track(
    State(Tracker(tracker)): State<Tracker>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId(Id::new(SystemClock.now()));
    request.extensions_mut().insert(id);
    let method = method(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let begun = tokio::time::Instant::now();
    let mut following = tracker.follow(&request, id, method);
    let mut response = following.run(next.run(request)).await;
    let took = begun.elapsed();
    let status = response.status().as_u16();
    let route = tracker.route(matched.as_ref(), &response);
    following.answered(route, status);
    if let Some(meters) = &tracker.meters {
        let answered = Answered {
            method,
            route,
            status,
            scheme: tracker.scheme,
        };
        meters.answered(answered, took);
        if let Some(Synchronised(objects)) = response.extensions().get() {
            meters.synchronised(*objects);
        }
    }
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let route = route.unwrap_or("-");
    let id = id.0;
    match response.extensions().get::<Fault>() {
        Some(Fault(why)) => following.within(|| {
            tracing::error!(%id, method, route, status, millis, %why, "a request failed");
        }),
        None if status == 503 || status == 507 => following.within(|| {
            tracing::warn!(%id, method, route, status, millis, "a request could not be served");
        }),
        None if tracing::enabled!(tracing::Level::DEBUG) => following.within(|| {
            tracing::debug!(%id, method, route, status, millis, "a request was answered");
        }),
        None => {}
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}
