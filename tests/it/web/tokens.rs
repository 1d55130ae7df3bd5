//! Everything that a hostile provider may put into a token, a key set or the way back: what is
//! accepted, what is refused, and that a refusal is counted once and starts no session.

use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Desk, signed_in};
use super::house::HERE;
use crate::support::hostile::{Hostile, Script, Signer, ec_jwk, rsa_jwk};

/// A case, whether it is accepted, and how the provider deviates.
type Case = (&'static str, bool, fn(&mut Script));

fn claim(script: &mut Script, name: &str, value: Value) {
    script.claims[name] = value;
}

fn head(script: &mut Script, name: &str, value: Value) {
    script.header[name] = value;
}

fn also_signs_with(script: &mut Script, algorithm: &str) {
    let all = &mut script.metadata["id_token_signing_alg_values_supported"];
    all.as_array_mut().unwrap().push(json!(algorithm));
}

/// OpenID Connect Core 1.0 §3.1.3.7: what a token says.
const CLAIMS: &[Case] = &[
    ("honest", true, |_| {}),
    ("iss of another", false, |s| {
        claim(s, "iss", json!("http://evil.example"));
    }),
    ("iss with a slash more", false, |s| {
        let issuer = format!("{}/", s.metadata["issuer"].as_str().unwrap());
        claim(s, "iss", json!(issuer));
    }),
    ("no iss", false, |s| claim(s, "iss", json!(null))),
    ("aud of another", false, |s| {
        claim(s, "aud", json!("another"));
    }),
    ("no aud", false, |s| claim(s, "aud", json!(null))),
    ("empty aud", false, |s| claim(s, "aud", json!([]))),
    ("aud is a list of one", true, |s| {
        claim(s, "aud", json!(["freehold"]));
    }),
    ("a second aud", false, |s| {
        claim(s, "aud", json!(["freehold", "another"]));
    }),
    ("no sub", false, |s| claim(s, "sub", json!(null))),
    ("sub is a number", false, |s| claim(s, "sub", json!(7))),
    ("nonce of another", false, |s| {
        claim(s, "nonce", json!("another"));
    }),
    ("no nonce", false, |s| claim(s, "nonce", json!(null))),
    ("no iat", false, |s| claim(s, "iat", json!(null))),
    ("iat in an hour", false, |s| claim(s, "iat", json!(3600))),
    ("iat in half a minute", true, |s| claim(s, "iat", json!(30))),
    ("no exp", false, |s| claim(s, "exp", json!(null))),
    ("exp an hour ago", false, |s| claim(s, "exp", json!(-3600))),
    ("exp two minutes ago", false, |s| {
        claim(s, "exp", json!(-120));
    }),
    ("exp a second ago", true, |s| claim(s, "exp", json!(-1))),
    ("nbf in an hour", false, |s| claim(s, "nbf", json!(3600))),
    ("nbf is a text", false, |s| claim(s, "nbf", json!("now"))),
    ("nbf an hour ago", true, |s| claim(s, "nbf", json!(-3600))),
    ("azp of another", false, |s| {
        claim(s, "azp", json!("another"));
    }),
    ("azp is us", true, |s| claim(s, "azp", json!("freehold"))),
    ("at_hash of another token", false, |s| {
        claim(s, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    }),
    ("no ID token", false, |s| {
        s.answer = json!({ "id_token": null });
    }),
    ("an ID token that is none", false, |s| {
        s.answer = json!({ "id_token": "a.b.c" });
    }),
];

/// RFC 7515, RFC 8725: how a token is signed.
const SIGNATURES: &[Case] = &[
    ("a wrong signature", false, |s| s.forged = true),
    ("alg none", false, |s| s.signer = Signer::Nobody),
    ("alg none that is published", false, |s| {
        s.signer = Signer::Nobody;
        also_signs_with(s, "none");
    }),
    ("no signature under RS256", false, |s| {
        s.signer = Signer::Nobody;
        s.header = json!({ "alg": "RS256", "kid": "first" });
    }),
    ("HS256 with the client secret", false, |s| {
        s.signer = Signer::ClientSecret;
        also_signs_with(s, "HS256");
    }),
    ("HS256 with the public key", false, |s| {
        s.signer = Signer::PublicKey;
        head(s, "kid", json!("first"));
        also_signs_with(s, "HS256");
    }),
    ("an unknown kid", false, |s| {
        head(s, "kid", json!("unknown"));
    }),
    ("a key that is not published", false, |s| {
        s.signer = Signer::Rsa("second");
    }),
    ("a key in the header", false, |s| {
        s.signer = Signer::Rsa("second");
        head(s, "jwk", rsa_jwk("second"));
    }),
    ("the address of keys in the header", false, |s| {
        s.signer = Signer::Rsa("second");
        head(s, "jku", json!("http://127.0.0.1:1/keys"));
    }),
    ("a critical extension", false, |s| {
        head(s, "crit", json!(["exp"]));
    }),
    ("typ logout+jwt", false, |s| {
        head(s, "typ", json!("logout+jwt"));
    }),
    ("typ at+jwt", false, |s| head(s, "typ", json!("at+jwt"))),
    ("typ JWT", true, |s| head(s, "typ", json!("JWT"))),
    ("kid absent, one key", true, |s| head(s, "kid", json!(null))),
];

/// RFC 7517: which keys are published. Each needs a new reading of them.
const KEYS: &[Case] = &[
    ("a key for encryption", false, |s| {
        s.keys[0]["use"] = json!("enc");
    }),
    ("an RSA key of 1024 bits", false, |s| {
        s.signer = Signer::Rsa("weak");
        s.keys = vec![rsa_jwk("weak")];
    }),
    ("a weak key beside a strong one", false, |s| {
        s.signer = Signer::Rsa("weak");
        s.keys.push(rsa_jwk("weak"));
    }),
    ("ES256 where only RS256 is published", false, |s| {
        s.signer = Signer::Ec;
        s.keys.push(ec_jwk());
    }),
    ("ES256 where it is published", true, |s| {
        s.signer = Signer::Ec;
        s.keys.push(ec_jwk());
        also_signs_with(s, "ES256");
    }),
    ("an RSA key under the name of an EC key", false, |s| {
        s.signer = Signer::Ec;
        let mut key = rsa_jwk("first");
        key["kid"] = json!("ec");
        s.keys = vec![key];
        also_signs_with(s, "ES256");
    }),
    ("keys of unknown kinds", true, |s| {
        s.keys
            .insert(0, json!({ "kty": "ML", "kid": "new", "x": "AAAA" }));
        s.keys
            .insert(0, json!({ "kty": "EC", "crv": "P-9000", "kid": "odd" }));
        s.keys.insert(0, json!("no key"));
    }),
    ("another key, published in time", true, |s| {
        s.signer = Signer::Rsa("second");
        s.keys = vec![rsa_jwk("second")];
    }),
    ("no keys", false, |s| s.keys.clear()),
    ("kid absent, two keys", false, |s| {
        s.keys.push(rsa_jwk("second"));
        head(s, "kid", json!(null));
    }),
];

/// What the audit says of these.
const REASONS: [(&str, &str); 13] = [
    ("iss of another", "issuer"),
    ("aud of another", "audience"),
    ("nonce of another", "nonce"),
    ("no nonce", "nonce"),
    ("iat in an hour", "time"),
    ("exp an hour ago", "time"),
    ("nbf in an hour", "nbf"),
    ("azp of another", "azp"),
    ("at_hash of another token", "at_hash"),
    ("no ID token", "no-id-token"),
    ("a wrong signature", "signature"),
    ("an unknown kid", "key"),
    ("no keys", "key"),
];

#[tokio::test]
async fn what_a_token_says_and_how_it_is_signed() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    for (case, good, deviate) in CLAIMS.iter().chain(SIGNATURES).chain(KEYS) {
        provider.reform();
        provider.change(*deviate);
        // Metadata and keys are an hour old, so they are read again.
        desk.house.test.clock.advance(3600);
        let answer = desk.sign_in("work").await;
        if *good {
            signed_in(&answer, case);
            assert_eq!(desk.refusals().await, 0, "{case}");
        } else {
            let reason = desk.refused_as(case, &answer, "could not be accepted");
            let reason = reason.await;
            if let Some((_, expected)) = REASONS.iter().find(|(of, _)| of == case) {
                assert_eq!(reason, *expected, "{case}");
            }
        }
    }
    assert_eq!(CLAIMS.len() + SIGNATURES.len() + KEYS.len(), 53);
}

#[tokio::test]
async fn metadata_of_another_issuer_or_none_is_not_used() {
    let cases: [fn(&mut Script); 5] = [
        |s| s.metadata["issuer"] = json!("http://127.0.0.1:1"),
        |s| s.metadata["issuer"] = json!(format!("{}/", s.metadata["issuer"].as_str().unwrap())),
        |s| s.metadata["jwks_uri"] = json!("http://evil.example/keys"),
        |s| s.metadata = json!([]),
        |s| s.away = true,
    ];
    for case in cases {
        let desk = Desk::one().await;
        desk.providers["work"].change(case);
        let begun = desk.house.browser().get("/auth/login?provider=work").await;
        assert_eq!(begun.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(begun.body.contains("cannot be reached"), "{}", begun.body);
    }
}

#[tokio::test]
async fn an_unknown_key_leads_to_one_new_reading_in_five_minutes_and_the_last_good_keys_stay() {
    let desk = Desk::one().await;
    let (provider, clock) = (&desk.providers["work"], &desk.house.test.clock);
    signed_in(&desk.sign_in("work").await, "before");
    assert_eq!(provider.asked("/keys"), 1);
    // The provider changes its key just before it signs.
    provider.change(|script| {
        script.keys = vec![rsa_jwk("second")];
        script.signer = Signer::Rsa("second");
    });
    signed_in(&desk.sign_in("work").await, "rotated");
    assert_eq!(provider.asked("/keys"), 2);
    provider.change(|script| script.header = json!({ "kid": "unknown" }));
    for _ in 0..3 {
        let answer = desk.sign_in("work").await;
        desk.refused(&answer, "could not be accepted").await;
    }
    assert_eq!(provider.asked("/keys"), 2, "not within five minutes");
    clock.advance(300);
    provider.change(|script| script.away = true);
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "could not be accepted").await;
    provider.change(|script| script.header = json!({}));
    signed_in(&desk.sign_in("work").await, "with the last good keys");
    clock.advance(3600);
    signed_in(&desk.sign_in("work").await, "an hour after, still away");
}

#[tokio::test]
async fn a_provider_cannot_hand_on_the_code_of_another() {
    let desk = Desk::with(&["honest", "evil"], |_| {}).await;
    let (honest, evil) = (&desk.providers["honest"], &desk.providers["evil"]);
    // RFC 9700 §4.4: the person chose evil, which sends the browser on to the honest provider.
    let mut browser = desk.house.browser();
    let begun = browser.get("/auth/login?provider=evil").await;
    let asked = begun.location().replace(&evil.url, &honest.url);
    let back = Hostile::follow(&asked).await;
    let answer = browser.get(back.strip_prefix(HERE).unwrap()).await;
    desk.refused(&answer, "the provider that was asked").await;
    assert_eq!(evil.asked("/token"), 0, "the code goes to nobody");
    assert_eq!(honest.asked("/token"), 0);
}

#[tokio::test]
async fn an_answer_without_the_name_of_the_provider_or_with_a_wrong_one_is_refused() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    for (named, published) in [
        (json!(null), true),
        (json!("http://evil.example"), true),
        (json!("http://evil.example"), false),
        (json!(""), false),
    ] {
        provider.change(|script| {
            script.callback = json!({ "iss": named });
            script.metadata["authorization_response_iss_parameter_supported"] = json!(published);
        });
        desk.house.test.clock.advance(3600);
        let answer = desk.sign_in("work").await;
        desk.refused(&answer, "the provider that was asked").await;
        assert_eq!(provider.asked("/token"), 0);
    }
    provider.change(|script| script.callback = json!({ "iss": null }));
    signed_in(
        &desk.sign_in("work").await,
        "a provider that never names itself",
    );
}

