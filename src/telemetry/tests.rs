//! Log lines, what may leave, and the words for health.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{Check, Health, Report, allowed, log::subscriber};
use crate::config::{Log, LogFormat};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(format: LogFormat, level: &str, colours: bool) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = Log {
        format,
        level: level.parse().unwrap(),
    };
    let subscriber = subscriber(&log, colours, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(size_bytes = 5, "an object was stored");
        tracing::debug!("a detail");
    });
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn json_is_one_object_per_line_with_the_fields_of_the_event() {
    let text = lines(LogFormat::Json, "info", true);
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    let field = |name: &str| line.get(name).cloned().unwrap_or_default();
    assert_eq!(field("message"), "an object was stored");
    assert_eq!(field("level"), "INFO");
    assert_eq!(field("size_bytes"), 5);
    assert!(field("timestamp").as_str().unwrap().ends_with('Z'));
}

#[test]
fn text_has_colours_only_on_a_terminal() {
    assert!(!lines(LogFormat::Text, "info", false).contains('\u{1b}'));
    assert!(lines(LogFormat::Text, "info", true).contains('\u{1b}'));
}

#[test]
fn the_level_decides_what_is_written() {
    assert_eq!(lines(LogFormat::Text, "off", false), "");
    assert_eq!(
        lines(LogFormat::Text, "warn,freehold=debug", false)
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_report_is_as_well_as_its_worst_part_and_ready_unless_one_failed() {
    let check = |health| Check {
        name: "disk".into(),
        health,
    };
    let mut report = Report::default();
    assert!(report.is_ready());
    report.checks.push(check(Health::Ok));
    report
        .checks
        .push(check(Health::Degraded("little space".to_owned())));
    assert_eq!(report.overall().word(), "degraded");
    assert!(report.is_ready());
    report
        .checks
        .push(check(Health::Failed("no space".to_owned())));
    report.checks.push(check(Health::Ok));
    assert_eq!(report.overall(), &Health::Failed("no space".to_owned()));
    assert!(!report.is_ready());
}

/// A span as somebody careless would make it.
fn careless_span() -> SpanData {
    let mut events = SpanEvents::default();
    events.events.push(Event::with_name("a secret event"));
    SpanData {
        span_context: SpanContext::empty_context(),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Server,
        name: "PUT /dav/{path}".into(),
        start_time: std::time::UNIX_EPOCH,
        end_time: std::time::UNIX_EPOCH,
        attributes: vec![
            KeyValue::new("http.route", "/dav/{path}"),
            KeyValue::new("url.path", "/dav/secret"),
            KeyValue::new("exception.message", "secret"),
        ],
        dropped_attributes_count: 0,
        events,
        links: SpanLinks::default(),
        status: Status::error("a secret reason"),
        instrumentation_scope: InstrumentationScope::default(),
    }
}

#[test]
fn what_is_not_on_the_list_is_taken_out_of_a_span() {
    let mut span = careless_span();
    allowed::span(&mut span);
    let told = format!("{span:?}");
    assert!(!told.contains("secret"), "{told}");
    assert!(told.contains("/dav/{path}"), "{told}");
    assert!(
        matches!(span.status, Status::Error { .. }),
        "that it failed is told"
    );
}

#[test]
fn what_is_not_on_the_list_is_taken_out_of_a_log_record() {
    let logger = SdkLoggerProvider::builder().build().logger("test");
    let mut record = logger.create_log_record();
    record.set_body("a job failed".into());
    record.set_target("freehold::jobs");
    record.add_attribute("kind", "calendar.extend");
    record.add_attribute("why", "a secret");
    record.add_attribute("exception.message", "a secret");
    let clean = allowed::Cleaner::new().clean(&record);
    let told = format!("{clean:?}");
    assert!(!told.contains("secret"), "{told}");
    assert!(
        told.contains("a job failed") && told.contains("calendar.extend"),
        "{told}"
    );
}

#[test]
fn lines_of_libraries_and_about_the_queue_are_not_sent() {
    for ours in ["freehold", "freehold::server::serve"] {
        assert!(allowed::is_ours(ours), "{ours}");
    }
    for other in [
        "hyper",
        "freeholder",
        "rustls::conn",
        "freehold::telemetry::queue",
    ] {
        assert!(!allowed::is_ours(other), "{other}");
    }
}
