//! The compiled template: what the portal, a managed application and a scanner need of it, and what
//! the Helm chart takes from it.

use std::collections::BTreeSet;

use super::templates::{SETS, json, resources, snapshot, template, templates, text, texts};

/// A managed application refuses language version 2.0, and scanners see nothing in it.
#[test]
fn at_every_depth_the_language_is_the_first_one() {
    let template = template();
    let all = templates(&template);
    assert!(all.len() > 10, "modules are nested");
    for template in all {
        assert!(template["resources"].is_array());
        for refused in [
            "languageVersion",
            "extensions",
            "imports",
            "definitions",
            "functions",
        ] {
            assert!(template.get(refused).is_none(), "{refused}");
        }
    }
    assert!(
        text("infra/arm/azuredeploy.json").len() < 1_000_000,
        "Azure takes 4 MB, the portal is slow before"
    );
}

/// Two deployments of one name in a resource group overwrite each other, and no compiler says so.
#[test]
fn nested_deployments_have_names_of_their_own() {
    let template = template();
    let mut names = BTreeSet::new();
    for resource in resources(&template) {
        if resource["type"] == "Microsoft.Resources/deployments" {
            let name = resource["name"].as_str().unwrap();
            assert!(names.insert(name), "two deployments are called {name}");
            assert!(!name.starts_with('['), "{name} is made of something");
            // Those of module libraries that count their installations.
            assert!(
                !name.starts_with("pid-") && !name.starts_with("46d3xbcp"),
                "{name} calls home"
            );
        }
    }
    assert!(names.contains("vault-endpoint"));
}

/// What a customer cannot see from here stays an expression; anything else has to be a value.
#[test]
fn what_is_not_resolved_in_a_snapshot_is_known() {
    let known = [
        "Microsoft.Authorization/roleAssignments/properties/principalId",
        "Microsoft.Compute/virtualMachines/properties/userData",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/properties/issuer",
        "Microsoft.Network/privateDnsZones/id",
        "Microsoft.Network/privateDnsZones/name",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks/id",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks/name",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/properties/privateDnsZoneConfigs/*/name",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/properties/privateDnsZoneConfigs/*/properties/privateDnsZoneId",
    ];
    let mut seen = BTreeSet::new();
    for (set, _) in SETS {
        let snapshot = snapshot(set);
        assert_eq!(
            snapshot["diagnostics"].as_array().unwrap().len(),
            0,
            "{set}"
        );
        for resource in snapshot["predictedResources"].as_array().unwrap() {
            for (path, _) in texts(resource)
                .into_iter()
                .filter(|(_, text)| text.starts_with('['))
            {
                let path = format!("{}{path}", resource["type"].as_str().unwrap());
                assert!(
                    known.contains(&path.as_str()),
                    "{set}: {path} is not resolved"
                );
                seen.insert(path);
            }
        }
    }
    assert_eq!(seen.len(), known.len(), "{known:#?}");
}

#[test]
fn the_chart_takes_these_outputs() {
    let wanted = [
        "backupContainerUrl",
        "clusterOidcIssuer",
        "identityClientId",
        "keyContainerUrl",
        "keyName",
        "keyVaultUri",
        "packagesAccount",
        "privateAddress",
        "registryServer",
        "serviceAccountSubject",
        "telemetryConnectionString",
        "tenantId",
    ];
    let template = template();
    let outputs = template["outputs"].as_object().unwrap();
    assert_eq!(
        outputs.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(wanted)
    );
    for (name, output) in outputs {
        assert!(
            !output["metadata"]["description"]
                .as_str()
                .unwrap()
                .is_empty(),
            "{name}"
        );
        assert_eq!(output["type"], "string", "{name}");
    }
    for (set, _) in SETS {
        let subject = &snapshot(set)["outputs"]["serviceAccountSubject"];
        let single = set.starts_with("single");
        assert_eq!(
            subject,
            if single {
                ""
            } else {
                "system:serviceaccount:freehold:freehold"
            },
            "{set}"
        );
        if !single {
            let snapshot = snapshot(set);
            let resources = snapshot["predictedResources"].as_array().unwrap();
            let trust = resources.iter().find(|r| {
                r["type"]
                    .as_str()
                    .unwrap()
                    .ends_with("/federatedIdentityCredentials")
            });
            let trust = &trust.unwrap()["properties"];
            assert_eq!(&trust["subject"], subject, "{set}");
            assert_eq!(
                trust["audiences"],
                serde_json::json!(["api://AzureADTokenExchange"])
            );
        }
    }
}

/// Rules of the template test kit that the compiler does not hold by itself.
#[test]
fn parameters_are_as_the_marketplace_wants_them() {
    let template = template();
    let parameters = template["parameters"].as_object().unwrap();
    let location = &parameters["location"];
    assert_eq!(location["defaultValue"], "[resourceGroup().location]");
    assert!(location.get("allowedValues").is_none());
    for (name, parameter) in parameters {
        assert!(
            !parameter["metadata"]["description"]
                .as_str()
                .unwrap()
                .is_empty(),
            "{name}"
        );
        assert_eq!(
            parameter.get("minValue").is_some(),
            parameter.get("maxValue").is_some(),
            "{name}"
        );
        assert!(
            !parameter["type"].as_str().unwrap().starts_with("secure"),
            "{name}: no secret is given to the template"
        );
    }
    for template in templates(&template) {
        for (path, text) in texts(template) {
            let name = path.rsplit('/').next().unwrap().to_lowercase();
            let made = text.starts_with("[format(") || text.starts_with("[concat(");
            assert!(
                !made || !(name.ends_with("uri") || name.ends_with("url")),
                "{path} is put together: use uri()"
            );
            for host in [
                ".postgres.database.azure.com",
                "management.azure.com",
                "login.microsoftonline.com",
                ".core.windows.net",
            ] {
                let documentation = path.ends_with("/description")
                    || path.ends_with("/$schema")
                    || text.starts_with("# ");
                assert!(
                    documentation || !text.contains(host),
                    "{path} names the host {host}: {text}"
                );
            }
        }
    }
}

#[test]
fn parameter_files_name_parameters_of_the_template() {
    let template = template();
    let parameters = template["parameters"].as_object().unwrap();
    for (set, region) in SETS {
        let file = json(&format!("infra/arm/{set}.parameters.json"));
        let given = file["parameters"].as_object().unwrap();
        assert_eq!(given["location"]["value"], region);
        for name in given.keys() {
            assert!(parameters.contains_key(name), "{set}: {name}");
        }
        let needed = parameters
            .iter()
            .filter(|(_, parameter)| parameter.get("defaultValue").is_none());
        for (name, _) in needed {
            assert!(given.contains_key(name), "{set} lacks {name}");
        }
    }
    let metadata = json("infra/arm/metadata.json");
    assert_eq!(metadata["type"], "QuickStart");
    assert!(
        metadata["description"].as_str().unwrap().len() <= 1000
            && metadata["summary"].as_str().unwrap().len() <= 200
    );
}
