//! The pages about telemetry say what is so, and what the sources write can be sent.

use std::fmt::Write as _;

use freehold::telemetry::metrics::{ALL, Kind};
use freehold::telemetry::{OF_LOGS, OF_SPANS};

use crate::architecture::root;
use crate::architecture::rust_text::files;
use crate::support::generated::is_current;

fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         Written from the table in `src/telemetry/metrics.rs`: `make generate`. How they are \
         read and sent: [telemetry.md](telemetry.md).\n\n\
         | In OpenTelemetry | In Prometheus | Kind | Labels | What it says |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for metric in ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let (name, prometheus) = (metric.name, metric.prometheus());
        let (labels, help) = (labels.join(", "), metric.help.trim());
        writeln!(
            page,
            "| `{name}` | `{prometheus}` | {kind} | {labels} | {help} |"
        )
        .unwrap();
    }
    page.push_str(
        "\nA histogram has the series `_bucket`, `_count` and `_sum` in Prometheus, where the dots of \
         labels are underscores.\n",
    );
    page
}

#[test]
fn the_page_of_the_metrics_is_the_table() {
    is_current(root().join("docs/metrics.md"), &page());
}

#[test]
fn the_page_of_telemetry_names_every_attribute_that_may_leave_and_no_other() {
    let page = std::fs::read_to_string(root().join("docs/telemetry.md")).unwrap();
    let section = page.split("## What is sent").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut written: Vec<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let mut allowed: Vec<_> = OF_SPANS.iter().chain(OF_LOGS).copied().collect();
    allowed.sort_unstable();
    allowed.dedup();
    written.sort_unstable();
    assert_eq!(written, allowed);
}

/// The text between the parentheses that open at `at`; strings may hold parentheses.
fn arguments(text: &str, at: usize) -> &str {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for (place, letter) in text[at..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..at + place];
        }
    }
    panic!("a parenthesis stays open")
}

/// The messages of log lines with something put in: `("{advice}")`.
fn interpolated(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for level in ["error", "warn", "info", "debug", "trace"] {
        let call = format!("tracing::{level}!");
        for (at, _) in text.match_indices(&call) {
            let inside = arguments(text, at + call.len());
            let literals = inside.split('"').skip(1).step_by(2);
            found.extend(literals.filter(|l| l.contains('{')).map(str::to_owned));
        }
    }
    found
}

/// A message is sent as it stands in the source; what changes is a field, which is on the list or not.
#[test]
fn no_message_of_a_log_line_has_anything_put_in() {
    let sample = r#"tracing::warn!(id = 3, "it (was) {why}"); tracing::info!("fine"); f("{x}")"#;
    assert_eq!(interpolated(sample), ["it (was) {why}"]);
    for path in files(root(), "src", "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let found = interpolated(&text);
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}
