//! What the templates may deploy: exact values, since the compiler takes any text for most of them.
//! Held on what each set of parameters would deploy, and on the compiled template, whose branches
//! include those that no set takes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::templates::{self, SETS, predicted, resources, template};

/// A type, a JSON pointer, and the one value that is right there.
type Rule = (&'static str, &'static str, Value);

const VAULT: &str = "Microsoft.KeyVault/vaults";
const KEY: &str = "Microsoft.KeyVault/vaults/keys";
const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices";
const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
const HOLD: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies";
const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces";
const INSIGHTS: &str = "Microsoft.Insights/components";
const SCOPE: &str = "Microsoft.Insights/privateLinkScopes";
const DISK: &str = "Microsoft.Compute/disks";
const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";
const ROLE: &str = "Microsoft.Authorization/roleAssignments";
const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const NSG: &str = "Microsoft.Network/networkSecurityGroups";
const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";

fn values() -> Vec<Rule> {
    vec![
        // B5
        (VAULT, "/properties/sku/name", json!("premium")),
        (VAULT, "/properties/enableRbacAuthorization", json!(true)),
        (VAULT, "/properties/enableSoftDelete", json!(true)),
        (VAULT, "/properties/softDeleteRetentionInDays", json!(90)),
        (VAULT, "/properties/enablePurgeProtection", json!(true)),
        (VAULT, "/properties/enabledForDeployment", json!(false)),
        (VAULT, "/properties/enabledForDiskEncryption", json!(false)),
        (
            VAULT,
            "/properties/enabledForTemplateDeployment",
            json!(false),
        ),
        (VAULT, "/properties/publicNetworkAccess", json!("Disabled")),
        (
            VAULT,
            "/properties/networkAcls/defaultAction",
            json!("Deny"),
        ),
        (VAULT, "/properties/networkAcls/bypass", json!("None")),
        (KEY, "/properties/kty", json!("RSA-HSM")),
        (KEY, "/properties/keySize", json!(3072)),
        (KEY, "/properties/keyOps", json!(["wrapKey", "unwrapKey"])),
        (KEY, "/properties/attributes/exportable", json!(false)),
        (
            KEY,
            "/properties/rotationPolicy/attributes/expiryTime",
            json!("P2Y"),
        ),
        (
            KEY,
            "/properties/rotationPolicy/lifetimeActions/0/action/type",
            json!("rotate"),
        ),
        (
            KEY,
            "/properties/rotationPolicy/lifetimeActions/0/trigger/timeAfterCreate",
            json!("P1Y"),
        ),
        // B8, and the account of programs
        (ACCOUNT, "/properties/allowBlobPublicAccess", json!(false)),
        (ACCOUNT, "/properties/allowSharedKeyAccess", json!(false)),
        (
            ACCOUNT,
            "/properties/allowCrossTenantReplication",
            json!(false),
        ),
        (ACCOUNT, "/properties/isLocalUserEnabled", json!(false)),
        (ACCOUNT, "/properties/isSftpEnabled", json!(false)),
        (ACCOUNT, "/properties/minimumTlsVersion", json!("TLS1_2")),
        (ACCOUNT, "/properties/supportsHttpsTrafficOnly", json!(true)),
        (
            ACCOUNT,
            "/properties/encryption/requireInfrastructureEncryption",
            json!(true),
        ),
        (
            ACCOUNT,
            "/properties/networkAcls/defaultAction",
            json!("Deny"),
        ),
        (ACCOUNT, "/properties/networkAcls/bypass", json!("None")),
        (BLOBS, "/properties/isVersioningEnabled", json!(true)),
        (
            BLOBS,
            "/properties/deleteRetentionPolicy/enabled",
            json!(true),
        ),
        (
            BLOBS,
            "/properties/deleteRetentionPolicy/allowPermanentDelete",
            json!(false),
        ),
        (
            BLOBS,
            "/properties/containerDeleteRetentionPolicy/enabled",
            json!(true),
        ),
        (CONTAINER, "/properties/publicAccess", json!("None")),
        (HOLD, "/properties/allowProtectedAppendWrites", json!(false)),
        // B4
        (
            WORKSPACE,
            "/properties/features/disableLocalAuth",
            json!(true),
        ),
        (
            WORKSPACE,
            "/properties/publicNetworkAccessForIngestion",
            json!("Disabled"),
        ),
        (INSIGHTS, "/properties/DisableLocalAuth", json!(true)),
        (
            INSIGHTS,
            "/properties/publicNetworkAccessForIngestion",
            json!("Disabled"),
        ),
        (INSIGHTS, "/properties/DisableIpMasking", json!(false)),
        (
            SCOPE,
            "/properties/accessModeSettings/ingestionAccessMode",
            json!("PrivateOnly"),
        ),
        (REGISTRY, "/sku/name", json!("Premium")),
        (REGISTRY, "/properties/adminUserEnabled", json!(false)),
        (REGISTRY, "/properties/anonymousPullEnabled", json!(false)),
        (
            REGISTRY,
            "/properties/publicNetworkAccess",
            json!("Disabled"),
        ),
        (
            REGISTRY,
            "/properties/networkRuleBypassOptions",
            json!("None"),
        ),
        (
            REGISTRY,
            "/properties/policies/exportPolicy/status",
            json!("disabled"),
        ),
        // B9
        (DISK, "/properties/networkAccessPolicy", json!("DenyAll")),
        (DISK, "/properties/publicNetworkAccess", json!("Disabled")),
        (
            DISK,
            "/properties/encryption/type",
            json!("EncryptionAtRestWithPlatformKey"),
        ),
        (
            MACHINE,
            "/properties/securityProfile/encryptionAtHost",
            json!(true),
        ),
        (
            MACHINE,
            "/properties/securityProfile/securityType",
            json!("TrustedLaunch"),
        ),
        (
            MACHINE,
            "/properties/securityProfile/uefiSettings/secureBootEnabled",
            json!(true),
        ),
        (
            MACHINE,
            "/properties/securityProfile/uefiSettings/vTpmEnabled",
            json!(true),
        ),
        (
            MACHINE,
            "/properties/osProfile/linuxConfiguration/disablePasswordAuthentication",
            json!(true),
        ),
        (
            MACHINE,
            "/properties/storageProfile/imageReference/version",
            json!("latest"),
        ),
        (
            MACHINE,
            "/properties/storageProfile/dataDisks/0/createOption",
            json!("Attach"),
        ),
        (
            MACHINE,
            "/properties/storageProfile/dataDisks/0/deleteOption",
            json!("Detach"),
        ),
        (
            MACHINE,
            "/properties/storageProfile/dataDisks/0/caching",
            json!("None"),
        ),
        (
            MACHINE,
            "/properties/storageProfile/dataDisks/0/lun",
            json!(0),
        ),
        (
            MACHINE,
            "/properties/networkProfile/networkInterfaces/0/properties/deleteOption",
            json!("Detach"),
        ),
        (MACHINE, "/identity/type", json!("UserAssigned")),
        (CLUSTER, "/identity/type", json!("UserAssigned")),
        (CLUSTER, "/properties/disableLocalAccounts", json!(true)),
        (
            CLUSTER,
            "/properties/publicNetworkAccess",
            json!("Disabled"),
        ),
        (CLUSTER, "/properties/enableRBAC", json!(true)),
        (
            CLUSTER,
            "/properties/aadProfile/enableAzureRBAC",
            json!(true),
        ),
        (
            CLUSTER,
            "/properties/apiServerAccessProfile/enablePrivateCluster",
            json!(true),
        ),
        (
            CLUSTER,
            "/properties/apiServerAccessProfile/disableRunCommand",
            json!(true),
        ),
        (
            CLUSTER,
            "/properties/bootstrapProfile/artifactSource",
            json!("Cache"),
        ),
        (
            CLUSTER,
            "/properties/networkProfile/outboundType",
            json!("none"),
        ),
        (
            CLUSTER,
            "/properties/networkProfile/networkPolicy",
            json!("cilium"),
        ),
        (
            CLUSTER,
            "/properties/networkProfile/networkDataplane",
            json!("cilium"),
        ),
        (
            CLUSTER,
            "/properties/oidcIssuerProfile/enabled",
            json!(true),
        ),
        (
            CLUSTER,
            "/properties/securityProfile/workloadIdentity/enabled",
            json!(true),
        ),
        // B6
        (ROLE, "/properties/principalType", json!("ServicePrincipal")),
    ]
}

