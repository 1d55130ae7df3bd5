//! Sessions that a provider ends, and the way to end one's session there.

use axum::body::Body;
use freehold::audit::Verdict;
use freehold::identity::sessions::{Origin, Origins, end_from, resume, start};
use freehold::identity::{Identity, Role, Roles, SessionLimits, principals};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::desk::{Desk, entra, signed_in};
use super::entra::looks_like_entra;
use super::house::{Answer, Browser, House};
use crate::support::hostile::{Signer, rsa_jwk};

const OURS: &str = "11111111-1111-4111-8111-111111111111";
const THEIRS: &str = "22222222-2222-4222-8222-222222222222";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

pub(super) async fn entries(house: &House) -> usize {
    match house.test.audit().verify(None, |_| {}).await.unwrap() {
        Verdict::Whole { entries } => entries.try_into().unwrap(),
        Verdict::Broken { .. } => panic!("the chain is broken"),
    }
}

#[tokio::test]
async fn a_provider_ends_the_sessions_that_came_from_it_and_no_other() {
    let house = House::new().await;
    let mut secrets = Vec::new();
    for (issuer, subject, sid) in [
        ("one", "ann", Some("1")),
        ("one", "ann", Some("2")),
        ("one", "ann", None),
        ("one", "ben", None),
        ("two", "ann", Some("1")),
    ] {
        let roles = Roles::of(&[Role::Member]);
        let person = principals::find_or_create(&house.identity, issuer, subject, roles);
        let origin = Origin {
            issuer: issuer.to_owned(),
            sid: sid.map(str::to_owned),
            authenticated_at: None,
            person: None,
            provider: "work".to_owned(),
        };
        let started = start(&house.identity, person.await.unwrap().id, Some(origin)).await;
        secrets.push(started.unwrap().secret.expose().to_owned());
    }
    // Another process on the same store.
    let (store, keys) = (house.test.store.clone(), house.test.keys.clone());
    let elsewhere = Identity::new(store, keys, SessionLimits::default());
    let by_sid = |sid: &str, subject: Option<&str>| Origins::Session {
        issuers: vec!["one".to_owned()],
        sid: sid.to_owned(),
        subject: subject.map(str::to_owned),
    };
    let account = Origins::Account {
        issuer: "one".to_owned(),
        subject: "ann".to_owned(),
    };
    let steps: [(Origins, &[usize]); 5] = [
        (by_sid("9", None), &[]),
        (by_sid("1", None), &[0]),
        (by_sid("1", None), &[0]),
        (by_sid("9", Some("ann")), &[0, 2]),
        (account, &[0, 1, 2]),
    ];
    let mut over = 0;
    for (which, gone) in steps {
        let before = entries(&house).await;
        let shown = format!("{which:?}");
        let ended = end_from(&house.identity, "work", which).await.unwrap();
        let recorded = entries(&house).await - before;
        assert_eq!(recorded, ended, "{shown}");
        assert_eq!(ended, gone.len() - over, "{shown}");
        over = gone.len();
        for (number, secret) in secrets.iter().enumerate() {
            let expected = gone.contains(&number);
            let gone = resume(&elsewhere, secret).await.is_err();
            assert_eq!(gone, expected, "{shown}: {number}");
        }
    }
}

/// A browser that signs in with `work`, in the provider's session `sid`.
async fn inside(desk: &Desk, sid: Value) -> Browser {
    let provider = &desk.providers["work"];
    provider.change(|script| script.claims["sid"] = sid);
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    signed_in(&browser.get(&back).await, "honest");
    browser
}

pub(super) async fn is_in(browser: &Browser) -> bool {
    browser.clone().get("/").await.status == StatusCode::OK
}

/// The provider sends `token`.
async fn told(desk: &Desk, token: &str) -> Answer {
    let request = Request::post("/auth/back-channel-logout")
        .header("content-type", "application/x-www-form-urlencoded");
    let body = Body::from(format!("logout_token={token}"));
    desk.house.browser().send_with(request, body).await
}

