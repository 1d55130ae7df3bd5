//! `freehold egress`: the list of ways out, in each of its forms, and that the network policy of the
//! chart opens what is in it and nothing else (H12).

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use freehold::base::told;
use freehold::config::{self, Platform, Settings};
use freehold::identity::providers::examine;
use freehold::outbound::Protocol;
use freehold::server::egress;
use serde_json::Value;

use super::helm::{configured, documents, only, parsed, rendered};
use crate::architecture::root;
use crate::support::hostile::Hostile;

/// What AKS adds to a pod with a workload identity.
const POD: [(&str, &str); 4] = [
    (
        "AZURE_FEDERATED_TOKEN_FILE",
        "/var/run/secrets/azure/tokens/azure-identity-token",
    ),
    ("AZURE_CLIENT_ID", "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10"),
    ("AZURE_TENANT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
    ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"),
];

const FILE: &str = r#"
[server.tls]
key_vault_certificate = "keyvault:https://work.vault.azure.net/secrets/tls"
[store]
backend = "postgres"
[store.postgres]
host = "10.1.2.3"
[[identity.providers]]
id = "entra"
type = "entra"
tenants = ["72f988bf-86f1-41af-91ab-2d7cd011db47"]
client_id = "freehold"
graph = "https://graph.microsoft.com"
[[identity.providers]]
id = "google"
type = "google"
client_id = "freehold"
[[identity.providers]]
id = "own"
issuer = "https://login.example.org:8443/realms/work"
client_id = "freehold"
endpoint_hosts = ["https://keys.example.org"]
[[identity.providers]]
id = "here"
issuer = "http://127.0.0.1:9000"
client_id = "freehold"
"#;

/// What the program prints in a folder with this configuration.
fn printed(file: &str, environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(folder.path().join("config/freehold.toml"), file).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_freehold"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn format(name: &str) -> String {
    printed(FILE, &[], &["egress", "--format", name])
}

#[test]
fn each_line_has_host_port_protocol_setting_and_reason() {
    let text = printed(FILE, &[], &["egress"]);
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| {
            line.split("  ")
                .filter(|part| !part.is_empty())
                .map(str::trim)
                .collect()
        })
        .collect();
    assert!(lines.iter().all(|line| line.len() == 4), "{text}");
    let has = |address: &str, protocol: &str, setting: &str| {
        let found = lines
            .iter()
            .any(|line| line[..3] == [address, protocol, setting]);
        assert!(found, "{address} {setting}: {text}");
    };
    has("10.1.2.3:5432", "postgres", "store.postgres.host");
    has(
        "work.vault.azure.net:443",
        "https",
        "server.tls.key_vault_certificate",
    );
    has("169.254.169.254:80", "http", "azure.identity");
    has(
        "login.microsoftonline.com:443",
        "https",
        "identity.providers[0].type",
    );
    has(
        "graph.microsoft.com:443",
        "https",
        "identity.providers[0].graph",
    );
    has(
        "accounts.google.com:443",
        "https",
        "identity.providers[1].type",
    );
    has(
        "oauth2.googleapis.com:443",
        "https",
        "identity.providers[1].type",
    );
    has(
        "www.googleapis.com:443",
        "https",
        "identity.providers[1].type",
    );
    has(
        "login.example.org:8443",
        "https",
        "identity.providers[2].issuer",
    );
    has(
        "keys.example.org:443",
        "https",
        "identity.providers[2].endpoint_hosts",
    );
    has("127.0.0.1:9000", "http", "identity.providers[3].issuer");
    assert_eq!(text.matches(":53 ").count(), 1, "{text}");
    assert_eq!(lines.len(), 12, "{text}");
}

#[test]
fn the_platform_says_who_gives_tokens() {
    let of = |environment: &[(&str, &str)]| printed(FILE, environment, &["egress"]);
    let pod = of(&POD);
    assert!(!pod.contains("169.254.169.254"), "{pod}");
    assert!(
        pod.contains("azure.identity"),
        "Entra exchanges the token of the pod: {pod}"
    );
    let app = of(&[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:42356/msi/token"),
        ("IDENTITY_HEADER", "x"),
    ]);
    assert!(app.contains("127.0.0.1:42356"), "{app}");
    let nothing = printed("", &POD, &["egress"]);
    assert_eq!(
        nothing,
        "nothing: with this configuration the service calls nobody\n"
    );
}

