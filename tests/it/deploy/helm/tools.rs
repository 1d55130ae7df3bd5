//! What programs of others say about what is rendered: Kubernetes' own schemas (H4), `helm lint`,
//! checkov, promtool. A checker that reads nothing finds nothing, so what it read is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::{MAJORS, chart, documents, fixtures, rendered, value_sets};
use crate::architecture::root;
use crate::support::generated::is_current;

fn run(program: &Path, arguments: &[&str]) -> Output {
    assert!(
        program.exists(),
        "{} is not installed: scripts/tools.sh",
        program.display()
    );
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).env("HOME", home.path());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Every value set, rendered into a folder: the folder, and how many resources there are, the pod
/// inside of a `StatefulSet` or a `Job` counted beside it.
fn all_rendered() -> (tempfile::TempDir, usize) {
    // checkov passes over folders whose name begins with a dot, and finds nothing there.
    let folder = tempfile::Builder::new()
        .prefix("rendered")
        .tempdir()
        .unwrap();
    let mut count = 0;
    for (name, values) in value_sets() {
        let text = rendered("4", &values);
        let documents = documents(&text);
        count += documents.len();
        count += documents
            .iter()
            .filter(|one| one["kind"] == "StatefulSet" || one["kind"] == "Job")
            .count();
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    (folder, count)
}

/// H4. Only `--strict` finds `securityContex`.
#[test]
fn three_minors_of_kubernetes_know_every_field() {
    let validate = root().join(".tools/venv/bin/kubernetes-validate");
    let (folder, _) = all_rendered();
    let files: Vec<String> = value_sets()
        .iter()
        .map(|(name, _)| folder.path().join(format!("{name}.yaml")))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    for minor in ["1.35", "1.36", "1.37"] {
        let mut arguments = vec!["--strict", "-k", minor];
        arguments.extend(files.iter().map(String::as_str));
        let output = run(&validate, &arguments);
        assert!(output.status.success(), "{minor}: {}", said(&output));
    }
    // The checker checks.
    let wrong = folder.path().join("wrong.yaml");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&wrong, text.replace("securityContext:", "securityContex:")).unwrap();
    let output = run(
        &validate,
        &["--strict", "-k", "1.36", wrong.to_str().unwrap()],
    );
    assert!(!output.status.success());
    assert!(
        said(&output).contains("securityContex"),
        "{}",
        said(&output)
    );
}

#[test]
fn helm_lint_has_nothing_to_say() {
    for (name, values) in value_sets() {
        for major in MAJORS {
            let helm = root().join(".tools/helm").join(major).join("helm");
            let folder = chart();
            let arguments = [
                "lint",
                "--strict",
                folder.to_str().unwrap(),
                "--values",
                values.to_str().unwrap(),
            ];
            let output = run(&helm, &arguments);
            let text = said(&output);
            assert!(output.status.success(), "{name} (Helm {major}): {text}");
            assert!(!text.contains("[WARNING]"), "{name} (Helm {major}): {text}");
        }
    }
}

/// What checkov finds and why it stays: `ID reason` in `tests/fixtures/helm/checkov.txt`.
fn suppressed() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(fixtures("checkov.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let split = |line: &str| {
        let (id, reason) = line.split_once(' ').unwrap();
        assert!(reason.len() > 20, "{line}: why?");
        (id.to_owned(), reason.to_owned())
    };
    lines.filter(|line| !line.is_empty()).map(split).collect()
}

#[test]
fn checkov_reads_everything_and_finds_only_what_is_explained() {
    let (folder, count) = all_rendered();
    let checkov = root().join(".tools/checkov/bin/checkov");
    let arguments = [
        "--framework",
        "kubernetes",
        "--skip-download",
        "--compact",
        "--output",
        "json",
        "--directory",
        folder.path().to_str().unwrap(),
    ];
    let output = run(&checkov, &arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let summary = &report["summary"];
    assert_eq!(summary["parsing_errors"], 0, "{summary}");
    assert_eq!(summary["resource_count"], count, "{summary}");
    assert!(summary["passed"].as_u64().unwrap() > 500, "{summary}");
    let failed = report["results"]["failed_checks"].as_array().unwrap();
    let found: BTreeSet<String> = failed
        .iter()
        .map(|one| one["check_id"].as_str().unwrap().to_owned())
        .collect();
    let explained: BTreeSet<String> = suppressed().into_keys().collect();
    let all: Vec<String> = failed
        .iter()
        .filter(|one| !explained.contains(one["check_id"].as_str().unwrap()))
        .map(|one| {
            format!(
                "{} {} {}",
                one["check_id"], one["check_name"], one["resource"]
            )
        })
        .collect();
    assert!(all.is_empty(), "{all:#?}");
    assert_eq!(found, explained, "what is explained is found");
}

/// The alerts of the chart are those of `infra/alerts`, and rules that Prometheus takes.
#[test]
fn promtool_takes_the_alerts() {
    let source = root().join("infra/alerts/prometheus.yaml");
    if let Ok(text) = std::fs::read_to_string(source) {
        is_current(chart().join("files/alerts.yaml"), &text);
    }
    let promtool = Path::new("/usr/bin/promtool");
    let rules = chart().join("files/alerts.yaml");
    let output = run(
        promtool,
        &["check", "rules", "--lint-fatal", rules.to_str().unwrap()],
    );
    assert!(output.status.success(), "{}", said(&output));
}
