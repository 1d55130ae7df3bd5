//! What the settings about Azure must fulfil together.

use super::{super::*, refused, with_file};

fn provider(more: &str) -> String {
    format!(
        "[[identity.providers]]\nid = \"work\"\ntype = \"entra\"\nclient_id = \"c\"\ntenants = \
         [\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]\n{more}"
    )
}

#[test]
fn what_proves_who_we_are_follows_from_what_is_set() {
    let chosen = |text: String| {
        let settings = with_file(text).unwrap().settings;
        settings
            .identity
            .providers
            .first()
            .unwrap()
            .client_authentication()
    };
    let entra = |more: &str| chosen(provider(more));
    assert_eq!(entra(""), ClientAuthentication::AzureIdentity);
    assert_eq!(
        entra("client_secret = \"env:S\"\n"),
        ClientAuthentication::Secret
    );
    assert_eq!(
        entra("client_key = \"env:K\"\n"),
        ClientAuthentication::PrivateKeyJwt
    );
    let named = "client_secret = \"env:S\"\nclient_authentication = \"azure-identity\"\n";
    assert_eq!(entra(named), ClientAuthentication::AzureIdentity);
    let generic = "[[identity.providers]]\nid = \"work\"\nclient_id = \"c\"\nissuer = \
                   \"https://i.example\"\n";
    assert_eq!(chosen(generic.to_owned()), ClientAuthentication::None);
}

#[test]
fn what_a_way_needs_has_to_be_set() {
    for (way, key) in [
        ("secret", "client_secret"),
        ("private-key-jwt", "client_key"),
    ] {
        let text = provider(&format!("client_authentication = \"{way}\"\n"));
        let words = format!("is required with `client_authentication = \"{way}\"`");
        refused(with_file(text), &[&format!("[0].{key}"), &words]);
    }
}

#[test]
fn a_key_in_key_vault_is_named_by_its_identifier_at_a_known_cloud() {
    let vault = |more: &str| with_file(format!("[vault]\nkek = \"azure-key-vault\"\n{more}"));
    refused(
        vault(""),
        &["f.toml:2:", "vault.key_vault_key", "under Keys"],
    );
    for key in [
        "https://work.vault.azure.net/keys/freehold",
        "https://work.managedhsm.azure.net/keys/freehold/0123456789abcdef0123456789abcdef",
    ] {
        let loaded = vault(&format!("key_vault_key = \"{key}\"\n")).unwrap();
        let address = loaded.settings.vault.key_vault_key.unwrap();
        assert_eq!(address.to_string(), key);
    }
    let wrong = "key_vault_key = \"https://work.vault.azure.net/secrets/freehold\"\n";
    refused(vault(wrong), &["f.toml:3:", "the portal shows under Keys"]);
    for host in [
        "vault.azure.net.example.org",
        "evilvault.azure.net",
        "vault.azure.net",
    ] {
        let foreign = format!("key_vault_key = \"https://{host}/keys/freehold\"\n");
        refused(vault(&foreign), &["f.toml:3:", "azure.key_vault_domains"]);
    }
    let given_away = "key_file = \"keyvault:https://work.vault.azure.net/secrets/kek\"\n";
    refused(
        with_file(format!("[vault]\n{given_away}")),
        &["f.toml:2:", "never gives it away"],
    );
}
