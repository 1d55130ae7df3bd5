//! Traces: which requests are followed, what their spans are called, and the W3C trace context that
//! comes and goes with requests.
//!
//! It is decided once, when a request comes in. One that is not sampled has no span, and neither has
//! anything that happens for it: [`database`] and [`call`] make none outside of a followed request.
//! Spans are never `tracing`'s (`src/decisions/0006-spans.md`).
//! Names and attributes are words of ours; what else could stand there, the exporter takes out
//! (`allowed`).
//!
//! | Standard | Test |
//! | --- | --- |
//! | W3C Trace Context §3.2, `traceparent` | `tests/it/telemetry/traces.rs` |
//! | §3.3, `tracestate`: free text of others, so it is neither kept nor passed on | the same |

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::spans::{Span, What};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Which requests are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// So many of 100.
    pub percent: u32,
    /// Where a caller says whether, that holds instead: whoever can send a request can then have it followed.
    pub callers_decide: bool,
}

/// A request as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Its headers, for `traceparent`.
    pub headers: &'a HeaderMap,
    /// Its id, whose last eight bytes are random.
    pub id: &'a [u8; 16],
    /// Its method, as [`method`] names it.
    pub method: &'static str,
    /// `http` or `https`, as the caller sees it.
    pub scheme: &'static str,
}

/// How a request is followed: by a span; or not here, and what it calls is told the caller's trace; or not
/// at all. The span ends when this is dropped.
#[derive(Debug, Default)]
pub struct Following {
    span: Span,
    /// Where what is done for it belongs.
    inside: Option<Context>,
}

impl Sampling {
    /// Decides whether a request is followed: by chance, or as its caller says. Either way its span
    /// belongs to the caller's trace.
    ///
    /// ```
    /// use freehold::telemetry::trace::{Incoming, Sampling};
    ///
    /// let headers = http::HeaderMap::new();
    /// let incoming = Incoming { headers: &headers, id: &[0; 16], method: "GET", scheme: "https" };
    /// let never = Sampling { percent: 0, callers_decide: false };
    /// assert!(!never.follow(incoming).is_here());
    /// ```
    #[must_use]
    pub fn follow(self, incoming: Incoming<'_>) -> Following {
        let parent = parent(incoming.headers);
        let said = parent.as_ref().filter(|_| self.callers_decide);
        let is_taken = said.map_or_else(|| self.takes(incoming.id), SpanContext::is_sampled);
        let span = if is_taken {
            Span::begin(incoming.what(), parent.as_ref())
        } else {
            Span::default()
        };
        let inside = span.context().or_else(|| parent.as_ref().map(unsampled));
        Following {
            span,
            inside: inside.map(|of| Context::new().with_remote_span_context(of)),
        }
    }

    /// The last 62 bits of a UUID are random (RFC 9562 §5.7).
    fn takes(self, id: &[u8; 16]) -> bool {
        let [.., a, b, c, d] = *id;
        let chance = (u64::from(u32::from_be_bytes([a, b, c, d])) * 100) >> 32;
        chance < u64::from(self.percent)
    }
}

impl Incoming<'_> {
    fn what(&self) -> What {
        What::Request {
            method: self.method,
            scheme: self.scheme,
            id: *self.id,
            answer: None,
        }
    }
}

impl Following {
    /// Whether there is a span.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.span.context().is_some()
    }

    /// Does what is to be done for the request.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        match &self.inside {
            Some(context) => work.with_context(context.clone()).await,
            None => work.await,
        }
    }

    /// Says something about the request, so that its log line names its trace.
    pub fn within(&self, say: impl FnOnce()) {
        let _attached = self.inside.clone().map(Context::attach);
        say();
    }

    /// The request was answered: on which form of URL, with which status.
    pub fn answered(&mut self, route: Option<&'static str>, status: u16) {
        if let Some(What::Request { answer, .. }) = self.span.what() {
            *answer = Some((route, status));
        }
    }
}

/// A span for a question to the database, inside of a followed request.
#[must_use]
pub fn database(operation: &'static str, system: &'static str) -> Span {
    inside(|| What::Database { operation, system })
}

/// A request of `method` to `host` (`name:port`) begins. It has a span inside of a followed request, and
/// `headers` tell the host which trace it belongs to, if it belongs to one.
#[must_use]
pub fn call(method: &'static str, host: &str, headers: &mut HeaderMap) -> Span {
    let span = inside(|| What::Call {
        method,
        host: host.into(),
        status: None,
    });
    let of = span.context().unwrap_or_else(current);
    if of.is_valid() {
        let flags = if of.is_sampled() { "01" } else { "00" };
        let text = format!("00-{}-{}-{flags}", of.trace_id(), of.span_id());
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(TRACEPARENT.clone(), value);
        }
    }
    span
}

/// A span of what is done for others, if it is done inside of a followed request.
fn inside(what: impl FnOnce() -> What) -> Span {
    let outer = current();
    if !outer.is_sampled() {
        return Span::default();
    }
    Span::begin(what(), Some(&outer))
}

fn current() -> SpanContext {
    Context::map_current(|context| context.span().span_context().clone())
}

/// The trace of the request that `headers` come with. Two `traceparent` headers are none.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut given = headers.get_all(&TRACEPARENT).iter();
    let (given, None) = (given.next()?, given.next()) else {
        return None;
    };
    let text = Traceparent(given.to_str().ok()?);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &text);
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

/// The caller's trace, for what is done for a request that is not followed.
fn unsampled(of: &SpanContext) -> SpanContext {
    let (flags, none) = (TraceFlags::NOT_SAMPLED, TraceState::NONE);
    SpanContext::new(of.trace_id(), of.span_id(), flags, true, none)
}

/// The one header that is read.
struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT.as_str()).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT.as_str()]
    }
}

/// The method's name if it is one that this service knows, else `_OTHER`: a stranger's word is no
/// label (OpenTelemetry semantic conventions, `http.request.method`).
#[must_use]
pub fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 12] = [
        "GET",
        "HEAD",
        "PUT",
        "POST",
        "DELETE",
        "OPTIONS",
        "PATCH",
        "PROPFIND",
        "PROPPATCH",
        "REPORT",
        "MKCALENDAR",
        "MKCOL",
    ];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("_OTHER")
}
