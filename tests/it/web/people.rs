//! The page of people, and the fresh sign-in that its changes need, at a provider that is certified for
//! it (OWASP ASVS 5.0, 7.5.3).

use freehold::identity::{Role, principals};
use http::StatusCode;

use super::desk::{Desk, signed_in};
use super::house::{Browser, House};
use super::provider::Provider;

const GIVE: &str = "do=give&handle=ann&role=custodian&over=everything";

/// Root, who administers, signed in long ago with a certified provider.
async fn root(provider: &Provider) -> (House, Browser) {
    let house = House::of(provider).await;
    house.person("ann", &[Role::Member]).await;
    provider.next("root", "").await;
    let mut browser = house.browser();
    let begun = browser.get("/auth/login?return_to=/people").await;
    let back = provider.follow(begun.location()).await;
    assert_eq!(browser.get(&back).await.location(), "/people");
    (house, browser)
}

async fn is_custodian(house: &House) -> bool {
    let found = principals::by_handle(&house.identity, &"ann".parse().unwrap()).await;
    found.unwrap().unwrap().all_roles().has(Role::Custodian)
}

#[tokio::test]
async fn a_change_needs_a_fresh_sign_in_and_comes_back_to_be_confirmed() {
    let provider = Provider::start();
    let (house, mut browser) = root(&provider).await;
    let people = browser.get("/people").await;
    assert!(people.body.contains("Give a role") && people.body.contains(">ann"));
    let confirm = format!("/people/confirm?{GIVE}");

    // The provider gave no auth_time at the plain sign-in, so it is not known how old it is.
    let before = browser.cookies["fh-s"].clone();
    let asked = browser.get(&confirm).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let sent = browser.submit("/people/confirm", GIVE).await;
    assert_eq!(sent.location(), asked.location(), "nor without the page");
    assert!(!is_custodian(&house).await);
    let away = browser.get(asked.location()).await;
    assert!(away.location().contains("prompt=login") && away.location().contains("max_age=0"));
    let back = provider.follow(away.location()).await;
    let done = browser.get(&back).await;
    assert_eq!(done.location(), confirm);
    let after = browser.cookies["fh-s"].clone();
    assert_ne!(before, after, "a new session");
    let mut stolen = house.browser();
    stolen.cookies.insert("fh-s".to_owned(), before);
    let old = stolen.get("/people").await;
    assert!(
        old.location().starts_with("/sign-in"),
        "the old one is over"
    );

    let page = browser.get(&confirm).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("ann becomes custodian over everything"));
    let given = browser.submit("/people/confirm", GIVE).await;
    assert_eq!(given.location(), "/people", "{}", given.body);
    assert!(is_custodian(&house).await);

    let people = browser.get("/people").await.body;
    let (_, end) = people.split_once("do=end&amp;id=").unwrap();
    let end = format!(
        "/people/confirm?do=end&id={}",
        end.split('"').next().unwrap()
    );
    let page = browser.get(&end).await;
    assert!(
        page.body
            .contains("ann is no longer custodian over everything")
    );
    house.test.clock.advance(10 * 60);
    let stale = browser.get(&end).await;
    assert!(stale.location().starts_with("/auth/step-up?return_to="));
}

#[tokio::test]
async fn another_person_s_sign_in_is_no_step_up() {
    let provider = Provider::start();
    let (house, mut browser) = root(&provider).await;
    let before = browser.cookies["fh-s"].clone();
    provider.next("alice", "member").await;
    let away = browser.get("/auth/step-up?return_to=/people").await;
    let back = provider.follow(away.location()).await;
    let refused = browser.get(&back).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("somebody else"));
    assert_eq!(
        browser.cookies["fh-s"], before,
        "the session goes on as it was"
    );
    let expected = [("somebody-else".to_owned(), Some("work".to_owned()), 1)];
    assert_eq!(house.refusals().await, expected);
}

#[tokio::test]
async fn a_step_up_that_the_token_does_not_show_did_not_happen() {
    let desk = Desk::one().await;
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "work").await;
    signed_in(&browser.get(&back).await, "before");
    for auth_time in [serde_json::json!(null), serde_json::json!(-3600)] {
        desk.providers["work"].change(|s| s.claims["auth_time"] = auth_time);
        let away = browser.get("/auth/step-up?return_to=/items").await;
        let back = crate::support::hostile::Hostile::follow(away.location()).await;
        let back = back.strip_prefix(super::house::HERE).unwrap_or(&back);
        let answer = browser.get(back).await;
        desk.refused(&answer, "not as strong or as recent").await;
    }
    desk.providers["work"].change(|s| s.claims["auth_time"] = serde_json::json!(0));
    let away = browser.get("/auth/step-up?return_to=/items").await;
    let back = crate::support::hostile::Hostile::follow(away.location()).await;
    let back = back.strip_prefix(super::house::HERE).unwrap_or(&back);
    signed_in(&browser.get(back).await, "fresh");
}
