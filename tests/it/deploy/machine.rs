//! What a machine of the template is given at its start: a cloud-config, units, a configuration. How
//! it works under a real systemd is in scripts/test-machine.sh.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::templates::{file, files, predicted, template, text};

/// The cloud-config that this set of parameters gives to the machine.
fn cloud_config(set: &str) -> String {
    let all = predicted(set);
    let machine = all
        .iter()
        .find(|resource| resource["type"] == "Microsoft.Compute/virtualMachines")
        .unwrap();
    let data = machine
        .pointer("/properties/osProfile/customData")
        .unwrap()
        .as_str()
        .unwrap();
    String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap()
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `make tools` installs it"))
}

/// Azure refuses another `customData` for a machine that is there: whoever changes it makes everybody
/// who upgrades create the machine anew, and says so in docs/azure-vm.md and CHANGELOG.md.
#[test]
fn what_cannot_change_after_creation_is_pinned() {
    let config = cloud_config("single-eastus");
    assert_eq!(
        config,
        cloud_config("single-westeurope"),
        "it depends on who deploys"
    );
    let digest = bytes::Bytes::copy_from_slice(&Sha256::digest(config.as_bytes()));
    let digest = format!("{digest:x}");
    assert_eq!(
        text("bicep/files/cloud-init.sha256").trim(),
        digest,
        "see this test's comment, then pin the new one"
    );
    assert!(config.len() < 48 * 1024, "Azure takes 64 KiB of base64");
    assert!(!config.contains("placeholder") && !config.contains("@@"));
}

#[test]
fn cloud_init_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud-config");
    let schema = |config: &str| {
        std::fs::write(&path, config).unwrap();
        let packages = file(".tools/cloud-init/usr/lib/python3/dist-packages");
        let mut command = Command::new("/usr/bin/python3");
        command
            .env("PYTHONPATH", packages)
            .args(["-m", "cloudinit.cmd.main", "schema", "--config-file"])
            .arg(&path);
        let output = run(&mut command);
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let config = cloud_config("single-eastus");
    let (accepted, said) = schema(&config);
    assert!(accepted && said.contains("Valid"), "{said}");
    let (accepted, said) = schema(&config.replace("\"permissions\"", "\"permission\""));
    assert!(!accepted, "a misspelt key is taken: {said}");
    // It takes a misspelt key at the top, and does nothing with it.
    let keys: Value =
        serde_json::from_str(config.strip_prefix("#cloud-config\n").unwrap()).unwrap();
    let keys: Vec<&str> = keys
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "disable_root",
            "package_update",
            "package_upgrade",
            "runcmd",
            "ssh_pwauth",
            "write_files"
        ]
    );
}

/// The files are those of bicep/files, as they are, and with the rights that they need.
#[test]
fn it_writes_the_files_of_the_repository() {
    let config: Value =
        serde_json::from_str(cloud_config("single-eastus").split_once('\n').unwrap().1).unwrap();
    let mut written: BTreeMap<String, &Value> = BTreeMap::new();
    for entry in config["write_files"].as_array().unwrap() {
        let path = entry["path"].as_str().unwrap();
        let program = path.starts_with("/usr/local/sbin/");
        assert_eq!(
            entry["permissions"],
            if program { "0755" } else { "0644" },
            "{path}"
        );
        written.insert(
            entry["content"].as_str().unwrap().to_owned(),
            &entry["path"],
        );
    }
    let others = [
        "cloud-init.yaml",
        "cloud-init.sha256",
        "freehold.toml",
        "regions.json",
    ];
    let mut count = 0;
    for source in files("bicep/files", "") {
        let name = source.file_name().unwrap().to_str().unwrap().to_owned();
        if !others.contains(&name.as_str()) {
            assert!(
                written.contains_key(&std::fs::read_to_string(&source).unwrap()),
                "{name} is not written"
            );
            count += 1;
        }
    }
    assert_eq!(count, written.len());
    for (name, value) in [
        ("ssh_pwauth", false),
        ("package_update", false),
        ("disable_root", true),
    ] {
        assert_eq!(config[name], value, "{name}");
    }
}

