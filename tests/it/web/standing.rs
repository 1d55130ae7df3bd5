//! Whether a person may still be signed in: the provider is asked with the refresh token (OpenID
//! Connect Core 1.0 §12).

use freehold::config;
use http::StatusCode;
use serde_json::json;

use super::desk::{Desk, signed_in};
use super::house::Browser;
use super::logout::{entries, is_in};
use crate::support::hostile::{Script, Signer, rsa_jwk};

pub(super) const EVERY_SECS: i64 = 60;

/// A desk whose provider gives refresh tokens, and is asked every minute.
async fn desk() -> Desk {
    let often = |settings: &mut config::Identity| settings.session_check_secs = 60;
    let desk = Desk::with(&["work"], often).await;
    gives(&desk, "one");
    desk
}

/// The provider gives this refresh token from now on.
fn gives(desk: &Desk, refresh: &str) {
    desk.providers["work"].change(|script| script.answer["refresh_token"] = json!(refresh));
}

/// Somebody who is signed in at `work`.
pub(super) async fn inside(desk: &Desk) -> Browser {
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    signed_in(&browser.get(&back).await, "honest");
    browser
}

/// The refresh tokens that the provider was asked with since the last time.
fn asked(desk: &Desk) -> Vec<String> {
    let mut forms = Vec::new();
    desk.providers["work"].change(|script| forms = std::mem::take(&mut script.forms));
    let mut forms: Vec<_> = forms.into_iter().map(|(_, form)| form).collect();
    forms.retain(|form| form["grant_type"] == "refresh_token");
    let token = |form: std::collections::BTreeMap<String, String>| form["refresh_token"].clone();
    forms.into_iter().map(token).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[tokio::test]
async fn a_provider_is_asked_once_in_a_while_and_with_its_newest_token() {
    let desk = desk().await;
    let clock = &desk.house.test.clock;
    let browser = inside(&desk).await;
    clock.advance(EVERY_SECS - 1);
    assert!(is_in(&browser).await);
    assert_eq!(asked(&desk), none(), "not yet");
    clock.advance(1);
    gives(&desk, "two");
    // Two requests at once: one asks, the other goes on.
    let both = tokio::join!(is_in(&browser), is_in(&browser));
    assert_eq!(both, (true, true));
    assert_eq!(asked(&desk), ["one"]);
    clock.advance(EVERY_SECS);
    // A provider that does not rotate: the token stays. The ID token may be missing.
    let keeps = json!({ "refresh_token": null, "id_token": null });
    desk.providers["work"].change(|script| script.answer = keeps);
    for _ in 0..2 {
        assert!(is_in(&browser).await);
        assert_eq!(asked(&desk), ["two"]);
        clock.advance(EVERY_SECS);
    }
}

/// A case, and how the provider deviates when it is asked again.
type Case = (&'static str, fn(&mut Script));

const OVER: &[Case] = &[
    ("the account was turned off", |s| {
        s.refuses = Some("invalid_grant");
    }),
    ("another iss", |s| {
        s.claims["iss"] = json!("http://evil.example");
    }),
    ("another sub", |s| s.claims["sub"] = json!("bob")),
    ("another aud", |s| s.claims["aud"] = json!("another")),
    ("exp an hour ago", |s| s.claims["exp"] = json!(-3600)),
    ("iat in an hour", |s| s.claims["iat"] = json!(3600)),
    ("a wrong signature", |s| s.forged = true),
    ("alg none", |s| s.signer = Signer::Nobody),
];

#[tokio::test]
async fn a_session_ends_when_its_provider_does_not_vouch_for_the_person_any_more() {
    for (case, deviate) in OVER {
        let desk = desk().await;
        let (browser, other) = (inside(&desk).await, inside(&desk).await);
        let before = entries(&desk.house).await;
        desk.providers["work"].change(*deviate);
        desk.house.test.clock.advance(EVERY_SECS);
        assert!(!is_in(&browser).await, "{case}");
        assert_eq!(entries(&desk.house).await - before, 1, "{case}");
        desk.providers["work"].reform();
        assert!(!is_in(&browser).await, "{case}: it stays so");
        assert_eq!(asked(&desk), none(), "{case}");
        assert!(is_in(&other).await, "{case}: each session for itself");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_answer_ends_nothing_and_is_asked_again() {
    let desk = desk().await;
    let (provider, clock) = (&desk.providers["work"], &desk.house.test.clock);
    let browser = inside(&desk).await;
    for error in ["temporarily_unavailable", "invalid_client", "server_error"] {
        provider.change(|script| script.refuses = Some(error));
        clock.advance(EVERY_SECS);
        assert!(is_in(&browser).await, "{error}");
        assert_eq!(asked(&desk), ["one"], "{error}");
        assert!(is_in(&browser).await && asked(&desk) == none(), "{error}");
    }
    // It changes its key just before it signs, and nobody has read that one yet.
    provider.change(|script| {
        script.refuses = None;
        script.keys = vec![rsa_jwk("second")];
        script.signer = Signer::Rsa("second");
    });
    clock.advance(EVERY_SECS);
    assert!(is_in(&browser).await);
    assert_eq!(provider.asked("/keys"), 2);
    provider.change(|script| script.refuses = Some("invalid_grant"));
    clock.advance(EVERY_SECS);
    assert!(!is_in(&browser).await);
}

#[tokio::test]
async fn nobody_is_asked_without_a_token_or_after_the_sign_out_or_where_it_is_turned_off() {
    let without = desk().await;
    without.providers["work"].change(|script| script.answer = json!({}));
    let never = Desk::with(&["work"], |settings| settings.session_check_secs = 0).await;
    gives(&never, "one");
    for desk in [&without, &never] {
        let browser = inside(desk).await;
        desk.house.test.clock.advance(20 * EVERY_SECS);
        assert!(is_in(&browser).await);
        assert_eq!(asked(desk), none());
    }
    let desk = desk().await;
    let mut browser = inside(&desk).await;
    let kept = browser.clone();
    let out = browser.post("/sign-out").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    desk.house.test.clock.advance(EVERY_SECS);
    assert!(!is_in(&kept).await);
    assert_eq!(asked(&desk), none());
}
