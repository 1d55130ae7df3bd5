//! The evaluation with a provider beside it (`infra/docker/compose.yaml`): its files fit each other and
//! the program. `scripts/test-evaluation.sh` signs in with them at a real Keycloak.

use std::process::Command;

use serde_json::Value;

use crate::architecture::root;

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("infra/docker").join(name)).unwrap()
}

#[test]
fn the_program_takes_the_settings_and_the_realm_knows_its_addresses_and_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = root().join("infra/docker/evaluation/client-secret");
    let settings = file("evaluation/freehold.toml");
    let inside = "/run/secrets/oidc-client-secret";
    assert!(settings.contains(inside));
    let config = folder.path().join("freehold.toml");
    let text = settings.replace(inside, secret.to_str().unwrap());
    std::fs::write(&config, text).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_freehold"));
    let check = check.args(["config", "check", "--config"]).arg(&config);
    let said = check.output().unwrap();
    assert!(said.status.success(), "{said:?}");

    let settings: toml::Table = settings.parse().unwrap();
    let provider = &settings["identity"]["providers"][0];
    let origin = settings["server"]["public_url"].as_str().unwrap();
    let realm: Value = serde_json::from_str(&file("evaluation/realm.json")).unwrap();
    let client = &realm["clients"][0];
    assert_eq!(client["clientId"], provider["client_id"].as_str().unwrap());
    assert_eq!(
        client["secret"],
        file("evaluation/client-secret").trim_end()
    );
    assert_eq!(client["redirectUris"][0], format!("{origin}/auth/callback"));
    let logout = &client["attributes"]["backchannel.logout.url"];
    assert_eq!(*logout, format!("{origin}/auth/back-channel-logout"));
    let issuer = provider["issuer"].as_str().unwrap();
    assert!(issuer.ends_with(&format!("/realms/{}", realm["realm"].as_str().unwrap())));
}

#[test]
fn it_is_reachable_from_this_machine_only_and_mounts_files_that_exist() {
    let compose: Value = serde_saphyr::from_str(&file("compose.yaml")).unwrap();
    let services = compose["services"].as_object().unwrap();
    let mut published = 0;
    for (name, service) in services {
        for port in service["ports"].as_array().into_iter().flatten() {
            published += 1;
            assert!(
                port.as_str().unwrap().starts_with("127.0.0.1:"),
                "{name}: {port}"
            );
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let from = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(root().join("infra/docker").join(from).exists(), "{from}");
        }
    }
    assert_eq!(published, 2);
    for kind in ["configs", "secrets"] {
        for (name, one) in compose[kind].as_object().unwrap() {
            let from = one["file"].as_str().unwrap();
            assert!(root().join("infra/docker").join(from).exists(), "{name}");
        }
    }
}