#[test]
fn programs_read_it_as_json() {
    let all: Vec<Value> = serde_json::from_str(&format("json")).unwrap();
    assert_eq!(all.len(), 12);
    for way in &all {
        assert!(way["host"].is_string() && way["port"].is_u64(), "{way}");
        let protocol = way["protocol"].as_str().unwrap();
        assert!(
            ["https", "http", "postgres", "dns"].contains(&protocol),
            "{way}"
        );
        assert!(way["reason"].as_str().unwrap().len() > 10, "{way}");
        assert!(way["setting"].as_str().unwrap().contains('.'), "{way}");
    }
}

#[test]
fn kubernetes_takes_the_policy_and_a_name_is_a_rule_to_complete() {
    let text = format("networkpolicy");
    let documents = documents(&text);
    let egress = documents[0]["spec"]["egress"].as_array().unwrap();
    let of_database = &egress[0];
    assert_eq!(of_database["to"][0]["ipBlock"]["cidr"], "10.1.2.3/32");
    assert_eq!(of_database["ports"][0]["port"], 5432);
    // The database, the metadata service, the cluster's name servers; names are comments.
    assert_eq!(egress.len(), 3, "{text}");
    assert!(
        !text.contains("127.0.0.1"),
        "what stays in the pod needs no rule: {text}"
    );
    assert!(text.contains("# login.example.org:8443 (https)"), "{text}");
    // Whoever removes the comment signs and puts an address in has a rule.
    let completed: String = text
        .lines()
        .map(|line| {
            let rule = line
                .strip_prefix("    #")
                .filter(|rest| !rest.starts_with(' ') || rest.starts_with("  "));
            rule.map_or_else(|| line.to_owned(), |rest| format!("    {rest}")) + "\n"
        })
        .collect();
    let completed = completed.replace("ADDRESS/32", "192.0.2.1/32");
    for (text, rules) in [(text, 3), (completed, 11)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, &text).unwrap();
        let parsed: Value = parsed(&file);
        assert_eq!(
            parsed["spec"]["egress"].as_array().unwrap().len(),
            rules,
            "{text}"
        );
        let validate = root().join(".tools/venv/bin/kubernetes-validate");
        let output = Command::new(validate)
            .args(["--strict", "-k", "1.36"])
            .arg(&file)
            .output();
        let output = output.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let closed = printed("", &[], &["egress", "--format", "networkpolicy"]);
    let closed: Value = serde_saphyr::from_str(&closed).unwrap();
    assert_eq!(closed["spec"]["egress"], serde_json::json!([]));
}

#[test]
fn a_network_security_group_refuses_what_is_not_in_it() {
    let rules: Vec<Value> = serde_json::from_str(&format("nsg")).unwrap();
    let (mut priorities, mut names) = (BTreeSet::new(), BTreeSet::new());
    for rule in &rules {
        let properties = &rule["properties"];
        assert_eq!(properties["direction"], "Outbound");
        assert!(
            priorities.insert(properties["priority"].as_u64().unwrap()),
            "{rule}"
        );
        assert!(names.insert(rule["name"].as_str().unwrap()), "{rule}");
        assert!(
            properties["description"].as_str().unwrap().len() <= 140,
            "{rule}"
        );
        let access = properties["access"].as_str().unwrap();
        let anywhere = properties["destinationAddressPrefix"] == "*";
        assert_eq!(access == "Deny", anywhere, "{rule}");
    }
    let find = |name: &str| {
        let mut all = rules.iter().filter(|rule| rule["name"] == name);
        &all.next().unwrap_or_else(|| panic!("{name}: {names:?}"))["properties"]
    };
    let entra = find("Allow-login-microsoftonline-com-443");
    assert_eq!(entra["destinationAddressPrefix"], "AzureActiveDirectory");
    let vault = find("Allow-work-vault-azure-net-443");
    assert_eq!(vault["destinationAddressPrefix"], "AzureKeyVault");
    // No address: Azure refuses the rule until somebody puts it in.
    let own = find("Allow-login-example-org-8443");
    assert_eq!(own["destinationAddressPrefixes"], serde_json::json!([]));
    assert_eq!(own["destinationPortRange"], "8443");
    assert_eq!(rules.last().unwrap()["properties"]["priority"], 4096);
    assert!(
        !names
            .iter()
            .any(|name| name.contains("169-254") || name.contains("127-0"))
    );
}

