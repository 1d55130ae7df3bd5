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

/// The zones in which the private endpoint of a resource has its names.
fn zones<'a>(all: &'a [Value], resource: &Value) -> Vec<&'a str> {
    let target = "/properties/privateLinkServiceConnections/0/properties/privateLinkServiceId";
    let leads = |endpoint: &&Value| endpoint.pointer(target) == Some(&resource["id"]);
    let endpoint = all.iter().find(leads);
    let endpoint =
        endpoint.unwrap_or_else(|| panic!("{} has no private endpoint", resource["name"]));
    let group = format!(
        "{}/privateDnsZoneGroups/default",
        endpoint["id"].as_str().unwrap()
    );
    let group = all
        .iter()
        .find(|resource| resource["id"] == group.as_str())
        .unwrap();
    let configs = group["properties"]["privateDnsZoneConfigs"]
        .as_array()
        .unwrap();
    configs
        .iter()
        .map(|config| config["properties"]["privateDnsZoneId"].as_str().unwrap())
        .collect()
}

/// Whether accesses to a resource are recorded in the workspace.
fn recorded(all: &[Value], resource: &Value) -> bool {
    let below = resource["id"].as_str().unwrap();
    all.iter().any(|record| {
        let settings = &record["properties"];
        record["type"] == "Microsoft.Insights/diagnosticSettings"
            && record["id"].as_str().unwrap().starts_with(below)
            && settings["workspaceId"]
                .as_str()
                .unwrap()
                .ends_with("/workspaces/freehold-workspace")
            && settings["logs"]
                .as_array()
                .unwrap()
                .iter()
                .all(|log| log["enabled"] == true)
    })
}

/// The name of Blob storage differs between clouds, so its zone is an expression.
const BLOB: &str = "format('privatelink.blob.{0}', environment().suffixes.storage)";
const MONITOR: [&str; 5] = [
    "privatelink.monitor.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.ods.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
    BLOB,
];

/// B4: each service with data has an endpoint, with names that the network knows, and a record of accesses.
#[test]
fn every_service_with_data_is_private_and_recorded() {
    for (set, _) in SETS {
        let all = predicted(set);
        let of = |kind: &'static str| all.iter().filter(move |resource| resource["type"] == kind);
        let named = |kind: &str, name: &str| {
            all.iter().any(|resource| {
                resource["type"] == kind && resource["name"].as_str().unwrap().contains(name)
            })
        };
        let wanted: [(&str, &[&str]); 4] = [
            (VAULT, &["privatelink.vaultcore.azure.net"]),
            (ACCOUNT, &[BLOB]),
            (REGISTRY, &["privatelink.azurecr.io"]),
            (SCOPE, &MONITOR),
        ];
        let mut endpoints = 0;
        for (kind, wanted) in wanted {
            for resource in of(kind) {
                let found = zones(&all, resource);
                assert_eq!(found.len(), wanted.len(), "{set}: {kind}");
                for (found, wanted) in found.iter().zip(wanted) {
                    assert!(
                        found.contains(wanted),
                        "{set}: {kind} has its names in {found}"
                    );
                    assert!(
                        named("Microsoft.Network/privateDnsZones", wanted),
                        "{set}: {wanted}"
                    );
                    assert!(
                        named(
                            "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
                            wanted
                        ),
                        "{set}: {wanted}"
                    );
                }
                assert!(
                    kind == SCOPE || recorded(&all, resource),
                    "{set}: {}",
                    resource["name"]
                );
                endpoints += 1;
            }
        }
        assert_eq!(of(ENDPOINT).count(), endpoints, "{set}");
        assert!(
            of(CLUSTER).all(|resource| recorded(&all, resource)),
            "{set}"
        );
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
            let port = match &rule_of["destinationPortRanges"] {
                Value::Array(ports) => Value::from(ports.clone()).to_string(),
                _ => text("destinationPortRange"),
            };
            let to = text("destinationAddressPrefix");
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

/// Those of a deployment whose operators come from a network of their own.
const RULES_OF_OPERATORS: &str = "
OWN operators: Allow Inbound Tcp [\"10.61.0.0/26\"] -> * [\"22\",\"443\"]
freehold-endpoints operators: Allow Inbound Tcp [\"10.61.0.0/26\"] -> * [\"22\",\"443\"]
";

/// B9: every rule of every group, both ways.
#[test]
fn the_network_lets_in_clients_and_lets_out_sign_in() {
    for (set, _) in SETS {
        let all = predicted(set);
        let (own, more) = match set {
            "single-eastus" => ("freehold-service", ""),
            "single-westeurope" => ("freehold-service", RULES_OF_OPERATORS),
            _ => ("freehold-nodes", RULES_OF_NODES),
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
