//! Cases from public bug reports of comparable products: S02 and S04 (`tests/fixtures/cases`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use freehold::config::{self, SecretRef};
use freehold::identity::{Role, Roles};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::desk::{Desk, signed_in};
use crate::support::hostile::CLIENT;

/// The secret in the files of S04.
const SECRET: &str = "a+b%2Fc:d~e/f=&gü h";

fn case(name: &str) -> std::path::PathBuf {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cases");
    std::path::Path::new(cases).join(name)
}

/// The bytes of a header section on the wire.
fn bytes(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// OpenID Connect Core 1.0 §5.1.2 leaves the form of other claims open.
#[tokio::test]
async fn s02_one_role_is_a_text_or_a_list_and_199_groups_are_no_matter() {
    let desk = Desk::with(&["work"], |settings| {
        settings.administrators = vec!["role:work:admin".parse().unwrap()];
        settings.providers[0].role_groups.auditor = vec!["team-1".to_owned()];
    })
    .await;
    let provider = &desk.providers["work"];
    let administrator = Roles::of(&[Role::Administrator]);
    for (name, roles) in [
        (
            "S02-one.json",
            Roles::of(&[Role::Administrator, Role::Auditor]),
        ),
        ("S02-odd.json", administrator),
        ("S02-space.json", Roles::default()),
        ("S02-many.json", Roles::of(&[Role::Member])),
    ] {
        let claims: Value = serde_json::from_slice(&std::fs::read(case(name)).unwrap()).unwrap();
        provider.change(|script| script.claims = claims);
        let mut browser = desk.house.browser();
        let begun = browser.get("/auth/login?return_to=/items").await;
        let back = crate::support::hostile::Hostile::follow(begun.location()).await;
        let back = back.strip_prefix(super::house::HERE).unwrap();
        let answer = browser.get(back).await;
        if roles == Roles::default() {
            // Roles are read anew at each sign-in, so what there was is gone.
            desk.refused_as(name, &answer, "no role here").await;
        } else {
            signed_in(&answer, name);
        }
        let alice = desk.account(&provider.url, "alice").await.unwrap();
        assert_eq!(alice.roles, roles, "{name}");
        for answer in [&begun, &answer] {
            assert!(
                bytes(&answer.headers) < 4096,
                "{name}: {:?}",
                answer.headers
            );
        }
        let session = browser.cookies.get("fh-s").map_or(0, String::len);
        assert!(session < 512, "{name}: {session}");
    }
}

/// RFC 6749 §2.3.1 and Appendix B: id and secret are form-encoded before they are joined by a colon.
#[tokio::test]
async fn s04_a_secret_from_a_file_arrives_as_it_is_by_either_method() {
    for file in ["S04-secret.txt", "S04-secret-crlf.txt"] {
        let with_file = |settings: &mut config::Identity| {
            settings.providers[0].client_secret = Some(SecretRef::File(case(file)));
        };
        let desk = Desk::with(&["work"], with_file).await;
        let provider = &desk.providers["work"];
        for method in ["client_secret_basic", "client_secret_post"] {
            provider.change(|script| {
                let methods = json!([method]);
                script.metadata["token_endpoint_auth_methods_supported"] = methods;
            });
            desk.house.test.clock.advance(3600);
            signed_in(&desk.sign_in("work").await, method);
            let mut asked = Vec::new();
            provider.change(|script| asked = std::mem::take(&mut script.forms));
            let [(basic, form)] = asked.as_slice() else {
                panic!("{asked:?}");
            };
            if method == "client_secret_post" {
                assert_eq!(basic, "");
                assert_eq!(
                    (&*form["client_id"], &*form["client_secret"]),
                    (CLIENT, SECRET)
                );
                continue;
            }
            assert!(!form.contains_key("client_secret"));
            let pair = BASE64_STANDARD.decode(basic.strip_prefix("Basic ").unwrap());
            let pair = String::from_utf8(pair.unwrap()).unwrap();
            let (id, secret) = pair.split_once(':').unwrap();
            assert!(secret.is_ascii() && !secret.contains(':'), "{secret}");
            let decoded = |text: &str| {
                let pair = format!("x={text}");
                let mut pairs = url::form_urlencoded::parse(pair.as_bytes()).into_owned();
                pairs.next().unwrap().1
            };
            assert_eq!(
                (decoded(id), decoded(secret)),
                (CLIENT.to_owned(), SECRET.to_owned())
            );
        }
    }
}

/// OpenID Connect Core 1.0 §5.3: what signs in is the ID token alone, so nothing that another
/// endpoint says about another person can be mixed in.
#[tokio::test]
async fn the_userinfo_endpoint_is_never_asked() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    provider.change(|script| {
        script.metadata["userinfo_endpoint"] = json!(format!("{}/userinfo", provider.url));
    });
    let answer = desk.sign_in("work").await;
    signed_in(&answer, "honest");
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(provider.asked("/userinfo"), 0);
}
