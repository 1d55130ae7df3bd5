//! Claims challenges, as they stand in headers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};

use super::*;

fn of(lines: &[&str]) -> Option<Challenge> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::WWW_AUTHENTICATE, line.parse().unwrap());
    }
    challenge(&headers)
}

/// Both alphabets differ in it, and padding is needed.
const WANTED: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1?>>"}}}"#;

#[test]
fn a_claims_challenge_is_found_in_any_order_in_any_header_and_in_both_alphabets() {
    let wanted: Challenge = serde_json::from_str(WANTED).unwrap();
    let written = [
        BASE64_STANDARD.encode(WANTED),
        BASE64_STANDARD_NO_PAD.encode(WANTED),
        BASE64_URL_SAFE.encode(WANTED),
        BASE64_URL_SAFE_NO_PAD.encode(WANTED),
    ];
    let different: BTreeSet<&String> = written.iter().collect();
    assert_eq!(different.len(), 4);
    for claims in written {
        let first = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.example/common/oauth2\", \
             error=\"insufficient_claims\", claims=\"{claims}\""
        );
        assert_eq!(of(&[&first]).as_ref(), Some(&wanted), "{first}");
        let turned =
            format!("bearer CLAIMS=\"{claims}\", realm=\"a, b\", error=insufficient_claims");
        assert_eq!(
            of(&["Negotiate", &turned]).as_ref(),
            Some(&wanted),
            "{turned}"
        );
        let listed = format!("PoP nonce=\"1\", {first}");
        assert_eq!(of(&[&listed]).as_ref(), Some(&wanted), "{listed}");
    }
}

#[test]
fn what_is_no_claims_challenge_is_none() {
    let claims = BASE64_STANDARD.encode(WANTED);
    let long = BASE64_STANDARD.encode(format!("{{\"a\":\"{}\"}}", "x".repeat(3000)));
    for line in [
        "Bearer".to_owned(),
        format!("Bearer error=\"invalid_token\", claims=\"{claims}\""),
        "Bearer error=\"insufficient_claims\"".to_owned(),
        format!("Basic error=\"insufficient_claims\", claims=\"{claims}\""),
        "Bearer error=\"insufficient_claims\", claims=\"!\"".to_owned(),
        "Bearer error=\"insufficient_claims\", claims=\"WzFd\"".to_owned(),
        format!("Bearer error=\"insufficient_claims\", claims=\"{long}\""),
    ] {
        assert_eq!(of(&[&line]), None, "{line}");
    }
}

#[test]
fn what_is_asked_for_is_merged_with_the_capability() {
    let challenge = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
    let merged: Value = serde_json::from_str(&claims(challenge.as_object())).unwrap();
    let cp1 = json!({ "values": ["cp1"] });
    assert_eq!(merged["access_token"]["xms_cc"], cp1);
    assert_eq!(merged["access_token"]["acrs"]["value"], "c1");
    let alone: Value = serde_json::from_str(&claims(None)).unwrap();
    assert_eq!(alone, json!({ "access_token": { "xms_cc": cp1 } }));
}
