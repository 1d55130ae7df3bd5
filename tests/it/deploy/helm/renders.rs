//! What is rendered: the golden files, twice the same, nothing that the cluster has to know first.

use super::{MAJORS, chart, documents, fixtures, rendered, value_sets};
use crate::support::generated::is_current;

/// H1.
#[test]
fn every_value_set_renders_as_it_did_with_both_majors_of_helm() {
    for (name, values) in value_sets() {
        let text = rendered("4", &values);
        is_current(fixtures("golden").join(format!("{name}.yaml")), &text);
        let (old, new) = (documents(&rendered("3", &values)), documents(&text));
        assert_eq!(old, new, "{name}: Helm 3 and Helm 4 differ");
    }
}

/// H5.
#[test]
fn two_renders_are_the_same_and_nothing_in_a_template_depends_on_when_or_where() {
    for (name, values) in value_sets() {
        for major in MAJORS {
            assert_eq!(rendered(major, &values), rendered(major, &values), "{name}");
        }
    }
    for entry in crate::architecture::rust_text::files(&chart(), "templates", "") {
        let text = std::fs::read_to_string(&entry).unwrap();
        let actions = text
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split("}}").next());
        let actions = actions.filter(|action| !action.contains("/*"));
        let words = actions.flat_map(|action| action.split(|c: char| !c.is_ascii_alphanumeric()));
        let chance = [
            "now",
            "lookup",
            "uuidv4",
            "genCA",
            "genSelfSignedCert",
            "genPrivateKey",
        ];
        let random = |word: &&str| word.starts_with("rand") || chance.contains(word);
        let found: Vec<&str> = words.filter(random).collect();
        assert!(found.is_empty(), "{}: {found:?}", entry.display());
    }
}

/// H15: a cluster without the Prometheus operator takes what is rendered by default.
#[test]
fn kinds_of_an_operator_are_rendered_only_where_they_are_asked_for() {
    let of_operator = |text: &str| -> Vec<String> {
        let all = documents(text).into_iter();
        let versions = all.map(|one| one["apiVersion"].as_str().unwrap().to_owned());
        let foreign = |one: &String| {
            !["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1"].contains(&one.as_str())
        };
        versions.filter(foreign).collect()
    };
    let mut asked = 0;
    for (name, values) in value_sets() {
        let found = of_operator(&rendered("4", &values));
        if name == "monitored" {
            asked += found.len();
        } else {
            assert!(found.is_empty(), "{name}: {found:?}");
        }
    }
    assert_eq!(asked, 2, "ServiceMonitor and PrometheusRule");
}
