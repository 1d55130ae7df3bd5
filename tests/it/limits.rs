//! How much is answered, and what a stranger with wrong credentials can do: not much, and nothing to
//! anybody else (OWASP ASVS 5.0, 6.1.1 and 6.3.1).

use std::net::{Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use freehold::config;
use freehold::identity::Scope;

use crate::support::app::{Answer, Person, TestApp};
use crate::support::hostile::{CLIENT, Hostile};

fn from(address: [u8; 4]) -> ConnectInfo<SocketAddr> {
    ConnectInfo(SocketAddr::from((Ipv4Addr::from(address), 1)))
}

async fn home(app: &TestApp, person: &Person, address: [u8; 4]) -> Answer {
    let path = format!("/dav/calendars/{}/", person.handle);
    let request = app.request("PROPFIND", &path).header("depth", "0");
    request.with(from(address)).basic(person).send().await
}

async fn guess(app: &TestApp, user: &str, token: &str, address: [u8; 4]) -> Answer {
    let wrong = Person {
        handle: user.to_owned(),
        caldav: token.to_owned(),
        api: String::new(),
    };
    home(app, &wrong, address).await
}

#[tokio::test]
async fn ten_thousand_wrong_tokens_from_many_networks_keep_nobody_else_out() {
    let app = TestApp::with(|_| ()).await;
    let victim = app.person("alice").await;
    let real = app.token("alice", Scope::Caldav).await;
    let (head, tail) = real.split_at(12);
    for number in 0..10_000_u32 {
        let [_, _, high, low] = number.to_be_bytes();
        // A hundred networks; in each the same wrong token comes again and again, and new ones too.
        let network = [203, 0, 113, low % 100];
        let token = if number % 2 == 0 {
            format!("{head}{high:02}{low:03}{}", &tail[5..])
        } else {
            format!("{head}99999{}", &tail[5..])
        };
        let answer = guess(&app, "alice", &token, network).await;
        assert!([401, 429].contains(&answer.status), "{}", answer.status);
        if number % 100 == 0 {
            // From home, and from one of the very networks that the guesses come from.
            assert_eq!(home(&app, &victim, [192, 0, 2, 7]).await.status, 207);
            assert_eq!(home(&app, &victim, network).await.status, 207);
        }
    }
}

#[tokio::test]
async fn a_credential_that_is_refused_again_and_again_has_to_wait_longer_and_longer() {
    let app = TestApp::with(|_| ()).await;
    let person = app.person("alice").await;
    let token = format!("fh_cal_{}", "A".repeat(36));
    let here = [203, 0, 113, 1];
    let mut waits = Vec::new();
    for _ in 0..12 {
        let answer = guess(&app, "alice", &token, here).await;
        waits.push((answer.status, answer.header("retry-after").to_owned()));
    }
    let refused = (401, String::new());
    assert!(waits[..9].iter().all(|one| *one == refused), "{waits:?}");
    assert_eq!(waits[9], (429, "1".to_owned()));
    assert!(waits[10..].iter().all(|one| one.0 == 429), "{waits:?}");
    let elsewhere = guess(&app, "alice", &token, [203, 0, 113, 2]).await;
    assert_eq!(elsewhere.status, 401, "a lock is about one source");
    assert_eq!(home(&app, &person, here).await.status, 207);
}

#[tokio::test]
async fn a_token_over_its_rate_gets_429_and_another_goes_on() {
    let app = TestApp::with(|settings| {
        settings.limits.token_burst = 5;
        settings.limits.token_per_sec = 1;
    })
    .await;
    let (eager, other) = (app.person("eager").await, app.person("other").await);
    let here = [192, 0, 2, 7];
    let mut asked = 0;
    let limited = loop {
        let answer = home(&app, &eager, here).await;
        asked += 1;
        if answer.status != 207 {
            break answer;
        }
        assert!(asked < 1000);
    };
    assert!(asked > 5, "{asked}");
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(home(&app, &other, here).await.status, 207);
}

#[tokio::test]
async fn a_network_over_its_rate_gets_429_on_every_door_and_another_goes_on() {
    let app = TestApp::with(|settings| {
        settings.limits.source_burst = 5;
        settings.limits.source_per_sec = 1;
    })
    .await;
    let person = app.person("alice").await;
    let here = [192, 0, 2, 7];
    while home(&app, &person, here).await.status == 207 {}
    let api = app.request("GET", "/api/v1/items").with(from(here));
    let api = api.bearer(&person.api).send().await;
    assert_eq!(api.status, 429);
    assert!(!api.header("retry-after").is_empty());
    assert!(api.text().contains("urn:freehold:problem:too-many"));
    let page = app.request("GET", "/").with(from(here)).send().await;
    assert_eq!(page.status, 429);
    assert!(!page.header("retry-after").is_empty());
    assert_eq!(home(&app, &person, [192, 0, 2, 8]).await.status, 207);
    let health = app.request("GET", "/healthz").with(from(here)).send().await;
    assert_eq!(health.status, 200, "who looks after it is not limited");
}

#[tokio::test]
async fn a_network_begins_only_so_many_sign_ins() {
    let provider = Hostile::start().await;
    let app = TestApp::with(|settings| {
        settings.limits.sign_in_burst = 3;
        settings.limits.sign_in_per_sec = 1;
        settings.identity.providers = vec![config::Provider {
            id: "work".to_owned(),
            issuer: provider.url.clone(),
            client_id: CLIENT.to_owned(),
            ..config::Provider::default()
        }];
    })
    .await;
    let go = async |address| {
        let request = app.request("GET", "/auth/login?provider=work");
        request.with(from(address)).send().await
    };
    let mut begun = 0;
    let limited = loop {
        let answer = go([192, 0, 2, 7]).await;
        if answer.status != 303 {
            break answer;
        }
        begun += 1;
        assert!(begun < 1000);
    };
    assert!(begun >= 3, "{begun}");
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(go([192, 0, 2, 8]).await.status, 303);
}
