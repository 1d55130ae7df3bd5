//! Who may do what: check B6.

use std::collections::BTreeSet;

use serde_json::Value;

use super::templates::{SETS, predicted, resources, template};

const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
const ROLE: &str = "Microsoft.Authorization/roleAssignments";

/// Type, role and name; what is not here is a finding, Owner and Contributor among it.
const ALLOWED: &str = "
Microsoft.KeyVault/vaults/keys e147488a-f6f5-4113-8e2d-b22465e65bf6 Key Vault Crypto Service Encryption User
Microsoft.KeyVault/vaults 4633458b-17de-408a-b874-0445c86b69e6 Key Vault Secrets User
Microsoft.Storage/storageAccounts/blobServices/containers ba92f5b4-2d11-453d-a403-e96b0029c9fe Storage Blob Data Contributor
Microsoft.Storage/storageAccounts/blobServices/containers 2a2b9908-6ea1-4ae2-8e65-a410df84e7d1 Storage Blob Data Reader
Microsoft.Insights/components 3913510d-42f4-4e42-8a64-420c390055eb Monitoring Metrics Publisher
Microsoft.ContainerRegistry/registries 7f951dda-4ed3-4680-a7ca-43fe172d538d AcrPull
Microsoft.Network/virtualNetworks/subnets 4d97b98b-1d4f-4787-a291-c67834d212e7 Network Contributor
Microsoft.ManagedIdentity/userAssignedIdentities f1a07417-d97a-45cb-824c-7a7467783830 Managed Identity Operator
";

fn allowed() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines = ALLOWED.lines().filter(|line| !line.is_empty());
    let split = |line: &'static str| {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (role, name) = rest.split_once(' ').unwrap();
        (kind, role, name)
    };
    lines.map(split).collect()
}

/// B6.
#[test]
fn roles_are_the_least_and_on_single_resources() {
    let allowed = allowed();
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
