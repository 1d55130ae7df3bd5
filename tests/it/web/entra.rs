//! Providers whose type says more than OpenID Connect does: Microsoft Entra ID, personal Microsoft
//! accounts, Google.

use freehold::config::ProviderType;
use http::StatusCode;
use serde_json::json;

use super::desk::{Desk, entra, signed_in};
use crate::support::hostile::{Hostile, rsa_jwk};

pub(super) const OURS: &str = "11111111-1111-4111-8111-111111111111";
const THEIRS: &str = "22222222-2222-4222-8222-222222222222";
const EVIL: &str = "66666666-6666-4666-8666-666666666666";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
pub(super) const OID: &str = "aaaaaaaa-0000-4000-8000-000000000001";

fn issuer(of: &Hostile, tenant: &str) -> String {
    format!("{}/{tenant}/v2.0", of.url)
}

/// The provider's metadata names `published`, and it signs in somebody of `tenant`.
pub(super) fn looks_like_entra(provider: &Hostile, published: &str, tenant: &str) {
    let names = (issuer(provider, published), issuer(provider, tenant));
    provider.change(|script| {
        script.metadata["issuer"] = json!(names.0);
        script.metadata["authorization_response_iss_parameter_supported"] = json!(false);
        script.callback = json!({ "iss": null });
        script.claims = json!({ "iss": names.1, "tid": tenant, "oid": OID, "sub": "pairwise" });
    });
}

