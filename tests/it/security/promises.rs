//! What holds for every route alike, and what a sign-in leaves nowhere.

use axum::body::Body;
use freehold::audit;
use freehold::identity::{Role, principals, sessions};
use freehold::server::endpoints;
use http::Request;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::on_postgres;
use crate::web::{Desk, House};

/// Every route with names that are none, and some addresses that nothing is at.
fn addresses() -> Vec<(&'static str, String)> {
    let nowhere = [("GET", "/nothing"), ("GET", "/api/nothing"), ("PUT", "/")];
    let nowhere = nowhere.map(|(method, path)| (method, path.to_owned()));
    let listed = endpoints().into_iter();
    let listed = listed.map(|one| (one.method, one.path.replace(['{', '}'], "")));
    listed.chain(nowhere).collect()
}

/// Fetch §3.2: an answer without these headers is for its own origin only.
#[tokio::test]
async fn no_origin_is_given_leave_to_read() {
    let app = TestApp::with(|_| {}).await;
    for (method, path) in addresses() {
        for origin in [
            "null",
            "https://evil.example",
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080.evil.example",
        ] {
            let request = app.request(method, &path).header("origin", origin);
            let request = request.header("access-control-request-method", "PUT");
            let answer = request.send().await;
            let given = answer.headers.keys();
            let given: Vec<_> = given
                .filter(|name| name.as_str().starts_with("access-control-"))
                .collect();
            assert!(given.is_empty(), "{method} {path} {origin}: {given:?}");
        }
    }
}

/// RFC 9110 §10.2.4: `Server`; and what others use for the same.
#[tokio::test]
async fn no_answer_names_the_program_that_made_it() {
    let app = TestApp::with(|_| {}).await;
    for (method, path) in addresses() {
        let answer = app.request(method, &path).send().await;
        for name in ["server", "x-powered-by", "via"] {
            assert_eq!(answer.header(name), "", "{method} {path}");
        }
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        for word in ["axum", "hyper", "rustls", "sqlite", "src/"] {
            let own_words = path.contains("openapi") || path.contains("assets");
            assert!(own_words || !said.contains(word), "{method} {path}: {word}");
        }
    }
}

/// RFC 9110 §9.2.1; RFC 4918 §9.1 and RFC 3253 §3.6 for PROPFIND and REPORT. What is left out ends or
/// begins something by the word of a standard: front-channel logout and the way back from a provider.
#[tokio::test]
async fn what_is_safe_changes_nothing() {
    let app = TestApp::with(|_| {}).await;
    let ann = app
        .person_with("ann", &[Role::Member, Role::Administrator])
        .await;
    let identity = &app.rooms.identity;
    let principal = principals::by_handle(identity, &"ann".parse().unwrap()).await;
    let started = sessions::start(identity, principal.unwrap().unwrap().id, None).await;
    let cookie = format!("fh-s={}", started.unwrap().secret.expose());
    let made = app.request("MKCALENDAR", "/dav/calendars/ann/calendar/");
    assert_eq!(made.basic(&ann).send().await.status, 201);
    let last = async || audit::last(&app.rooms.store).await.unwrap();
    let before = last().await;
    let safe = ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"];
    let mut seen = 0;
    for (method, path) in addresses() {
        if !safe.contains(&method) {
            continue;
        }
        let path = path.replace("handle", "ann");
        let request = app.request(method, &path).header("depth", "0");
        let request = if path.starts_with("/dav") {
            request.basic(&ann)
        } else if path.starts_with("/api") {
            request.bearer(&ann.api)
        } else {
            request.header("cookie", &cookie)
        };
        let answer = request.send().await;
        assert!(answer.status != 401, "{method} {path}");
        assert_eq!(last().await, before, "{method} {path}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[tokio::test]
async fn no_credential_is_in_the_database_as_it_is() {
    if on_postgres() {
        return; // The same rows; the files of PostgreSQL are not ours to read.
    }
    let house = House::new().await;
    let (mut browser, _) = house.member("ann").await;
    let made = browser
        .submit("/connect/tokens", "label=Phone&scope=caldav&days=30")
        .await;
    let token = made.body.split("fh_cal_").nth(1).unwrap();
    let token = format!("fh_cal_{}", &token[..36]);
    let ben = house.person("ben", &[Role::Member]).await;
    let link = house.link(&ben).await;
    let secrets = [
        token.as_str(),
        browser.cookies["fh-s"].as_str(),
        link.rsplit('/').next().unwrap(),
    ];
    let mut files = vec![house.test.folder.path().to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let inside = std::fs::read_dir(path).unwrap();
            files.extend(inside.map(|one| one.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        read += bytes.len();
        for secret in secrets {
            let random = &secret.as_bytes()[7..];
            let found = bytes.windows(random.len()).any(|part| part == random);
            assert!(!found, "{}", path.display());
        }
    }
    assert!(read > 100_000, "the database was not found");
}

#[tokio::test]
async fn a_session_cookie_that_was_there_before_is_replaced_at_the_sign_in() {
    let house = House::new().await;
    let (mut browser, _) = house.member("mallory").await;
    let planted = browser.cookies["fh-s"].clone();
    let ann = house.person("ann", &[Role::Member]).await;
    let link = house.link(&ann).await;
    browser.post(&link).await;
    assert_ne!(browser.cookies["fh-s"], planted);
    let page = browser.get("/connect").await.body;
    assert!(page.contains("ann") && !page.contains("mallory"));
    let mut other = house.browser();
    other.cookies.insert("fh-s".to_owned(), planted);
    let page = other.get("/connect").await.body;
    assert!(
        !page.contains("<code>ann</code>"),
        "who planted it is not ann"
    );
}

#[tokio::test]
async fn nothing_of_the_providers_tokens_reaches_the_browser() {
    let desk = Desk::one().await;
    let provider = &desk.providers["work"];
    provider.change(|script| {
        script.answer =
            json!({ "access_token": "canary-access", "refresh_token": "canary-refresh" });
    });
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    let mut answers = vec![browser.get(&back).await];
    for page in ["/", "/items", "/connect", "/sessions"] {
        answers.push(browser.get(page).await);
    }
    for answer in &answers {
        let said = format!("{:?} {}", answer.headers, answer.body);
        assert!(!said.contains("canary-"), "{said}");
        // How every JWT begins (RFC 7519 §3): `{"` in base64url.
        let told = format!("{} {}", answer.location(), answer.body);
        assert!(!told.contains("eyJ"), "{told}");
    }
}

/// RFC 6749 §3.3.
#[tokio::test]
async fn the_scopes_asked_for_are_those_of_the_configuration() {
    let few = |settings: &mut freehold::config::Identity| {
        settings.providers[0].scopes = vec!["openid".to_owned(), "profile".to_owned()];
    };
    for (desk, expected) in [
        (Desk::one().await, "openid profile email"),
        (Desk::with(&["work"], few).await, "openid profile"),
    ] {
        let request = Request::get("/auth/login?provider=work");
        let begun = desk.house.browser().send_with(request, Body::empty()).await;
        let location: url::Url = begun.location().parse().unwrap();
        let scope = location.query_pairs().find(|pair| pair.0 == "scope");
        assert_eq!(scope.unwrap().1, expected);
    }
}