async fn framed(desk: &Desk, query: &str) -> Answer {
    let path = format!("/auth/front-channel-logout?{query}");
    desk.house.browser().get(&path).await
}

/// The link on the page after the sign-out that leads to the provider.
pub(super) fn link(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("class=\"button wide\" href=\"http")?;
    let link = rest.split('"').next()?;
    Some(format!(
        "http{}",
        link.replace("&amp;", "&").replace("&#38;", "&")
    ))
}

#[tokio::test]
async fn a_logout_token_with_a_wrong_claim_ends_nothing_and_is_counted() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    let browser = inside(&desk, json!("s1")).await;
    let events = |events: Value| json!({ "events": events });
    let other = json!({ "http://schemas.openid.net/event/other": {} });
    let foreign = "iss and aud are not those";
    let cases = [
        (foreign, json!({ "iss": "https://login.example.org" })),
        (foreign, json!({ "iss": format!("{}/", provider.url) })),
        (foreign, json!({ "iss": null })),
        (foreign, json!({ "aud": "another" })),
        (foreign, json!({ "aud": ["another"] })),
        (foreign, json!({ "aud": null })),
        ("its events", json!({ "events": null })),
        ("its events", events(json!({}))),
        ("its events", events(other)),
        ("its events", events(json!({ EVENT: "" }))),
        ("its events", events(json!([EVENT]))),
        ("nonce", json!({ "nonce": "n" })),
        ("nonce", json!({ "nonce": "" })),
        ("no iat", json!({ "iat": null })),
        ("no iat", json!({ "iat": "now" })),
        ("iat is in the future", json!({ "iat": 61 })),
        ("more than two minutes ago", json!({ "iat": -181 })),
        ("no exp", json!({ "exp": null })),
        ("has expired", json!({ "exp": -61 })),
        ("no jti", json!({ "jti": null })),
        ("no jti", json!({ "jti": 7 })),
        ("neither sub", json!({ "sub": null })),
        ("neither sub", json!({ "sub": null, "sid": "" })),
    ];
    for (words, over) in cases {
        refused(&desk, words, &provider.logout_token(&over)).await;
    }
    for text in ["", "a.b", "YQ.YQ.YQ", "e30.e30"] {
        refused(&desk, "no JWS", text).await;
    }
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn a_logout_token_that_the_provider_did_not_sign_ends_nothing_and_is_counted() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    provider.change(|script| script.keys.push(rsa_jwk("weak")));
    let browser = inside(&desk, json!("s1")).await;
    let nothing = json!({});
    let cases = [
        ("not published", Signer::Rsa("weak"), nothing.clone()),
        ("its alg", Signer::Nobody, nothing.clone()),
        ("its alg", Signer::ClientSecret, nothing.clone()),
        ("its alg", Signer::PublicKey, nothing.clone()),
        ("its alg", Signer::Ec, nothing.clone()),
        ("its alg", Signer::Rsa("first"), json!({ "alg": null })),
        ("not published", Signer::Rsa("second"), nothing),
        (
            "signature",
            Signer::Rsa("second"),
            json!({ "kid": "first" }),
        ),
        ("signature", Signer::Rsa("second"), json!({ "kid": null })),
        ("its typ", Signer::Rsa("first"), json!({ "typ": "at+jwt" })),
        ("its typ", Signer::Rsa("first"), json!({ "typ": 7 })),
        ("crit", Signer::Rsa("first"), json!({ "crit": ["b64"] })),
    ];
    for (words, signer, header) in cases {
        provider.change(|script| {
            script.signer = signer;
            script.header = header;
        });
        refused(&desk, words, &provider.logout_token(&json!({}))).await;
        provider.reform();
    }
    provider.change(|script| script.forged = true);
    refused(&desk, "signature", &provider.logout_token(&json!({}))).await;
    assert!(is_in(&browser).await);
}

