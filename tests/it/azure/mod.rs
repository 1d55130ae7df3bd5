//! Azure: the platform's identity, Key Vault, and what stands on them.

mod certificate;
mod doctor;
mod identity;
mod kek;
mod key_vault;
mod manifest;
mod peers;

use crate::support::azure::{CLIENT, Cloud, TENANT};
use crate::support::served::Place;

/// A place in a pod of this cloud, with one provider that knows it by the pod's token.
pub(super) fn pod(cloud: &Cloud) -> Place {
    let mut place = Place::new();
    let file = place.folder.path().join("token");
    std::fs::write(&file, cloud.change(|script| script.service_account_token())).unwrap();
    let provider = format!(
        "[{{ id = \"work\", type = \"entra\", tenants = [\"{TENANT}\"], client_id = \"{CLIENT}\", \
         issuer = \"{}/{{tenantid}}/v2.0\" }}]",
        cloud.url
    );
    for (name, value) in [
        ("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string()),
        ("AZURE_CLIENT_ID", CLIENT.to_owned()),
        ("AZURE_TENANT_ID", TENANT.to_owned()),
        ("AZURE_AUTHORITY_HOST", cloud.url.clone()),
        ("FREEHOLD__IDENTITY__PROVIDERS", provider),
        (
            "FREEHOLD__SERVER__PUBLIC_URL",
            "https://calendar.example.org".to_owned(),
        ),
    ] {
        place.environment.push((name.to_owned(), value));
    }
    place
}

/// What a command wrote, and whether it succeeded.
pub(super) fn run(place: &Place, arguments: &[&str]) -> (bool, String, String) {
    let output = place.command(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}