#[tokio::test]
async fn a_state_and_a_code_are_good_once_in_one_browser() {
    let desk = Desk::one().await;
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    let words = "not begun in this browser";
    let foreign = desk.house.browser().get(&back).await;
    desk.refused(&foreign, words).await;
    // Login CSRF: somebody else's way back, in a browser with a flow of its own.
    let mut victim = desk.house.browser();
    desk.away_and_back(&mut victim, "work").await;
    desk.refused(&victim.get(&back).await, words).await;
    let mut kept = browser.clone();
    signed_in(&browser.get(&back).await, "the first time");
    desk.refused(&browser.get(&back).await, words).await;
    let replayed = kept.get(&back).await;
    desk.refused(&replayed, "could not be accepted").await;
}

#[tokio::test]
async fn tabs_do_not_disturb_each_other_and_do_not_share_codes() {
    let desk = Desk::one().await;
    let mut browser = desk.house.browser();
    let one = desk.away_and_back(&mut browser, "work").await;
    let two = desk.away_and_back(&mut browser, "work").await;
    let code = |back: &str| back.split("code=").nth(1).unwrap()[..6].to_owned();
    assert_ne!(code(&one), code(&two));
    let crossed = one.replace(&code(&one), &code(&two));
    let answer = browser.clone().get(&crossed).await;
    desk.refused(&answer, "could not be accepted").await;
    signed_in(&browser.get(&one).await, "the first tab");
    let two = desk.away_and_back(&mut browser, "work").await;
    signed_in(&browser.get(&two).await, "another tab");
}

#[tokio::test]
async fn what_a_provider_says_instead_of_a_code_is_told_without_markup() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    provider.change(|script| {
        script.callback = json!({ "code": null, "error": "<script>alert(1)</script>" });
    });
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "did not sign you in").await;
    assert!(!answer.body.contains("<script>alert"));
    provider.change(|script| script.callback = json!({ "code": null }));
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "begin again").await;
}
