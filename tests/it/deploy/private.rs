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

/// Every rule of every group: what it does, with what, from where to where and which port.
fn network_rules(resources: &[Value]) -> BTreeMap<String, String> {
    let mut rules = BTreeMap::new();
    for group in resources.iter().filter(|resource| resource["type"] == NSG) {
        for rule in group["properties"]["securityRules"].as_array().unwrap() {
            let rule_of = &rule["properties"];
            let text = |name: &str| rule_of[name].as_str().unwrap_or_default().to_owned();
            let sources = &rule_of["sourceAddressPrefixes"];
            let from = if sources.is_array() {
                sources.to_string()
            } else {
                text("sourceAddressPrefix")
            };
            let (access, direction, protocol) =
                (text("access"), text("direction"), text("protocol"));
            let (to, port) = (
                text("destinationAddressPrefix"),
                text("destinationPortRange"),
            );
            let name = format!(
                "{} {}",
                group["name"].as_str().unwrap(),
                rule["name"].as_str().unwrap()
            );
            let line = format!("{access} {direction} {protocol} {from} -> {to} {port}");
            assert!(rules.insert(name, line).is_none());
        }
    }
    rules
}

/// Both ways; `OWN` is the group of the machine or of the nodes.
const RULES: &str = "
OWN deny-inbound: Deny Inbound * * -> * *
OWN deny-internet: Deny Outbound * * -> Internet *
OWN sign-in: Allow Outbound Tcp * -> AzureActiveDirectory 443
OWN clients: Allow Inbound Tcp [\"10.60.0.0/22\"] -> * 443
freehold-endpoints deny-inbound: Deny Inbound * * -> * *
freehold-endpoints deny-internet: Deny Outbound * * -> Internet *
freehold-endpoints sign-in: Allow Outbound Tcp * -> AzureActiveDirectory 443
freehold-endpoints inside: Allow Inbound * 10.60.0.0/22 -> 10.60.0.0/22 *
";

/// Those that a cluster has beside them.
const RULES_OF_NODES: &str = "
OWN inside: Allow Inbound * 10.60.0.0/22 -> 10.60.0.0/22 *
OWN balancer: Allow Inbound Tcp AzureLoadBalancer -> * *
";

/// B9: every rule of every group, both ways.
#[test]
fn the_network_lets_in_clients_and_lets_out_sign_in() {
    for (set, _) in SETS {
        let all = predicted(set);
        let (own, more) = if set.starts_with("single") {
            ("freehold-service", "")
        } else {
            ("freehold-nodes", RULES_OF_NODES)
        };
        let wanted = format!("{RULES}{more}").replace("OWN", own);
        let wanted = wanted.lines().filter_map(|line| line.split_once(": "));
        let wanted: BTreeMap<String, String> = wanted
            .map(|(name, rule)| (name.to_owned(), rule.to_owned()))
            .collect();
        assert_eq!(network_rules(&all), wanted, "{set}");
        let network = all
            .iter()
            .find(|resource| resource["type"] == NETWORK)
            .unwrap();
        for subnet in network["properties"]["subnets"].as_array().unwrap() {
            let subnet = &subnet["properties"];
            assert_eq!(subnet["defaultOutboundAccess"], false, "{set}");
            assert!(subnet["networkSecurityGroup"]["id"].is_string(), "{set}");
        }
    }
}

/// B9: nothing has an address on the Internet, on the way in or out.
#[test]
fn nothing_has_a_public_address() {
    let exposed = [
        "publicIPAddresses",
        "publicIPPrefixes",
        "natGateways",
        "bastionHosts",
        "loadBalancers",
    ];
    for (set, _) in SETS {
        for resource in predicted(set) {
            let kind = resource["type"].as_str().unwrap();
            assert!(
                !exposed.iter().any(|word| kind.ends_with(word)),
                "{set}: {kind}"
            );
        }
    }
}
