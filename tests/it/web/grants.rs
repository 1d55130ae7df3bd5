//! What a provider gives: roles by word and by group, administrators by role, and how strong and
//! recent the sign-in there was.

use freehold::audit::{Asked, PartKind, Revealed};
use freehold::config;
use freehold::identity::{Role, Roles};
use serde_json::{Value, json};

use super::desk::{Desk, signed_in};
use crate::support::hostile::Hostile;

async fn with(change: impl FnOnce(&mut config::Provider)) -> Desk {
    Desk::with(&["work"], |settings| change(&mut settings.providers[0])).await
}

fn groups(provider: &mut config::Provider) {
    provider.role_groups.member = vec!["everybody".to_owned()];
    provider.role_groups.custodian = vec!["stores".to_owned()];
}

/// The provider says these instead of any role.
fn says(provider: &Hostile, claims: &Value) {
    provider.change(|script| {
        script.claims = claims.clone();
        if claims.get("roles").is_none() {
            script.claims["roles"] = json!(null);
        }
    });
}

impl Desk {
    async fn roles_of_alice(&self) -> Option<Roles> {
        let provider = &self.providers["work"];
        let alice = self.account(&provider.url, "alice").await;
        alice.map(|alice| alice.roles)
    }
}

#[tokio::test]
async fn groups_give_the_roles_that_the_configuration_maps_and_take_them_away() {
    let desk = with(groups).await;
    let provider = &desk.providers["work"];
    says(
        provider,
        &json!({ "groups": ["everybody", "stores", "others"] }),
    );
    signed_in(&desk.sign_in("work").await, "two groups");
    let both = Roles::of(&[Role::Member, Role::Custodian]);
    assert_eq!(desk.roles_of_alice().await, Some(both));
    says(
        provider,
        &json!({ "groups": ["everybody"], "roles": ["auditor"] }),
    );
    signed_in(&desk.sign_in("work").await, "a group and a role");
    let both = Roles::of(&[Role::Member, Role::Auditor]);
    assert_eq!(desk.roles_of_alice().await, Some(both));
    says(provider, &json!({ "groups": ["others", "administrator"] }));
    desk.refused(&desk.sign_in("work").await, "no role here")
        .await;
    assert_eq!(desk.roles_of_alice().await, Some(Roles::default()));
}

#[tokio::test]
async fn groups_that_were_left_out_give_no_role_and_take_away_what_groups_gave() {
    let desk = with(groups).await;
    let provider = &desk.providers["work"];
    let elsewhere = json!({
        "_claim_names": { "groups": "src1" },
        "_claim_sources": { "src1": { "endpoint": "https://graph.example/getMemberObjects" } },
    });
    says(provider, &elsewhere);
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "too many groups").await;
    assert!(answer.body.contains("ask the operator to use app roles"));
    assert_eq!(desk.roles_of_alice().await, None, "nobody is made");
    says(provider, &json!({ "groups": ["everybody", "stores"] }));
    signed_in(&desk.sign_in("work").await, "groups are there");
    says(provider, &json!({ "hasgroups": true }));
    desk.refused(&desk.sign_in("work").await, "too many groups")
        .await;
    assert_eq!(desk.roles_of_alice().await, Some(Roles::default()));
    says(
        provider,
        &json!({ "hasgroups": true, "groups": ["stores"], "roles": ["member"] }),
    );
    signed_in(&desk.sign_in("work").await, "an app role");
    let member = Roles::of(&[Role::Member]);
    assert_eq!(desk.roles_of_alice().await, Some(member));
}

#[tokio::test]
async fn a_role_at_one_provider_makes_administrators_and_the_same_word_at_another_does_not() {
    let desk = Desk::with(&["work", "other"], |settings| {
        settings.administrators = vec!["role:work:Freehold Administrators".parse().unwrap()];
    })
    .await;
    for (name, roles, good) in [
        ("work", json!(["Freehold Administrators"]), true),
        ("other", json!(["Freehold Administrators"]), false),
        ("work", json!("Freehold Administrators"), true),
        ("work", json!("Freehold Administrators others"), false),
        ("work", json!(["freehold administrators"]), false),
    ] {
        says(&desk.providers[name], &json!({ "roles": roles }));
        let answer = desk.sign_in(name).await;
        if good {
            signed_in(&answer, name);
            let roles = desk.roles_of_alice().await;
            assert_eq!(roles, Some(Roles::of(&[Role::Administrator])));
        } else {
            desk.refused(&answer, "no role here").await;
        }
    }
}

#[tokio::test]
async fn a_sign_in_is_as_strong_and_as_recent_as_the_configuration_asks() {
    let desk = with(|provider| {
        provider.required_acr = vec!["phr".to_owned(), "phrh".to_owned()];
        provider.required_amr = vec!["mfa".to_owned(), "hwk".to_owned()];
        provider.max_age_mins = Some(60);
    })
    .await;
    let provider = &desk.providers["work"];
    let begun = desk.house.browser().get("/auth/login?provider=work").await;
    let asked: url::Url = begun.location().parse().unwrap();
    let asked: Vec<_> = asked.query_pairs().into_owned().collect();
    let has = |name: &str, value: &str| asked.contains(&(name.to_owned(), value.to_owned()));
    assert!(
        has("acr_values", "phr phrh") && has("max_age", "3600"),
        "{asked:?}"
    );
    let cases = [
        (json!({}), true),
        (json!({ "acr": "phr" }), true),
        (json!({ "acr": "0" }), false),
        (json!({ "acr": "phr phrh" }), false),
        (json!({ "acr": null }), false),
        (json!({ "amr": ["mfa"] }), false),
        (json!({ "amr": [] }), false),
        (json!({ "amr": null }), false),
        (json!({ "amr": ["pwd", "hwk", "mfa"] }), true),
        (json!({ "auth_time": -3650 }), true),
        (json!({ "auth_time": -3670 }), false),
        (json!({ "auth_time": 30 }), true),
        (json!({ "auth_time": 90 }), false),
        (json!({ "auth_time": null }), false),
    ];
    for (over, good) in cases {
        let mut claims = json!({ "acr": "phrh", "amr": ["hwk", "mfa"], "auth_time": -10 });
        for (name, value) in over.as_object().unwrap() {
            claims[name] = value.clone();
        }
        provider.change(|script| script.claims = claims);
        let answer = desk.sign_in("work").await;
        if good {
            signed_in(&answer, &over.to_string());
        } else {
            desk.refused_as(&over.to_string(), &answer, "not as strong or as recent")
                .await;
        }
    }
}

#[tokio::test]
async fn what_the_provider_calls_somebody_is_in_the_audit_sealed_and_nowhere_else() {
    let desk = Desk::one().await;
    signed_in(&desk.sign_in("work").await, "alice");
    let test = &desk.house.test;
    let asked = Asked {
        action: Some("identity.session.start".to_owned()),
        limit: 1,
        ..Asked::default()
    };
    let page = test.audit().page(asked).await.unwrap();
    // Here without a connection.
    let person = json!({ "name": "Alice", "email": "alice@example.org", "source": "0.0.0.0" });
    let expected = [(Some(PartKind::Person), Revealed::Content(person))];
    assert_eq!(page.entries[0].parts, expected);

    // Whatever is in the file is readable to who has it.
    test.store.close().await;
    let mut files = std::fs::read_dir(test.folder.path()).unwrap();
    let plain = files.any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        bytes.windows(17).any(|found| found == b"alice@example.org")
    });
    assert!(!plain);
}