/// H12, the contract: the program with the rendered configuration in its pod, and the values.
#[test]
fn the_policy_of_the_chart_opens_exactly_what_the_program_says() {
    for (name, values) in configured() {
        let documents = documents(&rendered("4", &values));
        let file = &only(&documents, "ConfigMap")["data"]["freehold.toml"];
        let (file, left_out) = known(file.as_str().unwrap());
        let pod = &only(&documents, "StatefulSet")["spec"]["template"];
        let identity = pod["metadata"]["labels"]["azure.workload.identity/use"] == "true";
        let environment = if identity { &POD[..] } else { &[] };
        let checked = printed(file, environment, &["config", "check"]);
        assert!(
            checked.contains("the configuration is right"),
            "{name}: {checked}"
        );
        let said = printed(file, environment, &["egress", "--format", "json"]);
        let said: Vec<Value> = serde_json::from_str(&said).unwrap();
        let address = |one: &Value| format!("{}:{}", one["host"].as_str().unwrap(), one["port"]);
        let outside = said.iter().filter(|way| way["protocol"] != "dns");
        let of_program: BTreeSet<String> = outside.map(address).collect();
        let opened = parsed(&values)["egress"].clone();
        let opened: BTreeSet<String> = opened.as_array().unwrap().iter().map(address).collect();
        let compared = opened.iter().filter(|one| !left_out.contains(*one));
        assert_eq!(of_program, compared.cloned().collect(), "{name}");
        let policy = documents
            .iter()
            .find(|one| one["metadata"]["name"] == "freehold" && one["kind"] == "NetworkPolicy");
        let rules = policy.unwrap()["spec"]["egress"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(
            rules.len(),
            opened.len() + 1,
            "{name}: names, and one for each host"
        );
    }
}

/// What the program knows of a file, and the rest: one without telemetry is not asked about it.
fn known(file: &str) -> (&str, &str) {
    let knows = config::json_schema()["properties"]["telemetry"].is_object();
    match file.split_once("[telemetry]") {
        Some((before, rest)) if !knows => (before, rest),
        _ => (file, ""),
    }
}

/// Every reference and every host of the settings is in the list: a setting that is added later and
/// names a host has to be in it, too.
#[test]
fn every_address_of_a_whole_configuration_is_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("freehold.toml");
    std::fs::write(&file, FILE).unwrap();
    let settings = loaded(&file);
    let platform = Platform::default();
    let ways = egress::ways(&settings, &platform);
    let text = serde_json::to_string(&settings).unwrap();
    let named = text.split("https://").skip(1).map(|rest| {
        let end = rest.find(['/', '"']).unwrap();
        rest[..end].to_owned()
    });
    let mut count = 0;
    for host in named {
        let host = host.split_once(':').map_or(host.as_str(), |(host, _)| host);
        assert!(
            ways.iter().any(|way| way.host == host),
            "{host} is in no way: {ways:?}"
        );
        count += 1;
    }
    assert!(count >= 4);
    assert!(ways.iter().any(|way| way.protocol == Protocol::Dns));
}

/// What a provider publishes about itself opens nothing: only the configuration does.
#[tokio::test]
async fn an_endpoint_that_a_provider_publishes_elsewhere_is_called_only_when_its_host_is_named() {
    for endpoint in ["jwks_uri", "token_endpoint"] {
        let (provider, elsewhere) = (Hostile::start().await, Hostile::start().await);
        provider
            .change(|script| script.metadata[endpoint] = format!("{}/keys", elsewhere.url).into());
        let mut settings = Settings::default();
        settings.identity.providers = vec![config::Provider {
            id: "work".to_owned(),
            issuer: provider.url.clone(),
            ..config::Provider::default()
        }];
        let azure = egress::azure(&settings);
        let refused = examine(&settings.identity.providers[0], &azure)
            .await
            .unwrap_err();
        let said = told(&refused);
        let host = elsewhere.url.strip_prefix("http://").unwrap();
        assert!(
            said.contains(host) && said.contains("endpoint_hosts"),
            "{said}"
        );
        assert_eq!(elsewhere.asked(""), 0, "{endpoint}: it was called");
        assert_eq!(azure.outbound().refused(), 1);

        settings.identity.providers[0].endpoint_hosts = vec![elsewhere.url.parse().unwrap()];
        let azure = egress::azure(&settings);
        examine(&settings.identity.providers[0], &azure)
            .await
            .unwrap();
        assert_eq!(azure.outbound().refused(), 0);
    }
}

fn loaded(file: &Path) -> Settings {
    let sources = config::Sources {
        file: Some(file.to_owned()),
        ..config::Sources::default()
    };
    config::load(&sources).unwrap().settings
}
