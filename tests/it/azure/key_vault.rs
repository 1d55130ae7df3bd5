//! Key Vault by REST.

use freehold::azure::{Azure, KeyVaultError};
use freehold::config::{KeyAddress, SecretRef};

use crate::support::azure::{Cloud, Script, TENANT};

const KEY: [u8; 32] = [7; 32];

fn start() -> (Cloud, Azure, KeyAddress) {
    let cloud = Cloud::start();
    cloud.change(|script| script.vault.rotate("freehold"));
    let azure = cloud.azure(cloud.machine());
    let key = format!("{}/keys/freehold", cloud.url).parse().unwrap();
    (cloud, azure, key)
}

fn secret(cloud: &Cloud, name: &str) -> SecretRef {
    format!("keyvault:{}/secrets/{name}", cloud.url)
        .parse()
        .unwrap()
}

#[tokio::test]
async fn what_a_version_wrapped_it_unwraps_after_the_key_was_rotated() {
    let (cloud, azure, key) = start();
    let wrapped = azure.wrap_key(&key, &KEY).await.unwrap();
    assert!(wrapped.key.item().version.is_some());
    assert_eq!(wrapped.key.without_version(), key);
    assert_eq!(wrapped.bytes.len(), 256);
    cloud.change(|script| script.vault.rotate("freehold"));
    let again = azure.wrap_key(&key, &KEY).await.unwrap();
    assert_ne!(again.key, wrapped.key);
    for one in [&wrapped, &again] {
        let plain = azure.unwrap_key(&one.key, &one.bytes).await.unwrap();
        assert_eq!(plain.as_slice(), KEY);
    }
    let crossed = azure.unwrap_key(&again.key, &wrapped.bytes).await;
    let told = crossed.unwrap_err().to_string();
    assert!(
        told.contains("400") && told.contains("list-versions"),
        "{told}"
    );
    let state = azure.key_state(&key).await.unwrap();
    assert_eq!(
        (state.bits, state.wraps, state.key),
        (2048, true, again.key)
    );
    // One challenge, one token.
    assert_eq!(cloud.asked("/metadata/"), 1);
}

#[tokio::test]
async fn a_vault_that_asks_for_a_token_of_another_domain_gets_none() {
    let (cloud, azure, key) = start();
    for foreign in [
        "https://management.azure.com",
        "https://azure.net",
        "http://0.0.1",
        "",
    ] {
        cloud.change(|script| script.vault.resource = Some(foreign.to_owned()));
        let error = azure.wrap_key(&key, &KEY).await.unwrap_err();
        assert!(matches!(error, KeyVaultError::Challenge { .. }), "{error}");
        assert_eq!(cloud.asked("/metadata/"), 0, "no token was fetched");
    }
}

#[tokio::test]
async fn a_token_goes_to_no_host_that_is_no_vault() {
    let (cloud, azure, _) = start();
    for host in [
        "vault.azure.net.evil.example",
        "evilvault.azure.net",
        "login.microsoftonline.com",
    ] {
        let key: KeyAddress = format!("https://{host}/keys/freehold").parse().unwrap();
        let error = azure.wrap_key(&key, &KEY).await.unwrap_err();
        assert!(
            matches!(error, KeyVaultError::Foreign(_)),
            "{host}: {error}"
        );
    }
    assert_eq!(
        azure.outbound().ways().len(),
        1,
        "only the cloud of the test"
    );
    assert_eq!(cloud.asked(""), 0);
}

#[tokio::test]
async fn a_busy_vault_is_asked_again_when_it_says_and_no_longer_than_we_wait() {
    let (cloud, azure, key) = start();
    cloud.change(|script| script.vault.throttled = 3);
    azure.wrap_key(&key, &KEY).await.unwrap();
    cloud.change(|script| script.vault.throttled = 5);
    let error = azure.wrap_key(&key, &KEY).await.unwrap_err();
    assert!(
        matches!(error, KeyVaultError::Busy { status: 429, .. }),
        "{error}"
    );
    assert!(error.is_passing());
    let before = cloud.asked("/wrapkey");
    cloud.change(|script| (script.vault.throttled, script.vault.retry_after) = (1, 3600));
    let error = azure.wrap_key(&key, &KEY).await.unwrap_err();
    assert!(
        matches!(error, KeyVaultError::Busy { status: 429, .. }),
        "{error}"
    );
    assert_eq!(
        cloud.asked("/wrapkey"),
        before + 1,
        "an hour is too long to wait"
    );
}

