//! Signing in by link, signing out, cookies, and the headers of every page.

use freehold::config;
use freehold::edge::Cookies;
use freehold::identity::refusals::Flush;
use freehold::identity::{Role, Scope, refusals, tokens};
use http::{Request, StatusCode};

use super::house::House;

#[tokio::test]
async fn a_link_asks_for_one_press_and_signs_in_once() {
    let house = House::new().await;
    let ann = house.person("ann", &[Role::Member]).await;
    let link = house.link(&ann).await;
    let mut browser = house.browser();
    for _ in 0..2 {
        let looked = browser.get(&link).await;
        assert_eq!(looked.status, StatusCode::OK);
        assert!(looked.body.contains("<form method=\"post\">"));
        assert!(browser.cookies.is_empty(), "looking does nothing");
    }
    let entered = browser.post(&link).await;
    assert_eq!(
        (entered.status, entered.location()),
        (StatusCode::SEE_OTHER, "/")
    );
    let month = browser.get("/").await;
    assert_eq!(month.status, StatusCode::OK);
    assert!(month.body.contains("November 2026") && month.body.contains("ann"));
    let again = house.browser().post(&link).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.body.contains("was used before"), "{}", again.body);
}

#[tokio::test]
async fn a_link_is_not_used_up_by_another_site() {
    let house = House::new().await;
    let ann = house.person("ann", &[Role::Member]).await;
    let link = house.link(&ann).await;
    let mut browser = house.browser();
    let foreign = Request::post(&link).header("sec-fetch-site", "cross-site");
    assert_eq!(browser.send(foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post(&link).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_session_cookie_has_its_attributes() {
    for (cookies, begin, secure) in [
        (Cookies::Plain, "fh-s=fh_ses_", false),
        (Cookies::Secure, "__Host-s=fh_ses_", true),
    ] {
        let house = House::with(&config::Identity::default(), cookies).await;
        let ann = house.person("ann", &[Role::Member]).await;
        let link = house.link(&ann).await;
        let entered = house.browser().post(&link).await;
        let set = entered.set_cookies();
        assert_eq!(set.len(), 1);
        assert!(set[0].starts_with(begin), "{}", set[0]);
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert!(set[0].contains(attribute), "{}", set[0]);
        }
        assert_eq!(set[0].contains("; Secure"), secure);
        assert!(!set[0].contains("Domain"));
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_asked_and_comes_back() {
    let house = House::new().await;
    let mut browser = house.browser();
    let asked = browser.get("/").await;
    assert_eq!(
        (asked.status, asked.location()),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    let asked = browser.get("/items?after=%2Bx&y=a;b").await;
    let wanted = "/sign-in?return_to=/items%3Fafter%3D%252Bx%26y%3Da%3Bb";
    assert_eq!(asked.location(), wanted);
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains("This is an evaluation"));
    // A cookie that is no session any more is taken back.
    browser.cookies.insert("fh-s".to_owned(), "old".to_owned());
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn a_page_takes_no_personal_token() {
    let house = House::new().await;
    let ann = house.person("ann", &[Role::Member]).await;
    let actor = house.actor(&ann).await;
    for scope in [Scope::Caldav, Scope::Api] {
        let new = tokens::NewToken {
            principal: ann.id,
            label: "phone".to_owned(),
            scope,
            expires_at: None,
        };
        let (_, token) = tokens::create(&house.identity, &actor, new).await.unwrap();
        let bearer = format!("Bearer {}", token.expose());
        let request = Request::get("/").header("authorization", bearer);
        let answer = house.browser().send(request).await;
        assert_eq!(answer.location(), "/sign-in");
        let mut browser = house.browser();
        let as_cookie = ("fh-s".to_owned(), token.expose().to_owned());
        browser.cookies.extend([as_cookie]);
        assert_eq!(browser.get("/").await.location(), "/sign-in");
    }
}

#[tokio::test]
async fn signing_out_needs_our_own_page_and_ends_the_session() {
    let house = House::new().await;
    let (mut browser, _) = house.member("ann").await;
    let kept = browser.clone();
    let post = || Request::post("/sign-out");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("x-nothing", "said"),
    ] {
        let refused = browser.send(post().header(name, value)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    let looked = browser.get("/sign-out").await;
    assert_eq!(looked.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let old_browser = post().header("origin", "http://127.0.0.1:8080");
    let out = browser.send(old_browser).await;
    assert_eq!(out.location(), "/sign-in");
    assert!(out.header("clear-site-data").contains("\"cache\""));
    assert!(browser.cookies.is_empty());
    assert_eq!(kept.clone().get("/").await.location(), "/sign-in");
    assert_eq!(browser.post("/sign-out").await.location(), "/sign-in");
}

#[tokio::test]
async fn every_page_has_a_strict_policy_and_no_script() {
    let house = House::new().await;
    let (mut browser, _) = house.member("ann").await;
    let pages = [
        "/",
        "/day",
        "/items",
        "/connect",
        "/sign-in",
        "/nothing",
        "/?month=x",
        "/sign-out",
        "/auth/link/x",
        "/auth/callback?state=x",
    ];
    let mut nonces = std::collections::BTreeSet::new();
    for page in pages {
        let answer = browser.get(page).await;
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; "), "{page}");
        for directive in [
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(directive), "{page}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
        assert!(!answer.body.contains("<script") && !answer.body.contains(" style="));
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        nonces.insert(rest.split_once('\'').unwrap().0.to_owned());
        for (name, value) in [
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer.header(name), value, "{page}: {name}");
        }
    }
    assert_eq!(nonces.len(), pages.len(), "each nonce is used once");
    assert_eq!(browser.get("/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/").await.header("set-cookie"), "");
}

#[tokio::test]
async fn styles_and_icon_are_kept_for_good_under_a_name_with_their_digest() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.get("/sign-in").await.body;
    for (start, kind) in [
        ("/assets/style-", "text/css"),
        ("/assets/icon-", "image/svg"),
    ] {
        let at = page.find(start).unwrap();
        let path = page[at..].split('"').next().unwrap();
        let file = browser.get(path).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.header("content-type").starts_with(kind));
        assert!(file.header("cache-control").contains("immutable"));
    }
    let other = browser.get("/assets/style-0000000000000000.css").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn refused_sign_ins_are_counted_in_the_audit_and_limited() {
    let house = House::new().await;
    let mut browser = house.browser();
    for _ in 0..30 {
        let refused = browser.get("/auth/callback?state=guess&code=x").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
    let wrong_link = browser.post("/auth/link/fh_lnk_guess").await;
    assert_eq!(wrong_link.status, StatusCode::TOO_MANY_REQUESTS);
    let written = refusals::flush(&house.identity, Flush::All).await.unwrap();
    assert_eq!(written, 2, "one entry for each reason");
    // Who signs in rightly is not kept out by it.
    let ann = house.person("ann", &[Role::Member]).await;
    let link = house.link(&ann).await;
    assert_eq!(browser.post(&link).await.status, StatusCode::SEE_OTHER);
}
