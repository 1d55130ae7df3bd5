//! The allow-list: which attributes leave the process. Everything else is taken out right before the
//! exporter, whoever put it in.
//!
//! The values under these keys are words of ours, numbers, digests, identifiers made here, and names
//! of the configuration; `docs/telemetry.md` is about them. Events and links of spans, the words of a
//! status and error texts leave nothing behind, because they may repeat what somebody sent.

use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::trace::Status;
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLoggerProvider};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// Attributes of spans.
pub const OF_SPANS: &[&str] = &[
    "db.operation.name",
    "db.system.name",
    "error.type",
    "freehold.request.id",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "server.address",
    "server.port",
    "url.scheme",
];

/// Attributes of log records: fields of our log lines.
pub const OF_LOGS: &[&str] = &[
    "attempts",
    "command",
    "connections",
    "ended",
    "entries",
    "hash",
    "id",
    "key",
    "keys",
    "kind",
    "last",
    "method",
    "millis",
    "number",
    "of",
    "route",
    "scheme",
    "seq",
    "signature",
    "size_bytes",
    "status",
    "steps",
    "up_to",
];

/// Whether a log line of this module is sent at all: those of our libraries are not, because they
/// may write what passes through them.
pub(super) fn is_ours(target: &str) -> bool {
    (target == "freehold" || target.starts_with("freehold::")) && target != super::queue::TARGET
}

/// Takes out of a span what is not on the list.
pub(super) fn span(span: &mut SpanData) {
    let kept = |key: &str| OF_SPANS.contains(&key);
    span.attributes.retain(|of| kept(of.key.as_str()));
    span.events = SpanEvents::default();
    span.links = SpanLinks::default();
    if let Status::Error { description } = &mut span.status {
        *description = "".into();
    }
}

/// Makes log records that have what is on the list and nothing else.
#[derive(Debug)]
pub(super) struct Cleaner {
    blank: SdkLogRecord,
}

impl Cleaner {
    pub(super) fn new() -> Self {
        let logger = SdkLoggerProvider::builder().build().logger("");
        Self {
            blank: logger.create_log_record(),
        }
    }

    pub(super) fn clean(&self, from: &SdkLogRecord) -> SdkLogRecord {
        let mut record = self.blank.clone();
        // Message, target and level are written in our sources.
        if let Some(body) = from.body() {
            record.set_body(body.clone());
        }
        if let Some(target) = from.target() {
            record.set_target(target.clone());
        }
        if let Some(number) = from.severity_number() {
            record.set_severity_number(number);
        }
        if let Some(text) = from.severity_text() {
            record.set_severity_text(text);
        }
        if let Some(at) = from.timestamp() {
            record.set_timestamp(at);
        }
        if let Some(at) = from.observed_timestamp() {
            record.set_observed_timestamp(at);
        }
        if let Some(trace) = from.trace_context() {
            record.set_trace_context(trace.trace_id, trace.span_id, trace.trace_flags);
        }
        let kept = from.attributes_iter();
        let kept = kept.filter(|(key, _)| OF_LOGS.contains(&key.as_str()));
        record.add_attributes(kept.cloned());
        record
    }
}
