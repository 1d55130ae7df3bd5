//! What the templates may deploy: exact values, since the compiler takes any text for most of them.
//! Held on what each set of parameters would deploy, and on the compiled template, whose branches
//! include those that no set takes. The checks B4 to B9 of the design are here and in `private`,
//! `roles` and `kept`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::templates::{self, SETS, predicted, resources, template};

const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces";
const INSIGHTS: &str = "Microsoft.Insights/components";

/// The values that are right, of both parts of the list.
struct Rules {
    everywhere: Vec<Rule>,
    resolved: Vec<Rule>,
}

/// A type, a JSON pointer, and the one value that is right there.
type Rule = (&'static str, &'static str, Value);

fn rules() -> Rules {
    let (everywhere, resolved) = include_str!("policy.txt").split_once("\n## ").unwrap();
    let (_, resolved) = resolved.split_once('\n').unwrap();
    let read = |list: &'static str| {
        let lines = list
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rule = |line: &'static str| {
            let (kind, rest) = line.split_once(' ').unwrap();
            let (pointer, value) = rest.split_once(' ').unwrap();
            (kind, pointer, serde_json::from_str(value).unwrap())
        };
        lines.map(rule).collect()
    };
    Rules {
        everywhere: read(everywhere),
        resolved: read(resolved),
    }
}

fn hold(rules: &[Rule], resources: &[&Value], of: &str) {
    for (kind, pointer, wanted) in rules {
        for resource in resources
            .iter()
            .filter(|resource| resource["type"] == *kind)
        {
            let found = resource.pointer(pointer);
            assert_eq!(
                found,
                Some(wanted),
                "{of}: {kind} {} {pointer}",
                resource["name"]
            );
        }
    }
}

#[test]
fn values_are_exactly_these() {
    let (rules, template) = (rules(), template());
    assert!(rules.everywhere.len() > 70 && rules.resolved.len() > 10);
    let all = resources(&template);
    hold(&rules.everywhere, &all, "azuredeploy.json");
    let mut seen: BTreeSet<String> = all
        .iter()
        .map(|resource| resource["type"].as_str().unwrap().to_owned())
        .collect();
    for (kind, _, _) in &rules.everywhere {
        assert!(seen.contains(*kind), "there is no {kind}");
    }
    seen.clear();
    for (set, _) in SETS {
        let predicted = predicted(set);
        let all: Vec<&Value> = predicted.iter().collect();
        hold(&rules.everywhere, &all, set);
        hold(&rules.resolved, &all, set);
        seen.extend(
            predicted
                .iter()
                .map(|resource| resource["type"].as_str().unwrap().to_owned()),
        );
    }
    for (kind, _, _) in rules.everywhere.iter().chain(&rules.resolved) {
        assert!(seen.contains(*kind), "no set of parameters deploys {kind}");
    }
}

/// The one door that may open for a while: the account of programs, for one address.
#[test]
fn only_an_upload_opens_anything_to_the_internet() {
    let template = template();
    let mut conditional = BTreeSet::new();
    for resource in resources(&template) {
        for (path, text) in templates::texts(resource) {
            if path.starts_with("/properties/publicNetworkAccess")
                && text != "Disabled"
                && !path.contains("/template/")
            {
                conditional.insert((resource["type"].as_str().unwrap(), path, text));
            }
        }
    }
    let upload = "[if(empty(parameters('uploadAddress')), 'Disabled', 'Enabled')]";
    let query = "/properties/publicNetworkAccessForQuery".to_owned();
    let known = BTreeSet::from([
        (
            ACCOUNT,
            "/properties/publicNetworkAccess".to_owned(),
            upload,
        ),
        // Reading by people with a role, as the portal does it; nothing is sent that way.
        (WORKSPACE, query.clone(), "Enabled"),
        (INSIGHTS, query, "Enabled"),
    ]);
    assert_eq!(conditional, known);
}

/// B7.
#[test]
fn nothing_leaves_the_region() {
    for (set, region) in SETS {
        for resource in predicted(set) {
            if let Some(location) = resource.get("location") {
                assert!(
                    location == region || location == "global",
                    "{set}: {} is in {location}",
                    resource["name"]
                );
            }
        }
    }
    let template = template();
    assert_eq!(
        template["variables"]["checked"]
            .as_str()
            .unwrap()
            .matches("fail(")
            .count(),
        1
    );
    for resource in template["resources"].as_array().unwrap() {
        let location = resource
            .pointer("/properties/parameters/location/value")
            .or(resource.get("location"));
        assert!(
            location.is_none_or(|location| location == "[variables('checked')]"),
            "{}",
            resource["name"]
        );
    }
    let regions = templates::json("bicep/files/regions.json");
    let of = |residency: &str| {
        regions[residency]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r.as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert!(
        of("us").is_disjoint(&of("eu"))
            && of("us").contains("eastus")
            && of("eu").contains("westeurope")
    );
    // In Europe, and not in the European Union.
    for outside in [
        "uksouth",
        "ukwest",
        "switzerlandnorth",
        "switzerlandwest",
        "norwayeast",
        "norwaywest",
    ] {
        assert!(!of("eu").contains(outside), "{outside}");
    }
}

/// Whose resource this is, a bill says by its tags.
#[test]
fn what_can_have_tags_has_those_of_the_customer() {
    let template = template();
    let all = resources(&template);
    let located: Vec<&&Value> = all
        .iter()
        .filter(|resource| resource.get("location").is_some())
        .collect();
    assert!(located.len() > 15);
    for resource in located {
        assert_eq!(
            resource["tags"], "[parameters('tags')]",
            "{}",
            resource["type"]
        );
    }
}