/// Values that the compiled template does not resolve, and what they are for each set of parameters.
fn resolved() -> Vec<Rule> {
    let pool = |at: usize, path: &str| -> &'static str {
        format!("/properties/agentPoolProfiles/{at}/{path}").leak()
    };
    let mut rules = vec![
        (
            ACCOUNT,
            "/properties/publicNetworkAccess",
            json!("Disabled"),
        ),
        (ACCOUNT, "/properties/networkAcls/ipRules", json!([])),
        (
            MACHINE,
            "/properties/osProfile/allowExtensionOperations",
            json!(false),
        ),
        (
            HOLD,
            "/properties/immutabilityPeriodSinceCreationInDays",
            json!(30),
        ),
    ];
    for at in 0..2 {
        rules.extend([
            (CLUSTER, pool(at, "enableEncryptionAtHost"), json!(true)),
            (CLUSTER, pool(at, "osDiskType"), json!("Ephemeral")),
            (CLUSTER, pool(at, "maxPods"), json!(50)),
            (
                CLUSTER,
                pool(at, "securityProfile/sshAccess"),
                json!("Disabled"),
            ),
            (
                CLUSTER,
                pool(at, "securityProfile/enableSecureBoot"),
                json!(true),
            ),
        ]);
    }
    rules
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
    let template = template();
    let all = resources(&template);
    hold(&values(), &all, "azuredeploy.json");
    for (kind, _, _) in values() {
        assert!(
            all.iter().any(|resource| resource["type"] == kind),
            "there is no {kind}"
        );
    }
    let mut seen = BTreeSet::new();
    for (set, _) in SETS {
        let predicted = predicted(set);
        let all: Vec<&Value> = predicted.iter().collect();
        hold(&values(), &all, set);
        hold(&resolved(), &all, set);
        seen.extend(
            predicted
                .iter()
                .map(|resource| resource["type"].as_str().unwrap().to_owned()),
        );
    }
    assert!(resolved().iter().all(|(kind, _, _)| seen.contains(*kind)));
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