async fn refused(desk: &Desk, words: &str, token: &str) {
    let answer = told(desk, token).await;
    let (status, said) = (answer.status, &answer.body);
    assert_eq!(status, StatusCode::BAD_REQUEST, "{words}: {said}");
    assert_eq!(answer.header("content-type"), "application/json", "{words}");
    let body: Value = serde_json::from_str(said).unwrap();
    assert_eq!(body["error"], "invalid_request", "{words}");
    let description = body["error_description"].as_str().unwrap();
    assert!(description.contains(words), "{words}: {description}");
    assert_eq!(desk.refusals().await, 1, "{words}");
}

#[tokio::test]
async fn a_good_logout_token_ends_the_sessions_it_is_about_and_is_used_once() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    let sid = |over: Value| {
        let mut claims = json!({ "sub": null, "sid": "s1" });
        let over = over.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(over);
        claims
    };
    let cases = [
        (json!({}), sid(json!({}))),
        (
            json!({ "typ": "logout+jwt" }),
            sid(json!({ "aud": ["freehold", "other"] })),
        ),
        (json!({ "typ": "JWT" }), sid(json!({ "sub": "alice" }))),
        (json!({ "kid": null }), sid(json!({ "iat": 55 }))),
        (json!({}), sid(json!({ "iat": -170, "exp": -55 }))),
    ];
    for (header, claims) in cases {
        let (here, there) = (
            inside(&desk, json!("s1")).await,
            inside(&desk, json!("s2")).await,
        );
        provider.change(|script| script.header = header.clone());
        let before = entries(&desk.house).await;
        let token = provider.logout_token(&claims);
        let answer = told(&desk, &token).await;
        assert_eq!(answer.status, StatusCode::OK, "{claims}: {}", answer.body);
        assert_eq!(entries(&desk.house).await - before, 1, "{claims}");
        assert!(
            !is_in(&here).await && is_in(&there).await,
            "{header} {claims}"
        );
        refused(&desk, "used before", &token).await;
        provider.reform();
        // What ended is forgotten after five minutes, so that the next case can have it again.
        desk.house.test.clock.advance(301);
    }
    // The account: all its sessions, with a name there or without.
    let all = [
        inside(&desk, json!("s3")).await,
        inside(&desk, json!(null)).await,
    ];
    let other = told(&desk, &provider.logout_token(&json!({ "sub": "bob" }))).await;
    assert_eq!(other.status, StatusCode::OK);
    assert!(is_in(&all[0]).await && is_in(&all[1]).await);
    let token = provider.logout_token(&json!({}));
    assert_eq!(told(&desk, &token).await.status, StatusCode::OK);
    assert!(!is_in(&all[0]).await && !is_in(&all[1]).await);
}

#[tokio::test]
async fn a_logout_that_overtakes_the_sign_in_ends_it() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    provider.change(|script| script.claims = json!({ "sid": "s1" }));
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    let token = provider.logout_token(&json!({ "sid": "s1" }));
    assert_eq!(told(&desk, &token).await.status, StatusCode::OK);
    desk.refused(&browser.get(&back).await, "has ended").await;
    provider.change(|script| script.claims = json!({ "sid": "s2" }));
    signed_in(&desk.sign_in("work").await, "the next session");
}

#[tokio::test]
async fn a_logout_token_of_entra_is_of_an_allowed_tenant_and_names_the_object_id() {
    let desk = Desk::with(&["work"], entra(&[OURS])).await;
    let provider = &desk.providers["work"];
    looks_like_entra(provider, OURS, OURS);
    let issuer = |tenant: &str| format!("{}/{tenant}/v2.0", provider.url);
    let browser = inside(&desk, json!("s1")).await;
    let foreign = json!({ "iss": issuer(THEIRS), "sid": "s1" });
    refused(&desk, "iss and aud", &provider.logout_token(&foreign)).await;
    let pairwise = json!({ "iss": issuer(OURS), "sub": "pairwise" });
    refused(&desk, "neither sub", &provider.logout_token(&pairwise)).await;
    assert!(is_in(&browser).await);
    let oid = json!({ "iss": issuer(OURS), "oid": "aaaaaaaa-0000-4000-8000-000000000001" });
    assert_eq!(
        told(&desk, &provider.logout_token(&oid)).await.status,
        StatusCode::OK
    );
    assert!(!is_in(&browser).await);
    // In a frame Entra names only the session.
    let (here, there) = (
        inside(&desk, json!("s2")).await,
        inside(&desk, json!("s3")).await,
    );
    assert_eq!(framed(&desk, "sid=s2").await.status, StatusCode::OK);
    assert!(!is_in(&here).await && is_in(&there).await);
}

