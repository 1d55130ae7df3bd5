//! Log lines and the words for health.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::{Check, Health, Report, log::subscriber};
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
