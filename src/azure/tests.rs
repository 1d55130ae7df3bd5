//! What is decided without asking anybody: challenges, waits, claims, advice.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};

use super::challenge::{Challenge, Refused};
use super::patience::{identity_repeats, service_repeats};
use super::{Claims, Patience, entra_advice, exchange_audience};

fn challenge(header: &str, vault: &str) -> Result<Challenge, Refused> {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(header).unwrap();
    headers.insert("www-authenticate", value);
    Challenge::of(&headers, &vault.parse().unwrap())
}

#[test]
fn a_challenge_is_read_in_all_its_forms() {
    let vault = "https://work.vault.azure.net/";
    for header in [
        "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"",
        "bearer resource=\"https://vault.azure.net\",authorization_uri=\"https://login.windows.net/t\"",
        "Bearer authorization=\"https://login.microsoftonline.com/t\", scope=\"https://vault.azure.net/.default\"",
        "Bearer resource=https://vault.azure.net, authorization=https://login.microsoftonline.com/t",
    ] {
        let found = challenge(header, vault).unwrap();
        assert_eq!(found.resource, "https://vault.azure.net", "{header}");
        assert_eq!(found.tenant, "t", "{header}");
    }
    for header in [
        "Basic realm=\"x\"",
        "Bearer",
        "Bearer authorization=\"https://x/t\"",
    ] {
        assert_eq!(challenge(header, vault), Err(Refused::Absent), "{header}");
    }
}

#[test]
fn a_challenge_for_another_domain_is_not_followed() {
    let with = |resource: &str, vault: &str| {
        challenge(&format!("Bearer resource=\"{resource}\""), vault).is_ok()
    };
    let vault = "https://work.vault.azure.net/";
    assert!(with("https://vault.azure.net", vault));
    assert!(with("https://work.vault.azure.net", vault));
    assert!(with(
        "https://managedhsm.azure.net",
        "https://work.managedhsm.azure.net/"
    ));
    for foreign in [
        "https://vault.azure.cn",
        "https://management.azure.com",
        "https://net",
        "https://ult.azure.net",
        "http://vault.azure.net",
        "vault.azure.net",
        "https://other.vault.azure.net",
    ] {
        assert!(!with(foreign, vault), "{foreign}");
    }
}

#[test]
fn waits_double_and_what_the_service_says_counts_within_bounds() {
    let patience = Patience::default();
    let mut headers = HeaderMap::new();
    let busy = StatusCode::SERVICE_UNAVAILABLE;
    let waits: Vec<_> = (2..=6)
        .map(|next| patience.wait(next, busy, &headers))
        .collect();
    let millis = |n| Some(Duration::from_millis(n));
    let expected = [millis(800), millis(1600), millis(3200), millis(6400), None];
    assert_eq!(waits, expected);
    // "The service will be available in a maximum of 70 seconds" (IMDS, "Errors and debugging").
    let replaced = (2..).map_while(|next| patience.wait(next, StatusCode::GONE, &headers));
    assert!(replaced.sum::<Duration>() > Duration::from_secs(75));
    headers.insert("retry-after", HeaderValue::from_static("7"));
    assert_eq!(
        patience.wait(2, busy, &headers),
        Some(Duration::from_secs(7))
    );
    headers.insert("retry-after", HeaderValue::from_static("11"));
    assert_eq!(
        patience.wait(2, busy, &headers),
        None,
        "that is longer than we wait"
    );
    let of = |status| StatusCode::from_u16(status).unwrap();
    let repeated = [404, 410, 429, 500, 503].map(of);
    assert!(repeated.into_iter().all(identity_repeats));
    assert!(![400, 401, 403].map(of).into_iter().any(identity_repeats));
    assert!(!service_repeats(of(404)) && service_repeats(of(429)));
}

#[test]
fn the_claims_of_a_token_are_shown_and_the_token_is_not() {
    // {"iss":"https://i/","sub":"s","aud":["a"],"exp":1800000000}
    let body = "eyJpc3MiOiJodHRwczovL2kvIiwic3ViIjoicyIsImF1ZCI6WyJhIl0sImV4cCI6MTgwMDAwMDAwMH0";
    let claims = Claims::of(&format!("e30.{body}.c2ln")).unwrap();
    assert_eq!(claims.issuer, "https://i/");
    assert_eq!(
        (claims.subject.as_str(), claims.audience.as_str()),
        ("s", "a")
    );
    assert_eq!(claims.expires.unwrap().as_second(), 1_800_000_000);
    for text in ["", "a.b", "e30.e30.x", "e30.!!!.x"] {
        assert!(Claims::of(text).is_none(), "{text}");
    }
}

#[test]
fn each_number_of_entra_has_its_advice_and_each_cloud_its_audience() {
    let told = |number: &str| entra_advice(&format!("AADSTS{number}: words."), "the-client");
    for (number, words) in [
        ("700211", "issuer"),
        ("700212", "audience"),
        ("700213", "subject"),
        ("700024", "clock"),
        ("7000215", "the client secret is wrong"),
        ("700016", "no application the-client"),
    ] {
        assert!(told(number).unwrap().contains(words), "{number}");
    }
    assert!(told("1").is_none() && entra_advice("", "c").is_none());
    let of = |host: &str| exchange_audience(&format!("https://{host}/").parse().unwrap());
    assert_eq!(
        of("login.microsoftonline.com"),
        "api://AzureADTokenExchange"
    );
    assert_eq!(
        of("login.microsoftonline.us"),
        "api://AzureADTokenExchangeUSGov"
    );
    assert_eq!(
        of("login.partner.microsoftonline.cn"),
        "api://AzureADTokenExchangeChina"
    );
}
