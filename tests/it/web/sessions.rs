//! The page of one's sessions: seen, ended one by one and all but this.

use freehold::identity::Role;
use http::{Request, StatusCode};

use super::house::{Browser, House};

async fn signed_in(house: &House, browsers: usize) -> Vec<Browser> {
    let ann = house.person("ann", &[Role::Member]).await;
    let mut all = Vec::new();
    for _ in 0..browsers {
        let mut browser = house.browser();
        let link = house.link(&ann).await;
        assert_eq!(browser.post(&link).await.status, StatusCode::SEE_OTHER);
        all.push(browser);
    }
    all
}

/// The paths of the buttons on the page.
fn ends(page: &str) -> Vec<String> {
    let parts = page.split("action=\"/sessions/").skip(1);
    let path = |part: &str| format!("/sessions/{}", part.split('"').next().unwrap());
    parts
        .map(path)
        .filter(|path| path.ends_with("/end"))
        .collect()
}

#[tokio::test]
async fn a_session_that_is_ended_elsewhere_is_over_at_its_next_request() {
    let house = House::new().await;
    let mut all = signed_in(&house, 3).await;
    let page = all[0].get("/sessions").await.body;
    assert_eq!(page.matches(">here<").count(), 1);
    let [one, other] = ends(&page).try_into().unwrap();
    assert_eq!(all[0].post(&one).await.location(), "/sessions");
    let mut out = 0;
    for browser in &mut all {
        out += usize::from(browser.get("/").await.location() == "/sign-in");
    }
    assert_eq!(out, 1);
    assert_eq!(all[0].post(&one).await.status, StatusCode::NOT_FOUND);

    assert_eq!(
        all[0].post("/sessions/end-others").await.location(),
        "/sessions"
    );
    assert_eq!(all[0].post(&other).await.status, StatusCode::NOT_FOUND);
    for browser in &mut all[1..] {
        assert_eq!(browser.get("/").await.location(), "/sign-in");
    }
    let page = all[0].get("/sessions").await.body;
    assert!(ends(&page).is_empty() && !page.contains("everywhere else"));
}

#[tokio::test]
async fn nobody_ends_the_session_of_another_nor_from_another_site() {
    let house = House::new().await;
    let mut ann = signed_in(&house, 2).await;
    let (mut ben, _) = house.member("ben").await;
    let path = ends(&ann[0].get("/sessions").await.body).remove(0);
    assert_eq!(ben.post(&path).await.status, StatusCode::NOT_FOUND);
    for path in [path.as_str(), "/sessions/end-others"] {
        let foreign = Request::post(path).header("sec-fetch-site", "cross-site");
        assert_eq!(ann[0].send(foreign).await.status, StatusCode::FORBIDDEN);
    }
    for browser in &mut ann {
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_page_shows_no_secret_and_no_session_that_is_over() {
    let house = House::new().await;
    let mut all = signed_in(&house, 2).await;
    let secret = all[0].cookies.values().next().unwrap().clone();
    let page = all[0].get("/sessions").await.body;
    assert!(!page.contains(&secret) && ends(&page).len() == 1);
    // 29 minutes, and the other one is asked for nothing.
    house.test.clock.advance(29 * 60);
    assert_eq!(all[0].get("/").await.status, StatusCode::OK);
    house.test.clock.advance(2 * 60);
    assert!(ends(&all[0].get("/sessions").await.body).is_empty());
}
