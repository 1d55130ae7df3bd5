//! The doubles, held against Microsoft's own Python clients: what those take for Azure, our client is
//! tested with.

use std::path::Path;
use std::process::Command;

use crate::support::azure::{CLIENT, Cloud, IDENTITY_HEADER, Script, TENANT};

type Change = fn(&mut Script);

/// A cloud and the files that its clients need.
struct Peer {
    cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Peer {
    fn new() -> Self {
        let cloud = Cloud::start();
        let folder = tempfile::tempdir().unwrap();
        let token = cloud.change(|script| {
            script.vault.rotate("freehold");
            script.service_account_token()
        });
        std::fs::write(folder.path().join("token"), token).unwrap();
        std::fs::write(folder.path().join("ca.pem"), &cloud.ca_pem).unwrap();
        Self { cloud, folder }
    }

    /// Runs a part of the script in the environment of a pod; `more` is put over it.
    fn holds(&self, part: &str, more: &[(&str, &str)]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".tools/venv/bin/python");
        let output = Command::new(&python)
            .arg(root.join("tests/peers/azure_sdk.py"))
            .arg(part)
            .env("CLOUD_TLS_PORT", self.cloud.tls_port.to_string())
            .env("REQUESTS_CA_BUNDLE", self.folder.path().join("ca.pem"))
            .env(
                "AZURE_FEDERATED_TOKEN_FILE",
                self.folder.path().join("token"),
            )
            .env("AZURE_CLIENT_ID", CLIENT)
            .env("AZURE_TENANT_ID", TENANT)
            .envs(more.iter().copied())
            .output()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; `make tools` installs it", python.display())
            });
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{errors}");
        assert!(said.contains("ok "), "it said nothing: {said}");
    }
}

#[test]
fn the_sdk_of_a_pod_wraps_unwraps_rotates_and_reads_secrets() {
    let peer = Peer::new();
    peer.holds("workload", &[]);
    assert_eq!(peer.cloud.asked("/oauth2/v2.0/token"), 1);
}

#[test]
fn the_sdk_of_a_machine_gets_its_token_from_imds() {
    let peer = Peer::new();
    let host = peer.cloud.url.as_str();
    let none = [
        ("AZURE_FEDERATED_TOKEN_FILE", ""),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", host),
    ];
    peer.holds("managed", &none);
    assert!(peer.cloud.asked("/metadata/identity/oauth2/token") > 0);
}

#[test]
fn the_sdk_of_a_container_app_gets_its_token_from_the_identity_endpoint() {
    let peer = Peer::new();
    let endpoint = format!("{}/msi/token", peer.cloud.url);
    let offered = [
        ("AZURE_FEDERATED_TOKEN_FILE", ""),
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", IDENTITY_HEADER),
    ];
    peer.holds("managed", &offered);
    assert!(peer.cloud.asked("/msi/token") > 0);
}

#[test]
fn the_sdk_lets_the_vault_wrap_where_it_may_not_read_the_key() {
    let peer = Peer::new();
    let version = peer.cloud.change(|script| {
        script.vault.forbidden.insert("get");
        script.vault.rotate("freehold")
    });
    peer.holds("remote", &[("CLOUD_KEY", &version)]);
    assert_eq!(peer.cloud.asked("/wrapkey"), 1);
}

#[test]
fn the_sdk_waits_for_a_busy_vault_and_refuses_a_foreign_challenge() {
    let peer = Peer::new();
    peer.cloud.change(|script| script.vault.throttled = 2);
    peer.holds("throttled", &[]);
    let foreign = "https://management.azure.com".to_owned();
    peer.cloud
        .change(|script| script.vault.resource = Some(foreign));
    peer.holds("foreign", &[]);
}

#[test]
fn entra_refuses_the_sdk_what_it_refuses_us() {
    let peer = Peer::new();
    let cases: [(Change, &str); 3] = [
        (
            |s| s.federated[0].audience = "other".to_owned(),
            "AADSTS700212",
        ),
        (
            |s| s.federated[0].subject = "other".to_owned(),
            "AADSTS700213",
        ),
        (
            |s| s.federated[0].issuer = "https://other/".to_owned(),
            "AADSTS700211",
        ),
    ];
    for (change, number) in cases {
        peer.cloud.change(change);
        peer.holds("refused", &[("CLOUD_NUMBER", number)]);
    }
}