#[tokio::test]
async fn of_one_tenant_a_person_is_tenant_and_object_id() {
    let desk = Desk::with(&["work"], entra(&[OURS])).await;
    let provider = &desk.providers["work"];
    looks_like_entra(provider, OURS, OURS);
    signed_in(&desk.sign_in("work").await, "our tenant");
    let metadata = format!("/{OURS}/v2.0/.well-known/openid-configuration");
    assert_eq!(provider.asked(&metadata), 1);
    let ours = issuer(provider, OURS);
    assert!(desk.account(&ours, OID).await.is_some());
    assert!(desk.account(&ours, "pairwise").await.is_none());
    looks_like_entra(provider, OURS, EVIL);
    desk.refused(&desk.sign_in("work").await, "cannot sign in here")
        .await;
    // The metadata of another tenant is not ours.
    let desk = Desk::with(&["work"], entra(&[OURS])).await;
    looks_like_entra(&desk.providers["work"], EVIL, OURS);
    let begun = desk.house.browser().get("/auth/login?provider=work").await;
    assert_eq!(begun.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn of_several_tenants_only_those_on_the_list_sign_in_and_the_same_address_is_another_person()
{
    let desk = Desk::with(&["work"], entra(&[OURS, THEIRS])).await;
    let provider = &desk.providers["work"];
    for tenant in [OURS, THEIRS] {
        looks_like_entra(provider, "{tenantid}", tenant);
        signed_in(&desk.sign_in("work").await, tenant);
    }
    assert_eq!(
        provider.asked("/organizations/v2.0/.well-known/openid-configuration"),
        1
    );
    let alice = desk.account(&issuer(provider, OURS), OID).await.unwrap();
    let other = desk.account(&issuer(provider, THEIRS), OID).await.unwrap();
    assert_ne!(
        alice.id, other.id,
        "the same oid and address, another tenant"
    );
    // nOAuth: any tenant writes any address into its tokens.
    looks_like_entra(provider, "{tenantid}", EVIL);
    desk.refused(&desk.sign_in("work").await, "cannot sign in here")
        .await;
    let evil = issuer(provider, EVIL);
    assert!(desk.account(&evil, OID).await.is_none());
    assert_eq!(provider.asked("/token"), 3);
}

#[tokio::test]
async fn a_tenant_vouches_for_nobody_of_another() {
    let desk = Desk::with(&["work"], entra(&[OURS, THEIRS])).await;
    let provider = &desk.providers["work"];
    let cases = [
        (
            "the template itself",
            json!({ "iss": issuer(provider, "{tenantid}") }),
        ),
        (
            "the issuer of another tenant",
            json!({ "iss": issuer(provider, THEIRS) }),
        ),
        (
            "the issuer of a foreign tenant",
            json!({ "iss": issuer(provider, EVIL) }),
        ),
        (
            "another version",
            json!({ "iss": format!("{}/{OURS}/", provider.url) }),
        ),
        ("no tid", json!({ "tid": null })),
        ("a tid that is none", json!({ "tid": "common" })),
        (
            "a tid in other letters",
            json!({ "tid": "{11111111-1111-4111-8111-111111111111}" }),
        ),
        ("no oid", json!({ "oid": null })),
        ("an empty oid", json!({ "oid": "" })),
    ];
    for (case, over) in cases {
        looks_like_entra(provider, "{tenantid}", OURS);
        provider.change(|script| {
            for (name, value) in over.as_object().unwrap() {
                script.claims[name] = value.clone();
            }
        });
        let answer = desk.sign_in("work").await;
        desk.refused_as(case, &answer, "could not be accepted")
            .await;
    }
}

#[tokio::test]
async fn a_key_signs_for_the_issuer_that_it_is_published_for() {
    for (of_key, good) in [("{tenantid}", true), (OURS, true), (PERSONAL, false)] {
        let desk = Desk::with(&["work"], entra(&[OURS, THEIRS])).await;
        let provider = &desk.providers["work"];
        looks_like_entra(provider, "{tenantid}", OURS);
        let mut key = rsa_jwk("first");
        key["issuer"] = json!(issuer(provider, of_key));
        provider.change(|script| script.keys = vec![key]);
        let answer = desk.sign_in("work").await;
        if good {
            signed_in(&answer, of_key);
        } else {
            desk.refused(&answer, "could not be accepted").await;
        }
    }
}

#[tokio::test]
async fn a_personal_account_is_of_microsofts_own_tenant() {
    let desk = Desk::with(&["home"], |settings| {
        entra(&[])(settings);
        settings.providers[0].r#type = ProviderType::MicrosoftAccount;
    })
    .await;
    let provider = &desk.providers["home"];
    looks_like_entra(provider, PERSONAL, PERSONAL);
    signed_in(&desk.sign_in("home").await, "personal");
    assert_eq!(
        provider.asked("/consumers/v2.0/.well-known/openid-configuration"),
        1
    );
    assert!(
        desk.account(&issuer(provider, PERSONAL), OID)
            .await
            .is_some()
    );
    looks_like_entra(provider, PERSONAL, OURS);
    desk.refused(&desk.sign_in("home").await, "cannot sign in here")
        .await;
}

#[tokio::test]
async fn an_answer_names_an_issuer_that_may_answer_and_that_of_the_token() {
    let desk = Desk::with(&["work"], entra(&[OURS, THEIRS])).await;
    let provider = &desk.providers["work"];
    for (named, good) in [(OURS, true), (THEIRS, false), (EVIL, false)] {
        looks_like_entra(provider, "{tenantid}", OURS);
        let named = issuer(provider, named);
        provider.change(|script| script.callback = json!({ "iss": named }));
        let answer = desk.sign_in("work").await;
        if good {
            signed_in(&answer, &named);
        } else {
            desk.refused(&answer, "the provider that was asked").await;
        }
    }
}

#[tokio::test]
async fn only_people_of_the_hosted_domains_sign_in_with_google() {
    let desk = Desk::with(&["google"], |settings| {
        let provider = &mut settings.providers[0];
        provider.r#type = ProviderType::Google;
        provider.hosted_domains = vec!["example.org".to_owned(), "example.com".to_owned()];
    })
    .await;
    let provider = &desk.providers["google"];
    let cases = [
        (json!("example.org"), true),
        (json!("Example.COM"), true),
        (json!("evil.example"), false),
        (json!("example.org.evil.example"), false),
        (json!(""), false),
        (json!(["example.org"]), false),
        (json!(null), false),
    ];
    for (domain, good) in cases {
        let what = domain.to_string();
        provider.change(|script| script.claims = json!({ "hd": domain }));
        let answer = desk.sign_in("google").await;
        if good {
            signed_in(&answer, &what);
        } else {
            desk.refused(&answer, "cannot sign in here").await;
        }
    }
}

#[tokio::test]
async fn google_is_told_the_domain_where_there_is_one() {
    for (domains, told) in [
        (vec![], false),
        (vec!["example.org"], true),
        (vec!["example.org", "example.com"], false),
    ] {
        let desk = Desk::with(&["google"], |settings| {
            let provider = &mut settings.providers[0];
            provider.r#type = ProviderType::Google;
            provider.hosted_domains = domains.into_iter().map(str::to_owned).collect();
        })
        .await;
        let begun = desk.house.browser().get("/auth/login").await;
        assert_eq!(begun.location().contains("&hd=example.org"), told);
    }
}

#[tokio::test]
async fn two_providers_with_the_same_subject_and_address_know_two_people() {
    let desk = Desk::with(&["one", "two"], |_| {}).await;
    for name in ["one", "two"] {
        signed_in(&desk.sign_in(name).await, name);
    }
    let account = async |name: &str| {
        let provider = &desk.providers[name];
        desk.account(&provider.url, "alice").await.unwrap().id
    };
    assert_ne!(account("one").await, account("two").await);
}
