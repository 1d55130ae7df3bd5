//! Backups are held and end (check B8), alerts are told, and nothing is lost between two versions.

use serde_json::{Value, json};

use super::templates::{self, SETS, predicted};

const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
const HOLD: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies";
const VAULT: &str = "Microsoft.KeyVault/vaults";
const KEY: &str = "Microsoft.KeyVault/vaults/keys";
const NSG: &str = "Microsoft.Network/networkSecurityGroups";
const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces";
const INSIGHTS: &str = "Microsoft.Insights/components";
const SCOPE: &str = "Microsoft.Insights/privateLinkScopes";
const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
const DISK: &str = "Microsoft.Compute/disks";
const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";
const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const ROLE: &str = "Microsoft.Authorization/roleAssignments";

/// B8: what is old ends, what is held cannot, and old key rings are not held.
#[test]
fn backups_are_held_and_key_rings_end() {
    for (set, _) in SETS {
        let all = predicted(set);
        let containers: Vec<&Value> = all
            .iter()
            .filter(|resource| {
                resource["type"] == CONTAINER
                    && resource["properties"]["immutableStorageWithVersioning"]["enabled"] == true
            })
            .collect();
        assert_eq!(containers.len(), 1, "{set}");
        assert!(
            containers[0]["name"]
                .as_str()
                .unwrap()
                .ends_with("/default/backups")
        );
        let hold = all
            .iter()
            .find(|resource| resource["type"] == HOLD)
            .unwrap();
        assert!(
            hold["id"]
                .as_str()
                .unwrap()
                .starts_with(containers[0]["id"].as_str().unwrap())
        );
        let lifecycle = all
            .iter()
            .find(|resource| {
                resource["type"]
                    .as_str()
                    .unwrap()
                    .ends_with("/managementPolicies")
            })
            .unwrap();
        let rules = lifecycle["properties"]["policy"]["rules"]
            .as_array()
            .unwrap();
        let days = |name: &str| {
            let rule = rules.iter().find(|rule| rule["name"] == name).unwrap();
            assert_eq!(
                rule["definition"]["filters"]["prefixMatch"],
                json!([format!("{name}/")])
            );
            assert_eq!(rule["enabled"], true);
            let days = |of: &str| {
                let action = &rule["definition"]["actions"][of]["delete"];
                action["daysAfterCreationGreaterThan"].as_i64()
            };
            (days("baseBlob"), days("version"))
        };
        assert_eq!(days("backups"), (Some(35), Some(35)), "{set}");
        // The present key ring opens every backup: only its earlier versions end.
        assert_eq!(days("keys"), (None, Some(3)), "{set}");
        let kept = all.iter().find(|resource| {
            resource["type"] == ACCOUNT
                && resource["name"].as_str().unwrap().starts_with("freeholdbk")
        });
        assert_eq!(kept.unwrap()["sku"]["name"], "Standard_GZRS", "{set}");
    }
}

/// Alerts: every rule of the one source, told to people, and what the vault counts by itself.
#[test]
fn alerts_are_those_of_the_source() {
    let source = templates::json("infra/alerts/azure.json");
    let source = source.as_array().unwrap();
    for (set, _) in SETS {
        let all = predicted(set);
        let queries: Vec<&Value> = all
            .iter()
            .filter(|resource| resource["type"] == "Microsoft.Insights/scheduledQueryRules")
            .collect();
        assert_eq!(queries.len(), source.len(), "{set}");
        for rule in source {
            let name = format!("freehold-{}", rule["name"].as_str().unwrap());
            let query = queries
                .iter()
                .find(|query| query["name"] == name.as_str())
                .unwrap();
            let properties = &query["properties"];
            assert_eq!(properties["criteria"]["allOf"][0]["query"], rule["kql"]);
            assert_eq!(properties["severity"], rule["severity"]);
            assert_eq!(
                properties["windowSize"],
                format!("PT{}M", rule["windowMinutes"])
            );
            assert_eq!(properties["enabled"], true);
            assert_eq!(
                properties["actions"]["actionGroups"]
                    .as_array()
                    .unwrap()
                    .len(),
                1
            );
        }
        let people = all
            .iter()
            .find(|resource| resource["type"] == "Microsoft.Insights/actionGroups")
            .unwrap();
        assert_eq!(
            people["properties"]["emailReceivers"][0]["emailAddress"],
            "operators@example.org"
        );
        let throttled = all
            .iter()
            .find(|resource| resource["type"] == "Microsoft.Insights/metricAlerts")
            .unwrap();
        let criterion = &throttled["properties"]["criteria"]["allOf"][0];
        assert_eq!(criterion["dimensions"][0]["values"], json!(["429"]));
    }
    let about: String = source
        .iter()
        .map(|rule| rule["kql"].as_str().unwrap())
        .collect();
    for metric in [
        "freehold.ready",
        "freehold.certificate.left",
        "freehold.backup.age",
        "http.server.request.duration",
        "freehold.disk.free",
        "freehold.credentials.refused",
    ] {
        assert!(about.contains(metric), "no alert asks for {metric}");
    }
}

/// In a snapshot loops and conditions are resolved, so that a resource that is lost is seen.
#[test]
fn each_profile_has_its_resources() {
    let common = [
        ("Microsoft.Insights/actionGroups", 1),
        (INSIGHTS, 1),
        ("Microsoft.Insights/metricAlerts", 1),
        (SCOPE, 1),
        ("Microsoft.Insights/privateLinkScopes/scopedResources", 2),
        (VAULT, 1),
        (KEY, 1),
        (NSG, 2),
        (NETWORK, 1),
        (WORKSPACE, 1),
        (HOLD, 1),
        ("Microsoft.Storage/storageAccounts/managementPolicies", 1),
        (ENDPOINT, 4),
    ];
    let single = [
        (DISK, 1),
        (MACHINE, 1),
        ("Microsoft.Network/networkInterfaces", 1),
        (ACCOUNT, 2),
        (CONTAINER, 3),
        (ROLE, 6),
        (CLUSTER, 0),
    ];
    let aks = [
        (CLUSTER, 1),
        (REGISTRY, 1),
        (ACCOUNT, 1),
        (CONTAINER, 2),
        (ROLE, 8),
        (MACHINE, 0),
        ("Microsoft.ManagedIdentity/userAssignedIdentities", 3),
    ];
    for (set, _) in SETS {
        let all = predicted(set);
        let profile = if set.starts_with("single") {
            &single
        } else {
            &aks
        };
        for (kind, wanted) in common.iter().chain(profile) {
            let found = all
                .iter()
                .filter(|resource| resource["type"] == *kind)
                .count();
            assert_eq!(found, *wanted, "{set}: {kind}");
        }
    }
}
