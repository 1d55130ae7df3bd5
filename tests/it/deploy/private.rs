//! Nothing is reached from the Internet, and nothing reaches it but sign-in: checks B4 and B9.

use std::collections::BTreeMap;

use serde_json::Value;

use super::templates::{SETS, predicted};

const VAULT: &str = "Microsoft.KeyVault/vaults";
const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const SCOPE: &str = "Microsoft.Insights/privateLinkScopes";
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";
const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const NSG: &str = "Microsoft.Network/networkSecurityGroups";
const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";

/// B4: each service with data has an endpoint with names, and a record of accesses.
#[test]
fn every_service_with_data_is_private_and_recorded() {
    for (set, _) in SETS {
        let all = predicted(set);
        let of = |kind: &str| {
            all.iter()
                .filter(|resource| resource["type"] == kind)
                .cloned()
                .collect::<Vec<_>>()
        };
        let endpoints = of(ENDPOINT);
        let groups = of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups");
        assert_eq!(endpoints.len(), groups.len(), "{set}");
        let linked = |resource: &Value| {
            endpoints.iter().find(|endpoint| {
            endpoint.pointer("/properties/privateLinkServiceConnections/0/properties/privateLinkServiceId") == Some(&resource["id"])
        }).is_some_and(|endpoint| groups.iter().any(|group| {
            let id = group["id"].as_str().unwrap();
            id.starts_with(endpoint["id"].as_str().unwrap()) && !group["properties"]["privateDnsZoneConfigs"].as_array().unwrap().is_empty()
        }))
        };
        let recorded = |resource: &Value| {
            all.iter().any(|record| {
                record["type"] == "Microsoft.Insights/diagnosticSettings"
                    && record["id"]
                        .as_str()
                        .unwrap()
                        .starts_with(resource["id"].as_str().unwrap())
                    && record["properties"]["workspaceId"]
                        .as_str()
                        .unwrap()
                        .ends_with("/workspaces/freehold-workspace")
                    && record["properties"]["logs"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .all(|log| log["enabled"] == true)
            })
        };
        for kind in [VAULT, ACCOUNT, REGISTRY] {
            for resource in of(kind) {
                assert!(
                    linked(&resource),
                    "{set}: {} has no private endpoint",
                    resource["name"]
                );
                assert!(
                    recorded(&resource),
                    "{set}: accesses of {} are not recorded",
                    resource["name"]
                );
            }
        }
        assert!(of(SCOPE).iter().all(linked), "{set}");
        assert!(of(CLUSTER).iter().all(recorded), "{set}");
    }
}

/// B9: every rule of every group, both ways.
#[test]
fn the_network_lets_in_clients_and_lets_out_sign_in() {
    for (set, _) in SETS {
        let all = predicted(set);
        let exposed = [
            "publicIPAddresses",
            "natGateways",
            "bastionHosts",
            "loadBalancers",
            "publicIPPrefixes",
        ];
        for resource in &all {
            let kind = resource["type"].as_str().unwrap();
            assert!(
                !exposed.iter().any(|word| kind.ends_with(word)),
                "{set}: {kind}"
            );
        }
        let mut rules = BTreeMap::new();
        for group in all.iter().filter(|resource| resource["type"] == NSG) {
            for rule in group["properties"]["securityRules"].as_array().unwrap() {
                let p = &rule["properties"];
                let text = |name: &str| p[name].as_str().unwrap_or_default().to_owned();
                let from = p["sourceAddressPrefixes"].as_array().map_or_else(
                    || text("sourceAddressPrefix"),
                    |list| format!("{}", Value::from(list.clone())),
                );
                let line = format!(
                    "{} {} {} {from} -> {} {}",
                    text("access"),
                    text("direction"),
                    text("protocol"),
                    text("destinationAddressPrefix"),
                    text("destinationPortRange")
                );
                let name = format!(
                    "{} {}",
                    group["name"].as_str().unwrap(),
                    rule["name"].as_str().unwrap()
                );
                assert!(rules.insert(name, line).is_none());
            }
        }
        let own = if set.starts_with("single") {
            "freehold-service"
        } else {
            "freehold-nodes"
        };
        let mut wanted = BTreeMap::new();
        let mut want = |group: &str, name: &str, line: &str| {
            wanted.insert(format!("{group} {name}"), line.to_owned())
        };
        for group in [own, "freehold-endpoints"] {
            want(group, "deny-inbound", "Deny Inbound * * -> * *");
            want(group, "deny-internet", "Deny Outbound * * -> Internet *");
            want(
                group,
                "sign-in",
                "Allow Outbound Tcp * -> AzureActiveDirectory 443",
            );
        }
        let inside = "Allow Inbound * 10.60.0.0/22 -> 10.60.0.0/22 *";
        want("freehold-endpoints", "inside", inside);
        want(
            own,
            "clients",
            "Allow Inbound Tcp [\"10.60.0.0/22\"] -> * 443",
        );
        if own == "freehold-nodes" {
            want(own, "inside", inside);
            want(
                own,
                "balancer",
                "Allow Inbound Tcp AzureLoadBalancer -> * *",
            );
        }
        assert_eq!(rules, wanted, "{set}");
        let network = all
            .iter()
            .find(|resource| resource["type"] == NETWORK)
            .unwrap();
        for subnet in network["properties"]["subnets"].as_array().unwrap() {
            assert_eq!(
                subnet["properties"]["defaultOutboundAccess"], false,
                "{set}"
            );
            assert!(
                subnet["properties"]["networkSecurityGroup"]["id"].is_string(),
                "{set}"
            );
        }
    }
}