#[tokio::test]
async fn a_frame_of_the_provider_ends_its_session_and_no_other_page_may_frame() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    let (here, there) = (
        inside(&desk, json!("s1")).await,
        inside(&desk, json!("s2")).await,
    );
    for query in ["", "sid=", "sid=s9", "iss=https://login.example.org&sid=s1"] {
        let answer = framed(&desk, query).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert_eq!(desk.refusals().await, 1, "{query}");
    }
    assert!(is_in(&here).await);
    let known = format!("iss={}&sid=s1", provider.url);
    for counted in [0, 1] {
        let answer = framed(&desk, &known).await;
        assert_eq!(answer.status, StatusCode::OK);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains(&format!("frame-ancestors {};", provider.url)),
            "{policy}"
        );
        assert_eq!(desk.refusals().await, counted, "once more is no fault");
    }
    assert!(!is_in(&here).await && is_in(&there).await);
    for _ in 0..30 {
        framed(&desk, "sid=guess").await;
    }
    let limited = framed(&desk, "sid=guess").await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(framed(&desk, "sid=s2").await.status, StatusCode::OK);
    assert!(!is_in(&there).await, "the limit is for guesses only");
}

#[tokio::test]
async fn after_the_sign_out_a_page_leads_to_the_provider_where_it_says_how() {
    for (endpoint, leads) in [
        (json!(null), false),
        (json!("http://login.example.org/out"), false),
        (json!("javascript:alert(1)"), false),
        (json!("https://login.example.org/out?x=1"), true),
    ] {
        let desk = Desk::one().await;
        desk.providers["work"].change(|script| {
            script.metadata["end_session_endpoint"] = endpoint.clone();
        });
        let mut browser = inside(&desk, json!("s1")).await;
        assert_eq!(
            browser.get("/signed-out?provider=work").await.location(),
            "/"
        );
        let old = browser.clone();
        let out = browser.post("/sign-out").await;
        assert_eq!(out.location(), "/signed-out?provider=work");
        assert!(!is_in(&old).await, "here it is over whatever happens there");
        let page = browser.get(out.location()).await;
        let link = link(&page.body);
        assert_eq!(link.is_some(), leads, "{endpoint}: {}", page.body);
        let Some(link) = link else {
            assert_eq!(page.location(), "/sign-in");
            continue;
        };
        let link: url::Url = link.parse().unwrap();
        let pairs: std::collections::BTreeMap<_, _> = link.query_pairs().into_owned().collect();
        assert_eq!(
            pairs.keys().collect::<Vec<_>>(),
            ["client_id", "post_logout_redirect_uri", "state", "x"]
        );
        assert_eq!(pairs["client_id"], "freehold");
        assert_eq!(
            pairs["post_logout_redirect_uri"],
            "http://127.0.0.1:8080/sign-in"
        );
        let state = &pairs["state"];
        for (back, believed) in [
            ("/sign-in".to_owned(), false),
            ("/sign-in?state=another".to_owned(), false),
            (format!("/sign-in?state={state}"), true),
            (format!("/sign-in?state={state}"), false),
        ] {
            let shown = browser.get(&back).await.body.contains("at the provider");
            assert_eq!(shown, believed, "{back}");
        }
    }
}
