//! checkov on the compiled template and on what each set of parameters would deploy. A file that it
//! cannot read, and a template in a language that it does not know, have no finding and no error, so
//! the resources that it saw are counted.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::templates::{SETS, file, predicted, resources, template, text};
use crate::support::on_postgres;

/// checkov takes each pair of type and name once.
fn distinct<'a>(resources: impl IntoIterator<Item = &'a Value>) -> usize {
    let names = resources
        .into_iter()
        .map(|resource| (resource["type"].to_string(), resource["name"].to_string()));
    names.collect::<BTreeSet<_>>().len()
}

/// What a set of parameters would deploy, as a template. What a machine is given at its start is
/// taken out: a scanner reads long texts for minutes, and tests of ours read them.
fn flattened(set: &str) -> Value {
    let mut all = predicted(set);
    for resource in &mut all {
        resource.as_object_mut().unwrap().remove("id");
        if resource["type"] == "Microsoft.Compute/virtualMachines" {
            resource["properties"]["osProfile"]["customData"] = json!("see cloud-init.yaml");
            resource["properties"]["userData"] = json!("see freehold.toml");
        }
    }
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": all,
    })
}

#[test]
fn every_finding_has_its_reason_and_every_resource_was_seen() {
    if on_postgres() {
        return; // Seen once.
    }
    let folder = tempfile::tempdir().unwrap();
    let compiled = template();
    let mut count = distinct(resources(&compiled));
    std::fs::write(folder.path().join("compiled.json"), compiled.to_string()).unwrap();
    for (set, _) in SETS {
        let flat = flattened(set);
        count += distinct(flat["resources"].as_array().unwrap());
        std::fs::write(folder.path().join(format!("{set}.json")), flat.to_string()).unwrap();
    }
    let checkov = file(".tools/checkov/bin/checkov");
    let output = Command::new(&checkov)
        .args([
            "--skip-download",
            "--compact",
            "--quiet",
            "--framework",
            "arm",
            "--output",
            "json",
            "--directory",
        ])
        .arg(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; `make tools` installs it", checkov.display()));
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["summary"]["parsing_errors"], 0);
    assert_eq!(
        report["summary"]["resource_count"], count,
        "checkov saw other resources than there are"
    );
    assert!(report["summary"]["passed"].as_i64().unwrap() > 150);
    let accepted: toml::Value = toml::from_str(&text("infra/checkov.toml")).unwrap();
    let accepted = accepted["accepted"].as_array().unwrap();
    let mut used = BTreeSet::new();
    for finding in report["results"]["failed_checks"].as_array().unwrap() {
        let (id, resource) = (
            finding["check_id"].as_str().unwrap(),
            finding["resource"].as_str().unwrap(),
        );
        let is_compiled = finding["file_path"] == "/compiled.json";
        let fits = |entry: &&toml::Value| {
            entry["id"].as_str() == Some(id)
                && resource.starts_with(&format!("{}.", entry["type"].as_str().unwrap()))
                && (is_compiled || entry["where"].as_str() == Some("everywhere"))
        };
        let known = accepted.iter().find(fits);
        let known = known.unwrap_or_else(|| {
            panic!(
                "{id} {} at {resource} in {}",
                finding["check_name"], finding["file_path"]
            )
        });
        assert!(
            known["reason"].as_str().unwrap().len() > 20,
            "{id} has no reason"
        );
        used.insert(id);
    }
    assert_eq!(
        used.len(),
        accepted.len(),
        "a finding is accepted that is not there: {used:?}"
    );
}
