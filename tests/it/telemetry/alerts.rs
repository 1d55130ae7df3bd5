//! The alerts: rules for Prometheus and for Azure Monitor are written from `infra/alerts/alerts.toml`,
//! name metrics that there are, and each fires when it should and stays silent otherwise.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use freehold::telemetry::metrics::{self, Kind, Metric};
use serde::Deserialize;
use serde_json::json;

use crate::architecture::root;
use crate::support::generated::is_current;

#[derive(Deserialize)]
struct File {
    alert: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alert {
    name: String,
    severity: usize,
    description: String,
    window_minutes: u32,
    frequency_minutes: u32,
    rule: Rule,
    fires: Vec<BTreeMap<String, String>>,
    silent: Vec<BTreeMap<String, String>>,
}

/// Which of the forms it is, the first field says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    never: Option<String>,
    above: Option<String>,
    below: Option<String>,
    part: Option<String>,
    of: Option<String>,
    more: Option<String>,
    ratio: Option<String>,
    average: Option<String>,
    per: Option<String>,
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
    #[serde(default)]
    limit: f64,
    #[serde(default)]
    of_at_least: u32,
}

/// The words that Prometheus' users know, by Azure's number.
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];
/// What Azure takes for `windowSize` and `evaluationFrequency` of a log search rule, in minutes.
const AZURE_MINUTES: [u32; 8] = [5, 10, 15, 30, 45, 60, 120, 180];

/// A rule as both query languages write it.
struct Queries {
    promql: String,
    kql: String,
}

impl Alert {
    fn queries(&self) -> Queries {
        let window = format!("[{}m]", self.window_minutes);
        let queries = self
            .of_gauges(&window)
            .or_else(|| self.of_counters(&window));
        queries.unwrap_or_else(|| panic!("{}: its rule has no known form", self.name))
    }

    fn of_gauges(&self, window: &str) -> Option<Queries> {
        let rule = &self.rule;
        let limit = rule.limit;
        if let Some(name) = &rule.never {
            let m = gauge(name);
            return Some(Queries {
                promql: format!("(max(max_over_time({m}{window})) or vector(0)) < 1"),
                kql: format!(
                    "{} | summarize good = countif(Max >= 1) | where good == 0",
                    rows(name)
                ),
            });
        }
        if let Some(name) = &rule.above {
            let m = gauge(name);
            let worst = "summarize value = min(Min) by AppRoleInstance";
            return Some(Queries {
                promql: format!("max(min_over_time({m}{window})) > {limit}"),
                kql: format!("{} | {worst} | where value > {limit}", rows(name)),
            });
        }
        if let Some(name) = &rule.below {
            let m = gauge(name);
            let worst = "summarize value = max(Max) by AppRoleInstance";
            return Some(Queries {
                promql: format!("min(max_over_time({m}{window})) < {limit}"),
                kql: format!("{} | {worst} | where value < {limit}", rows(name)),
            });
        }
        let (part, of) = (rule.part.as_ref()?, rule.of.as_ref()?);
        let over = |name| format!("max_over_time({}{window})", gauge(name));
        Some(Queries {
            promql: format!("min({} / {}) < {limit}", over(part), over(of)),
            kql: format!(
                "{} | summarize part = maxif(Max, Name == \"{part}\"), whole = maxif(Max, Name == \
                 \"{of}\") by AppRoleInstance | where whole > 0 and part < {limit} * whole",
                both(part, of)
            ),
        })
    }

    fn of_counters(&self, window: &str) -> Option<Queries> {
        let rule = &self.rule;
        let limit = rule.limit;
        if let Some(name) = &rule.more {
            let c = counter(name);
            let (selector, filter) = self.only(name);
            return Some(Queries {
                promql: format!("sum(increase({c}{selector}{window})) > {limit}"),
                kql: format!(
                    "{}{filter} | summarize value = sum(Sum) | where value > {limit}",
                    rows(name)
                ),
            });
        }
        if let Some(name) = &rule.ratio {
            return Some(self.ratio(name, window));
        }
        let (name, per) = (rule.average.as_ref()?, rule.per.as_ref()?);
        let grown = |name| format!("sum(increase({}{window}))", counter(name));
        Some(Queries {
            promql: format!("{} / {} > {limit}", grown(name), grown(per)),
            kql: format!(
                "{} | summarize value = sumif(Sum, Name == \"{name}\"), number = sumif(Sum, Name == \
                 \"{per}\") | where number > 0 and value > {limit} * number",
                both(name, per)
            ),
        })
    }