/// B6. Which role on what; anything else is a finding, Owner and Contributor among it.
#[test]
fn roles_are_the_least_and_on_single_resources() {
    let allowed = [
        (
            KEY,
            "e147488a-f6f5-4113-8e2d-b22465e65bf6",
            "Key Vault Crypto Service Encryption User",
        ),
        (
            VAULT,
            "4633458b-17de-408a-b874-0445c86b69e6",
            "Key Vault Secrets User",
        ),
        (
            CONTAINER,
            "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
            "Storage Blob Data Contributor",
        ),
        (
            CONTAINER,
            "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
            "Storage Blob Data Reader",
        ),
        (
            INSIGHTS,
            "3913510d-42f4-4e42-8a64-420c390055eb",
            "Monitoring Metrics Publisher",
        ),
        (REGISTRY, "7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull"),
        (
            "Microsoft.Network/virtualNetworks/subnets",
            "4d97b98b-1d4f-4787-a291-c67834d212e7",
            "Network Contributor",
        ),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "f1a07417-d97a-45cb-824c-7a7467783830",
            "Managed Identity Operator",
        ),
    ];
    let mut used = BTreeSet::new();
    for (set, _) in SETS {
        for role in predicted(set)
            .iter()
            .filter(|resource| resource["type"] == ROLE)
        {
            let id = role["id"].as_str().unwrap();
            let scope = id.split("/providers/").nth(1).unwrap();
            // A type has every second part: Provider/type/name/type/name.
            let parts: Vec<&str> = scope.split('/').collect();
            let kind: Vec<&str> = std::iter::once(parts[0])
                .chain(parts[1..].iter().copied().step_by(2))
                .collect();
            let kind = kind.join("/");
            let given = role["properties"]["roleDefinitionId"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap();
            let known = allowed
                .iter()
                .find(|(on, guid, _)| *on == kind && *guid == given);
            let (_, _, name) = known.unwrap_or_else(|| panic!("{set}: role {given} on {kind}"));
            used.insert(*name);
            let condition = role["properties"]["condition"].as_str();
            assert_eq!(
                condition.is_some(),
                *name == "Storage Blob Data Contributor",
                "{set}: {name}"
            );
            for denied in condition
                .map(|_| ["blobs/delete", "blobs/move/action"])
                .into_iter()
                .flatten()
            {
                assert!(
                    condition
                        .unwrap()
                        .contains(&format!("!(ActionMatches{{'{CONTAINER}/{denied}'}})")),
                    "{denied}"
                );
            }
        }
    }
    assert_eq!(
        used.len(),
        allowed.len(),
        "a role is allowed that nothing uses"
    );
}

/// B6. A name that is known at the start, and the same for the same three things.
#[test]
fn role_assignments_are_named_by_scope_identity_and_role() {
    let template = template();
    let roles: Vec<&Value> = resources(&template)
        .into_iter()
        .filter(|resource| resource["type"] == ROLE)
        .collect();
    assert!(roles.len() >= 9);
    for role in roles {
        let name = role["name"].as_str().unwrap();
        let arguments = name
            .strip_prefix("[guid(resourceId(")
            .unwrap_or_else(|| panic!("{name}"));
        assert!(
            arguments.contains("resourceId('Microsoft.ManagedIdentity/userAssignedIdentities'"),
            "{name}"
        );
        assert!(arguments.contains("), variables('"), "{name}: the role");
        assert!(
            role["scope"].is_string(),
            "{name} is for the whole resource group"
        );
        assert_eq!(
            role["condition"], "[parameters('createRoleAssignments')]",
            "{name}"
        );
    }
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
            want(own, "balancer", "Allow Inbound * AzureLoadBalancer -> * *");
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

/// B8: what is old ends, what is held cannot, and old key rings are not held.
#[test]
fn backups_are_held_and_key_rings_end() {
    for (set, _) in SETS {
        let all = predicted(set);
        let held: Vec<&Value> = all
            .iter()
            .filter(|resource| {
                resource["type"] == CONTAINER
                    && resource["properties"]["immutableStorageWithVersioning"]["enabled"] == true
            })
            .collect();
        assert_eq!(held.len(), 1, "{set}");
        assert!(
            held[0]["name"]
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
                .starts_with(held[0]["id"].as_str().unwrap())
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
            let actions = &rule["definition"]["actions"];
            assert_eq!(actions["baseBlob"], actions["version"]);
            actions["baseBlob"]["delete"]["daysAfterCreationGreaterThan"]
                .as_i64()
                .unwrap()
        };
        assert_eq!((days("backups"), days("keys")), (35, 3), "{set}");
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
