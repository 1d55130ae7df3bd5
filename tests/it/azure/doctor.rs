//! `freehold doctor` about Azure: each failure says the command or the portal field that corrects it.

use super::{pod, run};
use crate::support::azure::{Cloud, EXCHANGE, SUBJECT};
use crate::support::free_port;
use crate::support::served::Place;

/// A place whose key-encryption key is in the vault.
fn with_key(cloud: &Cloud) -> Place {
    let mut place = pod(cloud);
    let key = format!("{}/keys/freehold", cloud.url);
    for (name, value) in [("KEK", "azure-key-vault"), ("KEY_VAULT_KEY", key.as_str())] {
        let name = format!("FREEHOLD__VAULT__{name}");
        place.environment.push((name, value.to_owned()));
    }
    place
}

/// The finding about a part.
fn finding(place: &Place, part: &str) -> String {
    let (_, said, errors) = run(place, &["doctor"]);
    let mut lines = said.lines().filter(|line| line[6..].starts_with(part));
    let found = lines
        .next()
        .unwrap_or_else(|| panic!("{part}: {said}{errors}"));
    found.to_owned()
}

#[test]
fn it_shows_what_entra_will_see_and_never_the_token() {
    let cloud = Cloud::start();
    let place = pod(&cloud);
    let token = std::fs::read_to_string(place.folder.path().join("token")).unwrap();
    let (_, said, errors) = run(&place, &["doctor"]);
    let issuer = cloud.change(|script| script.cluster.name.clone());
    for part in [
        format!("Entra will see issuer {issuer}, subject {SUBJECT}, audience {EXCHANGE};"),
        "az ad app federated-credential list --id".to_owned(),
        "https://calendar.example.org/auth/callback".to_owned(),
        "https://calendar.example.org/auth/front-channel-logout".to_owned(),
        "as 127.0.0.1 has it".to_owned(),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    let body = token.split('.').nth(1).unwrap();
    for text in [&said, &errors] {
        assert!(!text.contains(body), "a token is shown");
    }
}

#[test]
fn it_says_when_the_platform_offers_no_identity_or_a_token_of_another_audience() {
    let cloud = Cloud::start();
    let mut place = pod(&cloud);
    let token = cloud.change(|script| {
        let now = script.now();
        let claims = serde_json::json!({
            "iss": "https://i/", "sub": "s", "aud": "other", "exp": now + 600,
        });
        script.cluster.sign(&claims)
    });
    std::fs::write(place.folder.path().join("token"), token).unwrap();
    let found = finding(&place, "client");
    assert!(
        found.starts_with("FAIL") && found.contains("takes the audience"),
        "{found}"
    );
    std::fs::remove_file(place.folder.path().join("token")).unwrap();
    let found = finding(&place, "client");
    assert!(found.contains("azure.workload.identity/use"), "{found}");
    place
        .environment
        .retain(|(name, _)| !name.starts_with("AZURE_"));
    let identity = (
        "FREEHOLD__AZURE__IDENTITY".to_owned(),
        "workload".to_owned(),
    );
    place.environment.push(identity);
    let found = finding(&place, "Azure");
    assert!(
        found.contains("the platform offers no workload identity"),
        "{found}"
    );
}

#[test]
fn it_tries_the_key_and_names_the_role_that_is_missing() {
    let cloud = Cloud::start();
    let version = cloud.change(|script| script.vault.rotate("freehold"));
    let place = with_key(&cloud);
    let found = finding(&place, "Key Vault");
    assert!(found.starts_with("ok"), "{found}");
    assert!(
        found.contains(&format!("{version} wraps and unwraps")),
        "{found}"
    );
    cloud.change(|script| script.vault.forbidden.insert("unwrapkey"));
    let found = finding(&place, "Key Vault");
    for part in [
        "FAIL",
        "unwrap with",
        "az role assignment create",
        "Access control (IAM)",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn it_shows_the_public_key_to_register_and_not_the_private_one() {
    let cloud = Cloud::start();
    let mut place = pod(&cloud);
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let file = place.folder.path().join("client.pem");
    std::fs::write(&file, &key).unwrap();
    let provider = format!(
        "[{{ id = \"work\", issuer = \"{}\", client_id = \"freehold\", client_key = \"file:{}\" }}]",
        cloud.url,
        file.display()
    );
    let name = "FREEHOLD__IDENTITY__PROVIDERS";
    place.environment.push((name.to_owned(), provider));
    let found = finding(&place, "client");
    assert!(
        found.contains("\"crv\":\"P-256\"") && found.contains("\"kid\":"),
        "{found}"
    );
    assert!(!found.contains("\"d\""), "{found}");
}

#[test]
fn it_tries_each_way_out_and_names_the_setting_of_one_that_leads_nowhere() {
    let cloud = Cloud::start();
    let mut place = with_key(&cloud);
    let port = cloud.url.rsplit(':').next().unwrap();
    let (_, said, _) = run(&place, &["doctor"]);
    let wanted =
        format!("ok    way out        127.0.0.1:{port} answers at 127.0.0.1, a private address (");
    assert!(said.contains(&wanted), "{said}");

    // A port that nobody listens on any more.
    let closed = free_port();
    let provider =
        format!("[{{id=\"gone\", issuer=\"http://127.0.0.1:{closed}\", client_id=\"freehold\"}}]");
    let key = "FREEHOLD__IDENTITY__PROVIDERS".to_owned();
    place.environment.push((key, provider));
    let (well, said, _) = run(&place, &["doctor"]);
    let line = said
        .lines()
        .find(|line| line.contains("takes no connection"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(!well && line.starts_with("FAIL  way out"), "{line}");
    assert!(line.contains("(identity.providers[0].issuer)"), "{line}");
}