    fn ratio(&self, name: &str, window: &str) -> Queries {
        let (limit, least) = (self.rule.limit, self.rule.of_at_least);
        let metric = known(name, Kind::Histogram);
        let all = format!("sum(increase({}_count{window}))", metric.prometheus());
        let (selector, filter) = self.only(name);
        let hits = format!(
            "sum(increase({}_count{selector}{window}))",
            metric.prometheus()
        );
        let hit = filter.trim_start_matches(" | where ");
        Queries {
            promql: format!("{hits} / {all} > {limit} and {all} >= {least}"),
            kql: format!(
                "{} | summarize hits = sumif(ItemCount, {hit}), number = sum(ItemCount) | where number >= {least} and hits > {limit} * number",
                rows(name)
            ),
        }
    }

    /// What `where` says, for both: empty when it says nothing.
    fn only(&self, name: &str) -> (String, String) {
        let labels = metrics::named(name).unwrap().labels;
        let mut selectors = Vec::new();
        let mut filters = Vec::new();
        for (label, pattern) in &self.rule.only {
            let known = labels.contains(&label.as_str());
            assert!(known, "{name} has no label {label}");
            selectors.push(format!("{}=~\"{pattern}\"", label.replace('.', "_")));
            filters.push(format!(
                " | where tostring(Properties[\"{label}\"]) matches regex \"^{pattern}$\""
            ));
        }
        let filter = filters.concat();
        let selector = if selectors.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", selectors.join(","))
        };
        (selector, filter)
    }

    /// Every metric that it names.
    fn names(&self) -> Vec<&str> {
        let Rule {
            never,
            above,
            below,
            part,
            of,
            more,
            ratio,
            average,
            per,
            ..
        } = &self.rule;
        let all = [never, above, below, part, of, more, ratio, average, per];
        all.into_iter().flatten().map(String::as_str).collect()
    }
}

fn known(name: &str, kind: Kind) -> &'static Metric {
    let metric = metrics::named(name).unwrap_or_else(|| panic!("there is no metric {name}"));
    assert_eq!(metric.kind, kind, "{name}");
    metric
}

fn gauge(name: &str) -> String {
    known(name, Kind::Gauge).prometheus()
}

fn counter(name: &str) -> String {
    known(name, Kind::Counter).prometheus()
}

fn rows(name: &str) -> String {
    format!("AppMetrics | where Name == \"{name}\"")
}

fn both(one: &str, other: &str) -> String {
    format!("AppMetrics | where Name in (\"{one}\", \"{other}\")")
}

fn alerts() -> Vec<Alert> {
    let text = std::fs::read_to_string(folder().join("alerts.toml")).unwrap();
    toml::from_str::<File>(&text).unwrap().alert
}

fn folder() -> std::path::PathBuf {
    root().join("infra/alerts")
}

fn prometheus(alerts: &[Alert]) -> String {
    let rule = |alert: &Alert| {
        format!(
            "      - alert: {}\n        expr: {}\n        labels:\n          severity: {}\n        annotations:\n          description: {}\n",
            alert.name,
            json!(alert.queries().promql),
            SEVERITIES[alert.severity],
            json!(alert.description),
        )
    };
    let rules: String = alerts.iter().map(rule).collect();
    format!(
        "# Written from alerts.toml: make generate\ngroups:\n  - name: freehold\n    interval: 1m\n    rules:\n{rules}"
    )
}

fn azure(alerts: &[Alert]) -> String {
    let rule = |alert: &Alert| {
        json!({
            "name": alert.name,
            "description": alert.description,
            "severity": alert.severity,
            "kql": alert.queries().kql,
            "windowMinutes": alert.window_minutes,
            "frequencyMinutes": alert.frequency_minutes,
        })
    };
    let rules: Vec<_> = alerts.iter().map(rule).collect();
    format!("{}\n", serde_json::to_string_pretty(&rules).unwrap())
}

