//! Upgrades (H6): what Kubernetes lets nobody change stays, whatever changes around it.

use std::path::Path;

use serde_json::Value;

use super::{chart, documents, fixtures, only, template_of, value_sets};

/// What may change in a `StatefulSet` that exists.
const CHANGEABLE: [&str; 5] = [
    "replicas",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
];

/// The chart with another version of itself and of the program.
fn next(folder: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([chart().as_path(), folder])
        .status();
    assert!(copied.unwrap().success());
    let file = folder.join("Chart.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("ersion: 0.1.0", "ersion: 9.9.9")).unwrap();
}

/// What nobody may change in a `StatefulSet`: its name and its specification but for [`CHANGEABLE`].
fn fixed(text: &str) -> Value {
    let documents = documents(text);
    let set = only(&documents, "StatefulSet");
    let mut spec = set["spec"].clone();
    for key in CHANGEABLE {
        spec.as_object_mut().unwrap().remove(key);
    }
    serde_json::json!([set["metadata"]["name"], spec])
}

#[test]
fn another_version_changes_nothing_that_kubernetes_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("freehold");
    next(&newer);
    for (name, values) in value_sets() {
        let file = values.to_str().unwrap();
        let render = |chart: &Path, more: &[&str]| {
            template_of("4", chart, &[&["--values", file], more].concat()).unwrap()
        };
        let old = render(&chart(), &[]);
        let new = render(&newer, &[]);
        assert_ne!(old, new, "{name}: the version is somewhere");
        assert_eq!(fixed(&old), fixed(&new), "{name}");
        let more = [
            "--set",
            "config.log.level=debug,podLabels.team=a,metrics.enabled=true",
        ];
        assert_eq!(fixed(&old), fixed(&render(&newer, &more)), "{name}");
        // The pod's selector finds the pods that are there already.
        let selector = &fixed(&old)[1]["selector"]["matchLabels"];
        let labels = documents(&new);
        let labels = &only(&labels, "StatefulSet")["spec"]["template"]["metadata"]["labels"];
        for (key, value) in selector.as_object().unwrap() {
            assert_eq!(&labels[key], value, "{name}: {key}");
        }
    }
}

/// `helm upgrade --reuse-values` from each chart that ever landed: its `values.yaml` is kept in
/// `tests/fixtures/helm/released`, and stands in place of the new one.
#[test]
fn values_of_every_earlier_chart_render_and_keep_claim_and_selector_or_say_what_to_do() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures("released")).unwrap() {
        let released = entry.unwrap().path();
        let folder = tempfile::tempdir().unwrap();
        let newer = folder.path().join("freehold");
        next(&newer);
        std::fs::copy(&released, newer.join("values.yaml")).unwrap();
        let example = chart().join("examples/aks.yaml");
        let arguments = ["--values", example.to_str().unwrap()];
        let now = template_of("4", &chart(), &arguments).unwrap();
        match template_of("4", &newer, &arguments) {
            Ok(text) => assert_eq!(fixed(&text), fixed(&now), "{}", released.display()),
            Err(told) => assert!(told.contains("--reset-then-reuse-values"), "{told}"),
        }
        seen += 1;
    }
    assert!(seen > 0);
}
