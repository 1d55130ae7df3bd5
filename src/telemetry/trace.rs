//! Traces: which requests are followed, what their spans are called, and the W3C trace context that
//! comes and goes with requests.
//!
//! It is decided once, when a request comes in. One that is not sampled has no span, and neither has
//! anything that happens for it: [`database`] and [`call`] make none outside of a followed request.
//! Names and attributes are words of ours; what else could stand there, the exporter takes out
//! (`allowed`).
//!
//! | Standard | Test |
//! | --- | --- |
//! | W3C Trace Context §3.2, `traceparent` | `tests/it/telemetry/traces.rs` |
//! | §3.3, `tracestate`: free text of others, so it is neither kept nor passed on | the same |

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The target of every span of ours; only these are traced.
pub(super) const TARGET: &str = "freehold::trace";
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Which requests are followed, of those whose caller does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// So many of 100.
    pub percent: u32,
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

/// How a request is followed.
pub enum Following {
    /// By a span.
    Span(Span),
    /// Not here; what it calls is told the caller's trace.
    PassedOn(Context),
    /// Not at all.
    No,
}

impl Sampling {
    /// Decides whether a request is followed: as its caller says, else by chance.
    ///
    /// ```
    /// use freehold::telemetry::trace::{Following, Incoming, Sampling};
    ///
    /// let headers = http::HeaderMap::new();
    /// let incoming = Incoming { headers: &headers, id: &[0; 16], method: "GET", scheme: "https" };
    /// let never = Sampling { percent: 0 };
    /// assert!(matches!(never.follow(incoming), Following::No));
    /// ```
    #[must_use]
    pub fn follow(self, incoming: Incoming<'_>) -> Following {
        let parent = parent(incoming.headers);
        match parent {
            Some(parent) if !parent.is_sampled() => {
                Following::PassedOn(Context::new().with_remote_span_context(parent))
            }
            None if !self.takes(incoming.id) => Following::No,
            parent => Following::Span(begun(incoming, parent)),
        }
    }

    /// The last 62 bits of a UUID are random (RFC 9562 §5.7).
    fn takes(self, id: &[u8; 16]) -> bool {
        let [.., a, b, c, d] = *id;
        let chance = (u64::from(u32::from_be_bytes([a, b, c, d])) * 100) >> 32;
        chance < u64::from(self.percent)
    }
}

impl Following {
    /// Does what is to be done for the request.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        match self {
            Self::Span(span) => work.instrument(span.clone()).await,
            Self::PassedOn(context) => work.with_context(context.clone()).await,
            Self::No => work.await,
        }
    }

    /// Says something about the request, so that its log line names its trace.
    pub fn within(&self, say: impl FnOnce()) {
        match self {
            Self::Span(span) => span.in_scope(say),
            Self::PassedOn(_) | Self::No => say(),
        }
    }

    /// The request was answered: on which form of URL, with which status. The span ends when this is
    /// dropped.
    pub fn answered(&self, method: &'static str, route: Option<&'static str>, status: u16) {
        let Self::Span(span) = self else {
            return;
        };
        // Straight to OpenTelemetry's span: a `record` goes through every layer.
        let context = span.context();
        let span = context.span();
        if let Some(route) = route {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route));
        }
        let code = i64::from(status);
        span.set_attribute(KeyValue::new("http.response.status_code", code));
        if status >= 500 {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new("error.type", status.to_string()));
        }
    }
}

fn begun(incoming: Incoming<'_>, parent: Option<SpanContext>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = incoming.method,
        otel.kind = "server",
        http.request.method = incoming.method,
        url.scheme = incoming.scheme,
        freehold.request.id = %uuid::Uuid::from_bytes(*incoming.id),
    );
    if let Some(parent) = parent {
        // Without a layer that makes traces there is nobody to be told.
        let _untraced = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

/// A span for a question to the database, inside of a followed request.
pub fn database(operation: &'static str, system: &'static str) -> Span {
    if !is_followed() {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "database",
        otel.name = operation,
        otel.kind = "client",
        db.operation.name = operation,
        db.system.name = system,
    )
}

/// A span for a request to `host` (`name:port`), inside of a followed request.
pub fn call(method: &Method, host: &str) -> Span {
    if !is_followed() {
        return Span::none();
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let method = self::method(method);
    tracing::info_span!(
        target: TARGET,
        "call",
        otel.name = method,
        otel.kind = "client",
        http.request.method = method,
        http.response.status_code = Empty,
        server.address = name,
        server.port = port.parse::<u16>().unwrap_or(0),
    )
}

fn is_followed() -> bool {
    let current = Span::current();
    current.metadata().is_some_and(|of| of.target() == TARGET)
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

/// Tells whom we call which trace the call belongs to, if it belongs to one.
pub fn pass_on(span: &Span, headers: &mut HeaderMap) {
    let context = if span.is_none() {
        Context::current()
    } else {
        span.context()
    };
    let of = context.span().span_context().clone();
    if !of.is_valid() {
        return;
    }
    let flags = if of.is_sampled() { "01" } else { "00" };
    let text = format!("00-{}-{}-{flags}", of.trace_id(), of.span_id());
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(TRACEPARENT.clone(), value);
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