#[test]
fn the_rules_for_prometheus_and_for_azure_are_those_of_the_one_source() {
    let alerts = alerts();
    is_current(folder().join("prometheus.yaml"), &prometheus(&alerts));
    is_current(folder().join("azure.json"), &azure(&alerts));
}

#[test]
fn every_alert_names_metrics_that_there_are_and_tells_what_to_do() {
    let alerts = alerts();
    assert!(alerts.len() >= 10);
    for alert in &alerts {
        for name in alert.names() {
            assert!(metrics::named(name).is_some(), "{}: {name}", alert.name);
        }
        assert!(alert.severity < SEVERITIES.len(), "{}", alert.name);
        assert!(alert.description.len() > 60, "{}", alert.name);
        assert!(
            !alert.fires.is_empty() && !alert.silent.is_empty(),
            "{}",
            alert.name
        );
    }
    let mut names: Vec<_> = alerts.iter().map(|alert| &alert.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), alerts.len(), "a name is there twice");
}

#[test]
fn the_queries_for_azure_have_windows_that_azure_takes_and_close_what_they_open() {
    for alert in alerts() {
        for minutes in [alert.window_minutes, alert.frequency_minutes] {
            assert!(AZURE_MINUTES.contains(&minutes), "{}", alert.name);
        }
        assert!(
            alert.frequency_minutes <= alert.window_minutes,
            "{}",
            alert.name
        );
        let kql = alert.queries().kql;
        let count = |c: char| kql.matches(c).count();
        assert_eq!(count('('), count(')'), "{kql}");
        assert_eq!(count('['), count(']'), "{kql}");
        assert_eq!(count('"') % 2, 0, "{kql}");
        let last = kql.rsplit(" | ").next().unwrap();
        assert!(
            last.starts_with("where "),
            "a rule fires when a row is left: {kql}"
        );
    }
}

/// One case for promtool: after 40 minutes the alert is there, or it is not.
fn case(alert: &Alert, series: &BTreeMap<String, String>, fires: bool) -> serde_json::Value {
    let series = series.iter();
    let series = series.map(|(series, values)| json!({ "series": series, "values": values }));
    let expected = fires.then(|| {
        json!({
            "exp_labels": { "severity": SEVERITIES[alert.severity] },
            "exp_annotations": { "description": alert.description },
        })
    });
    json!({
        "interval": "1m",
        "input_series": series.collect::<Vec<_>>(),
        "alert_rule_test": [{
            // In the middle of what the series tell.
            "eval_time": "25m",
            "alertname": alert.name,
            "exp_alerts": expected.into_iter().collect::<Vec<_>>(),
        }],
    })
}

fn promtool(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let run = Command::new("promtool")
        .args(arguments)
        .current_dir(folder)
        .output();
    let run = run.unwrap_or_else(|error| panic!("promtool: {error}; scripts/tools.sh alerts"));
    let said =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    (run.status.success(), said)
}

#[test]
fn every_alert_fires_when_it_should_and_is_silent_otherwise() {
    let alerts = alerts();
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("rules.yaml"), prometheus(&alerts)).unwrap();
    let (good, said) = promtool(place.path(), &["check", "rules", "rules.yaml"]);
    assert!(good, "{said}");
    let mut cases = Vec::new();
    for alert in &alerts {
        cases.extend(alert.fires.iter().map(|series| case(alert, series, true)));
        cases.extend(alert.silent.iter().map(|series| case(alert, series, false)));
    }
    assert!(cases.len() > 2 * alerts.len());
    // JSON is YAML.
    let tests = json!({ "rule_files": ["rules.yaml"], "tests": cases });
    std::fs::write(place.path().join("tests.yaml"), tests.to_string()).unwrap();
    let (good, said) = promtool(place.path(), &["test", "rules", "tests.yaml"]);
    assert!(good, "{said}");
    // An alert that never fires is found.
    let broken =
        prometheus(&alerts).replace("freehold_egress_refused_total", "freehold_egress_total");
    std::fs::write(place.path().join("rules.yaml"), broken).unwrap();
    let (good, said) = promtool(place.path(), &["test", "rules", "tests.yaml"]);
    assert!(!good && said.contains("FreeholdEgressRefused"), "{said}");
}
