//! Proving to the token endpoint that we are the client (OpenID Connect Core 1.0 §9), without a
//! secret.

use freehold::azure::Azure;
use freehold::config::{self, ClientAuthentication, SecretRef};
use freehold::crypto::Signer;
use freehold::edge::Cookies;
use http::StatusCode;
use serde_json::json;

use super::desk::{Desk, entra, signed_in};
use super::entra::looks_like_entra;
use super::house::House;
use super::provider::Provider;
use crate::support::azure::{CLIENT, Cloud, Script, TENANT};
use crate::support::hostile::SECRET;

/// A new private key, as the doctor's advice makes it.
fn openssl(arguments: &[&str]) -> String {
    let made = std::process::Command::new("openssl")
        .args(arguments)
        .output();
    let made = made.unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap()
}

fn ec_key() -> String {
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ])
}

/// Settings of a provider that knows us by the key in `pem`.
fn with_key(issuer: &str, pem: &str) -> config::Identity {
    let file = tempfile::tempdir().unwrap().keep().join("key.pem");
    std::fs::write(&file, pem).unwrap();
    config::Identity {
        providers: vec![config::Provider {
            id: "work".to_owned(),
            issuer: issuer.to_owned(),
            client_id: "freehold".to_owned(),
            client_key: Some(SecretRef::File(file)),
            ..config::Provider::default()
        }],
        ..config::Identity::default()
    }
}

#[tokio::test]
async fn a_real_provider_takes_what_an_ec_key_and_an_rsa_key_sign() {
    for pem in [ec_key(), openssl(&["genrsa", "2048"])] {
        let jwk = Signer::from_pem(&pem).unwrap().jwk().to_string();
        let provider = Provider::with("OIDC_CLIENT_JWK", &jwk);
        let house = House::with(&with_key(&provider.issuer, &pem), Cookies::Plain).await;
        house.on_time();
        let mut browser = house.browser();
        let begun = browser.get("/auth/login?return_to=/items").await;
        let back = provider.follow(begun.location()).await;
        signed_in(&browser.get(&back).await, &jwk);
    }
}

#[tokio::test]
async fn a_real_provider_refuses_what_another_key_signs() {
    let registered = Signer::from_pem(&ec_key()).unwrap().jwk().to_string();
    let provider = Provider::with("OIDC_CLIENT_JWK", &registered);
    let house = House::with(&with_key(&provider.issuer, &ec_key()), Cookies::Plain).await;
    house.on_time();
    let mut browser = house.browser();
    let begun = browser.get("/auth/login?return_to=/items").await;
    let back = provider.follow(begun.location()).await;
    let answer = browser.get(&back).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
}

#[test]
fn a_key_that_is_too_weak_or_none_is_refused_and_never_shown() {
    for (pem, words) in [
        (openssl(&["genrsa", "1024"]), "neither RSA of 2048 bits"),
        (
            openssl(&["genpkey", "-algorithm", "ed25519"]),
            "neither RSA of 2048 bits",
        ),
        ("not a key".to_owned(), "no private key in PEM"),
    ] {
        let told = Signer::from_pem(&pem).err().unwrap().to_string();
        assert!(told.contains(words), "{told}");
    }
}

/// An Entra look-alike that knows us by a federated credential and by nothing else.
async fn without_a_secret(cloud: &Cloud, azure: &Azure) -> Desk {
    let change = |settings: &mut config::Identity| {
        entra(&[TENANT])(settings);
        for provider in &mut settings.providers {
            CLIENT.clone_into(&mut provider.client_id);
            provider.client_secret = None;
            let chosen = provider.client_authentication();
            assert_eq!(
                chosen,
                ClientAuthentication::AzureIdentity,
                "without being told"
            );
        }
    };
    let desk = Desk::in_azure(&["work"], change, azure).await;
    let provider = &desk.providers["work"];
    looks_like_entra(provider, TENANT, TENANT);
    provider.change(|script| {
        script.entra = Some(cloud.clone());
        CLIENT.clone_into(&mut script.client);
    });
    desk
}

/// The token that AKS writes, in a file.
fn token_file(cloud: &Cloud) -> std::path::PathBuf {
    let file = tempfile::tempdir().unwrap().keep().join("token");
    std::fs::write(&file, cloud.change(|script| script.service_account_token())).unwrap();
    file
}

#[tokio::test]
async fn a_pod_signs_people_in_with_its_service_account_and_a_machine_with_its_identity() {
    let cloud = Cloud::start();
    let file = token_file(&cloud);
    for platform in [cloud.pod(&file), cloud.machine(), cloud.container_app()] {
        let azure = cloud.azure(platform);
        let desk = without_a_secret(&cloud, &azure).await;
        signed_in(
            &desk.sign_in("work").await,
            &azure.source().unwrap().to_string(),
        );
        let shown = azure.assertion("api://AzureADTokenExchange").await.unwrap();
        assert!(!format!("{shown:?}").contains(shown.expose()));
    }
}

#[tokio::test]
async fn entra_refuses_a_wrong_audience_subject_issuer_signature_and_a_token_that_expired() {
    type Change = fn(&mut Script);
    let cases: [(&str, Change); 5] = [
        ("audience", |s| s.federated[0].audience = "other".to_owned()),
        ("subject", |s| s.federated[0].subject = "other".to_owned()),
        ("issuer", |s| s.federated[0].issuer = "other".to_owned()),
        ("signature", |s| {
            s.cluster = crate::support::azure::jwt::Issuer::new(&s.cluster.name.clone());
        }),
        ("expired", |_| {}),
    ];
    for (case, change) in cases {
        let clock = std::sync::Arc::new(freehold::base::ManualClock::new(
            "2026-11-25T10:00:00Z".parse().unwrap(),
        ));
        let cloud = Cloud::at(clock.clone());
        let azure = cloud.azure(cloud.pod(&token_file(&cloud)));
        let desk = without_a_secret(&cloud, &azure).await;
        signed_in(&desk.sign_in("work").await, case);
        cloud.change(change);
        if case == "expired" {
            clock.advance(3600 + 301);
        }
        let answer = desk.sign_in("work").await;
        desk.refused_as(case, &answer, "could not be accepted")
            .await;
    }
}

#[tokio::test]
async fn a_client_secret_that_was_replaced_in_key_vault_works_at_once() {
    let cloud = Cloud::start();
    let azure = cloud.azure(cloud.machine());
    cloud.change(|script| script.vault.put_secret("client", SECRET));
    let reference = format!("keyvault:{}/secrets/client", cloud.url);
    let change = |settings: &mut config::Identity| {
        settings.providers[0].client_secret = Some(reference.parse().unwrap());
    };
    let desk = Desk::in_azure(&["work"], change, &azure).await;
    let provider = &desk.providers["work"];
    provider.change(|script| {
        script.metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        script.secret = Some(SECRET.to_owned());
    });
    signed_in(&desk.sign_in("work").await, "the secret of the vault");
    cloud.change(|script| script.vault.put_secret("client", "a new one"));
    provider.change(|script| script.secret = Some("a new one".to_owned()));
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "could not be accepted").await;
    signed_in(
        &desk.sign_in("work").await,
        "the new one, with the next sign-in",
    );
    assert_eq!(
        cloud.asked("GET /secrets/client"),
        3,
        "the challenge, and two versions"
    );
    cloud.change(|script| script.vault.away = true);
    signed_in(
        &desk.sign_in("work").await,
        "within five minutes the vault may be away",
    );
}
