//! The sources of the templates, with the real compiler: nothing is complained of, every rule is in
//! effect, and what must not be deployed is refused with the sentence that says what to change.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::templates::{Service, bicep, compiler, file, files, json, resources, template, text};

/// What a linter run complains of, as SARIF; each as its rule and its text.
fn complaints(compiler: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let arguments = [&["lint", "--diagnostics-format", "sarif"], arguments].concat();
    let output = bicep(compiler, &arguments);
    let sarif = String::from_utf8(output.stdout).unwrap();
    let mut all = Vec::new();
    let mut runs = 0;
    // One document for each file.
    for document in serde_json::Deserializer::from_str(&sarif).into_iter::<Value>() {
        let document = document.unwrap_or_else(|error| panic!("{error}: {sarif}"));
        for run in document["runs"].as_array().unwrap() {
            runs += 1;
            for result in run["results"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                all.push((text(&result["ruleId"]), text(&result["message"]["text"])));
            }
        }
    }
    assert!(
        runs > 0,
        "the compiler checked nothing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    all
}

#[test]
fn nothing_in_the_sources_is_complained_of() {
    let Some(compiler) = compiler() else { return };
    for pattern in [
        "modules/*.bicep",
        "params/*.bicepparam",
        "refusals/*.bicepparam",
    ] {
        let all = complaints(&compiler, &["--pattern", pattern]);
        assert!(all.is_empty(), "{pattern}: {all:#?}");
    }
    let all = complaints(&compiler, &["main.bicep"]);
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn every_rule_that_the_configuration_names_is_in_effect() {
    let Some(compiler) = compiler() else { return };
    let config = json("bicep/bicepconfig.json");
    let rules = config["analyzers"]["core"]["rules"].as_object().unwrap();
    let wanted: BTreeSet<&str> = rules
        .iter()
        .filter(|(_, rule)| rule["level"] == "error")
        .map(|(name, _)| name.as_str())
        .collect();
    let off: Vec<&str> = rules
        .keys()
        .map(String::as_str)
        .filter(|name| !wanted.contains(name))
        .collect();
    // Both would lift the template to a language version that is refused elsewhere.
    assert_eq!(off, ["no-module-name", "use-user-defined-types"]);
    let canaries = ["canary/canary.bicep", "canary/secrets.bicepparam"];
    let tripped: Vec<String> = canaries
        .iter()
        .flat_map(|canary| complaints(&compiler, &[canary]))
        .map(|(rule, _)| rule)
        .collect();
    let missing: Vec<&&str> = wanted
        .iter()
        .filter(|rule| !tripped.iter().any(|id| id == **rule))
        .collect();
    assert!(
        missing.is_empty(),
        "no canary trips {missing:?}: is the rule spelt as the compiler spells it?"
    );
    assert!(wanted.len() >= 30, "rules were taken away");
}

#[test]
fn what_must_not_be_deployed_is_refused_with_the_value_to_change() {
    let Some(compiler) = compiler() else { return };
    let refusals = files("bicep/refusals", ".bicepparam");
    assert!(refusals.len() >= 13);
    let mut service = Service::start(&compiler);
    for case in refusals {
        let source = std::fs::read_to_string(&case).unwrap();
        let after = |start: &str| {
            source
                .lines()
                .find_map(|line| line.strip_prefix(start))
                .unwrap()
        };
        let location = after("param location = '").trim_end_matches('\'');
        let answer = service.snapshot(&case, location);
        let said = answer["error"].to_string();
        assert!(
            answer.get("result").is_none(),
            "{} is accepted",
            case.display()
        );
        assert!(
            said.contains(after("// Refused: ")),
            "{}: {said}",
            case.display()
        );
    }
    // The service itself is right: what may be deployed is not refused.
    let answer = service.snapshot(&file("bicep/params/single-eastus.bicepparam"), "eastus");
    assert!(answer["result"]["snapshot"].is_string(), "{answer}");
}

#[test]
fn a_module_has_one_subject_and_at_most_150_lines() {
    for module in files("bicep/modules", ".bicep") {
        let source = std::fs::read_to_string(&module).unwrap();
        assert!(
            source.lines().count() <= 150,
            "{} is too long",
            module.display()
        );
        assert!(
            source.starts_with("// "),
            "{} does not say what it is",
            module.display()
        );
    }
    assert!(text("bicep/main.bicep").lines().count() <= 340);
}

/// One rule is silenced, for one type: its last stable version lacks what is needed.
#[test]
fn only_the_version_of_diagnostic_settings_is_an_exception() {
    for source in files("bicep", ".bicep") {
        let source = std::fs::read_to_string(source).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.contains("#disable"))
        {
            assert_eq!(*line, "#disable-next-line use-recent-api-versions");
            assert!(
                lines[at + 1]
                    .contains("'Microsoft.Insights/diagnosticSettings@2021-05-01-preview'")
            );
            assert!(lines[at - 1].starts_with("// "), "without a reason");
        }
    }
}

/// Two years before the day on which somebody looked, not before today: no build fails by itself.
#[test]
fn versions_of_resource_types_are_those_that_were_reviewed() {
    let reviewed = json("bicep/api-versions.json");
    let config = json("bicep/bicepconfig.json");
    let rule = &config["analyzers"]["core"]["rules"]["use-recent-api-versions"];
    assert_eq!(
        rule["test-today"], reviewed["reviewed"],
        "the compiler and this test look from the same day"
    );
    let day: jiff::civil::Date = reviewed["reviewed"].as_str().unwrap().parse().unwrap();
    let versions = reviewed["versions"].as_object().unwrap();
    let template = template();
    let mut seen = BTreeSet::new();
    for resource in resources(&template) {
        let kind = resource["type"].as_str().unwrap();
        assert_eq!(Some(&resource["apiVersion"]), versions.get(kind), "{kind}");
        seen.insert(kind);
    }
    let listed: BTreeSet<&str> = versions.keys().map(String::as_str).collect();
    assert_eq!(listed, seen, "the list names what is used");
    // Older than that only where there is no newer one.
    let old = |version: &str| {
        let date: jiff::civil::Date = version[..10].parse().unwrap();
        day.since((jiff::Unit::Day, date)).unwrap().get_days()
            > rule["maxAgeInDays"].as_i64().unwrap().try_into().unwrap()
    };
    let old: Vec<&Value> = versions
        .iter()
        .filter(|(_, version)| old(version.as_str().unwrap()))
        .map(|(kind, _)| kind)
        .map(|kind| {
            let newest = reviewed["newest"].as_array().unwrap();
            newest
                .iter()
                .find(|listed| *listed == kind)
                .unwrap_or_else(|| panic!("{kind} is old"))
        })
        .collect();
    assert_eq!(
        old.len(),
        reviewed["newest"].as_array().unwrap().len(),
        "newest lists what is not old"
    );
    assert!(file("bicep/api-versions.json").is_file());
}