/// The units in a folder as systemd looks for them, with programs that exist.
fn units(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for ending in [".service", ".timer", ".mount"] {
        for source in files("bicep/files", ending) {
            let unit = std::fs::read_to_string(&source).unwrap();
            let lines = unit.lines().map(|line| {
                if line.starts_with("ExecStart=") {
                    "ExecStart=/bin/true"
                } else {
                    line
                }
            });
            let target = folder.join(source.file_name().unwrap());
            std::fs::write(&target, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
            all.push(target);
        }
    }
    assert_eq!(all.len(), 6);
    all
}

#[test]
fn systemd_complains_of_no_unit() {
    let folder = tempfile::tempdir().unwrap();
    let units = units(folder.path());
    let verify = |units: &[std::path::PathBuf]| {
        let output = run(Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .args(units));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Of units of this machine.
        let ours = |line: &&str| line.contains("freehold");
        said.lines()
            .filter(ours)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(verify(&units), Vec::<String>::new());
    // It says so of an unknown key, with exit code 0.
    let broken = folder.path().join("freehold.service");
    let source = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(
        &broken,
        source.replace("NoNewPrivileges=", "NoNewPrivilege="),
    )
    .unwrap();
    assert!(!verify(&units).is_empty());
}

#[test]
fn the_service_is_exposed_by_2_0_at_most() {
    for (unit, threshold) in [("freehold.service", "20"), ("freehold-fetch.service", "45")] {
        let path = file("bicep/files").join(unit);
        let mut command = Command::new("systemd-analyze");
        command
            .args(["security", "--offline=true", "--no-pager"])
            .arg(format!("--threshold={threshold}"))
            .arg(path);
        let output = run(&mut command);
        assert!(
            output.status.success(),
            "{unit}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

/// The configuration of a machine, with a value in every place of the file.
fn configuration() -> String {
    let template = template();
    let deployments = template["resources"].as_array().unwrap();
    let machine = deployments
        .iter()
        .find(|resource| resource["name"] == "vm")
        .unwrap();
    let settings = machine
        .pointer("/properties/parameters/settings/value")
        .unwrap()
        .as_object()
        .unwrap();
    let mut config = text("bicep/files/freehold.toml");
    for name in settings.keys().map(String::as_str).chain(["identity"]) {
        let place = format!("<{name}>");
        assert_eq!(config.matches(&place).count(), 1, "{place}");
        let value = match name {
            "hostName" => "calendar.example.org",
            "certificate" => "https://example.vault.azure.net/secrets/freehold-tls",
            "key" => "https://example.vault.azure.net/keys/freehold",
            "backups" => "https://example.blob.core.windows.net/backups",
            "rings" => "https://example.blob.core.windows.net/keys",
            "telemetry" => "[telemetry]\notlp_endpoint = \"http://127.0.0.1:4318\"",
            "furtherSettings" => "[audit]\nkeep_days = 2555",
            _ => "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10",
        };
        config = config.replace(&place, value);
    }
    assert!(!config.contains('<') && !config.contains('>'), "{config}");
    config
}

/// Runs the program with this configuration.
fn freehold(arguments: &[&str], config: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("freehold.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
    let output = run(command
        .args(arguments)
        .arg("--config")
        .arg(&path)
        .env_clear()
        .current_dir(folder.path()));
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn the_configuration_is_right() {
    freehold(&["config", "check"], &configuration());
}

/// What the program calls by this configuration, the network lets out or leads to a private endpoint.
#[test]
fn ways_out_of_the_configuration_are_those_of_the_network() {
    let printed = freehold(&["egress", "--format", "nsg"], &configuration()).stdout;
    let rules: Value = serde_json::from_slice(&printed).unwrap();
    let rules = rules
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["properties"]);
    let called: BTreeSet<&str> = rules
        .filter(|rule| rule["access"] == "Allow")
        .map(|rule| rule["destinationAddressPrefix"].as_str().unwrap())
        .collect();
    let all = predicted("single-westeurope");
    let zone = |name: &str| {
        all.iter().any(|resource| {
            resource["type"] == "Microsoft.Network/privateDnsZones"
                && resource["name"].as_str().unwrap().contains(name)
        })
    };
    let mut open = BTreeSet::from(["VirtualNetwork"]);
    for (tag, name) in [
        ("AzureKeyVault", "privatelink.vaultcore."),
        ("Storage", "privatelink.blob."),
    ] {
        if zone(name) {
            open.insert(tag);
        }
    }
    for group in all
        .iter()
        .filter(|resource| resource["name"] == "freehold-service")
    {
        let rules = group["properties"]["securityRules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| &rule["properties"]);
        open.extend(
            rules
                .filter(|rule| rule["access"] == "Allow" && rule["direction"] == "Outbound")
                .map(|rule| rule["destinationAddressPrefix"].as_str().unwrap()),
        );
    }
    assert!(
        called.is_subset(&open),
        "called: {called:?}, open: {open:?}"
    );
    assert!(
        called.contains("AzureKeyVault") && called.contains("AzureActiveDirectory"),
        "{called:?}"
    );
}

/// Nothing secret is given to the machine: it shows its identity.
#[test]
fn nothing_secret_is_given_to_the_machine() {
    let config = cloud_config("single-eastus") + &text("bicep/files/freehold.toml");
    for word in [
        "password",
        "BEGIN PRIVATE",
        "AccountKey",
        "SharedAccess",
        "client_secret",
        "sig=",
    ] {
        assert!(!config.contains(word), "{word}");
    }
}