#[tokio::test]
async fn a_refusal_names_the_command_that_corrects_it() {
    let (cloud, azure, key) = start();
    let told = |error: KeyVaultError| error.to_string();
    cloud.change(|script| {
        script
            .vault
            .forbidden
            .extend(["wrapkey", "unwrapkey", "secrets"]);
    });
    let forbidden = told(azure.wrap_key(&key, &KEY).await.unwrap_err());
    for part in [
        "wrap with http://127.0.0.1:",
        "403 ForbiddenByRbac",
        "Key Vault Crypto Service Encryption User",
        "az role assignment create",
        "--key-permissions get wrapKey unwrapKey",
    ] {
        assert!(forbidden.contains(part), "{part}: {forbidden}");
    }
    let absent: KeyAddress = format!("{}/keys/other", cloud.url).parse().unwrap();
    cloud.change(|script| script.vault.forbidden.clear());
    let absent = told(azure.wrap_key(&absent, &KEY).await.unwrap_err());
    assert!(absent.contains("404 KeyNotFound"), "{absent}");
    assert!(absent.contains("az keyvault key create"), "{absent}");
    cloud.change(|script| script.vault.away = true);
    let away = azure.wrap_key(&key, &KEY).await.unwrap_err();
    assert!(
        matches!(away, KeyVaultError::Busy { status: 503, .. }),
        "{away}"
    );
}

#[tokio::test]
async fn an_answer_about_another_key_is_not_used() {
    let (cloud, azure, key) = start();
    cloud.change(|script| script.vault.lies = true);
    let error = azure.wrap_key(&key, &KEY).await.unwrap_err();
    assert!(matches!(error, KeyVaultError::Answer(_)), "{error}");
}

#[tokio::test]
async fn a_token_that_the_vault_no_longer_takes_is_fetched_anew_once() {
    let (cloud, azure, key) = start();
    azure.wrap_key(&key, &KEY).await.unwrap();
    cloud.change(Script::forget_tokens);
    azure.wrap_key(&key, &KEY).await.unwrap();
    assert_eq!(cloud.asked("/metadata/"), 2);
}

#[tokio::test]
async fn a_vault_that_takes_no_token_at_all_says_of_which_tenant_it_is() {
    let (cloud, azure, key) = start();
    cloud.change(|script| script.lifetime_secs = 0);
    let told = azure.wrap_key(&key, &KEY).await.unwrap_err().to_string();
    assert!(told.contains("(401 Unauthorized)"), "{told}");
    assert!(
        told.contains(&format!("takes tokens of the tenant {TENANT}")),
        "{told}"
    );
}

#[tokio::test]
async fn a_secret_is_fetched_once_in_five_minutes_and_its_new_version_is_seen_then() {
    let clock = std::sync::Arc::new(freehold::base::ManualClock::new(
        "2026-11-25T10:00:00Z".parse().unwrap(),
    ));
    let cloud = Cloud::at(clock.clone());
    let azure = cloud.azure(cloud.machine());
    let first = cloud.change(|script| script.vault.put_secret("client", "one"));
    let newest = secret(&cloud, "client");
    let read = async |reference: &SecretRef| {
        azure
            .secret(reference)
            .await
            .unwrap()
            .text()
            .unwrap()
            .to_owned()
    };
    assert_eq!(read(&newest).await, "one");
    cloud.change(|script| script.vault.put_secret("client", "two"));
    clock.advance(299);
    assert_eq!(read(&newest).await, "one");
    clock.advance(1);
    assert_eq!(read(&newest).await, "two");
    assert_eq!(
        read(&secret(&cloud, &format!("client/{first}"))).await,
        "one"
    );
    // While the vault is away it is good for five minutes, and then there is none.
    cloud.change(|script| script.vault.away = true);
    clock.advance(299);
    assert_eq!(read(&newest).await, "two");
    clock.advance(1);
    let error = azure.secret(&newest).await.unwrap_err();
    assert!(error.to_string().contains("/secrets/client"), "{error}");
    // Whoever was shown a secret that does not work asks for the newest at once.
    cloud.change(|script| script.vault.away = false);
    clock.advance(5);
    assert_eq!(read(&newest).await, "two");
    cloud.change(|script| script.vault.put_secret("client", "three"));
    azure.forget_secret(&newest);
    assert_eq!(read(&newest).await, "three");
}

#[tokio::test]
async fn a_secret_that_is_missing_or_empty_says_so_and_shows_nothing() {
    let (cloud, azure, _) = start();
    let error = azure.secret(&secret(&cloud, "none")).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.contains("404 SecretNotFound") && cause.contains("az keyvault secret set"),
        "{cause}"
    );
    cloud.change(|script| script.vault.put_secret("empty", ""));
    let error = azure.secret(&secret(&cloud, "empty")).await.unwrap_err();
    assert!(error.to_string().contains("is empty"), "{error}");
    cloud.change(|script| script.vault.forbidden.insert("secrets"));
    let error = azure.secret(&secret(&cloud, "other")).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("Key Vault Secrets User"), "{cause}");
}
