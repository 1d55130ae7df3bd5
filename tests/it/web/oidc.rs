//! Signing in through OpenID Connect, against a provider that is certified for it.

use freehold::config;
use freehold::edge::Cookies;
use freehold::identity::{Actor, Role, Roles, principals};
use http::StatusCode;
use url::Url;

use super::house::{Answer, Browser, House};
use super::provider::Provider;

/// The pages with one provider.
struct Desk {
    house: House,
    provider: Provider,
}

impl Desk {
    async fn open() -> Self {
        let provider = Provider::start();
        let house = House::of(&provider).await;
        Self { house, provider }
    }

    /// From the button to the way back; the answer of the last step is not fetched yet.
    async fn away_and_back(&self, browser: &mut Browser, return_to: &str) -> String {
        let begun = browser.get(&login(return_to)).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        self.provider.follow(begun.location()).await
    }

    async fn sign_in(&self, browser: &mut Browser) -> Answer {
        let back = self.away_and_back(browser, "/items").await;
        browser.get(&back).await
    }

    /// Asserts that the audit is told of one refusal, for this reason.
    async fn audited(&self, reason: &str) {
        let provider = (reason != "state").then(|| "work".to_owned());
        let expected = [(reason.to_owned(), provider, 1)];
        assert_eq!(self.house.refusals().await, expected);
    }

    async fn account(&self, subject: &str) -> Option<freehold::identity::Principal> {
        let found = principals::by_account(&self.house.identity, &self.provider.issuer, subject);
        found.await.unwrap()
    }
}

fn login(return_to: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to);
    format!("/auth/login?{}", query.finish())
}

fn refused(answer: &Answer, status: StatusCode, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.body.contains(words), "{}", answer.body);
    let session = |line: &&str| line.starts_with("fh-s=");
    assert!(!answer.set_cookies().iter().any(session));
}

#[tokio::test]
async fn a_member_signs_in_and_is_the_same_person_next_time() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    let page = browser.get("/sign-in?return_to=/items").await.body;
    assert!(page.contains("/auth/login?provider=work&amp;return_to=/items"));
    assert!(page.contains("Sign in with work") && !page.contains("evaluation"));
    let answer = desk.sign_in(&mut browser).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/items")
    );
    let names: Vec<_> = browser.cookies.keys().cloned().collect();
    assert_eq!(names, ["fh-s"], "the flow is forgotten");
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let alice = desk.account("alice").await.unwrap();
    assert_eq!(alice.roles, Roles::of(&[Role::Member]));
    let sql = "SELECT detail FROM audit_entry WHERE action = 'identity.session.start'";
    let row = |row: &freehold::store::Row<'_>| row.text(0);
    let started = desk
        .house
        .test
        .store
        .read((), |at, ()| async move { at.fixed(sql, vec![], row).await });
    assert_eq!(started.await.unwrap(), [r#"{"provider":"work"}"#]);
    assert!(desk.house.refusals().await.is_empty());
    assert!(
        !alice.handle.as_str().contains("alice"),
        "the handle tells nothing"
    );
    desk.provider.next("alice", "custodian,member").await;
    desk.sign_in(&mut desk.house.browser()).await;
    let again = desk.account("alice").await.unwrap();
    assert_eq!(again.id, alice.id);
    assert_eq!(again.roles, Roles::of(&[Role::Member, Role::Custodian]));
}

#[tokio::test]
async fn an_administrator_of_the_configuration_needs_no_role_at_the_provider() {
    let desk = Desk::open().await;
    desk.provider.next("root", "").await;
    let answer = desk.sign_in(&mut desk.house.browser()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let root = desk.account("root").await.unwrap();
    assert_eq!(root.roles, Roles::of(&[Role::Administrator]));
}

#[tokio::test]
async fn who_has_no_role_is_refused_and_loses_what_they_had() {
    let desk = Desk::open().await;
    desk.provider.next("mallory", "owner").await;
    let answer = desk.sign_in(&mut desk.house.browser()).await;
    refused(&answer, StatusCode::FORBIDDEN, "no role here");
    desk.audited("no-role").await;
    assert!(desk.account("mallory").await.is_none(), "nobody is made");
    desk.provider.next("alice", "custodian").await;
    desk.sign_in(&mut desk.house.browser()).await;
    desk.provider.next("alice", "").await;
    let answer = desk.sign_in(&mut desk.house.browser()).await;
    refused(&answer, StatusCode::FORBIDDEN, "no role here");
    let alice = desk.account("alice").await.unwrap();
    assert_eq!(alice.roles, Roles::default());
}

#[tokio::test]
async fn who_was_turned_off_is_refused() {
    let desk = Desk::open().await;
    desk.sign_in(&mut desk.house.browser()).await;
    let alice = desk.account("alice").await.unwrap();
    let by = Actor::operator();
    let off = principals::deactivate(&desk.house.identity, &by, alice.id).await;
    off.unwrap();
    let answer = desk.sign_in(&mut desk.house.browser()).await;
    refused(&answer, StatusCode::FORBIDDEN, "was turned off");
    desk.audited("turned-off").await;
}

#[tokio::test]
async fn who_says_no_at_the_provider_is_told_what_it_said() {
    let desk = Desk::open().await;
    desk.provider.next("-", "").await;
    let answer = desk.sign_in(&mut desk.house.browser()).await;
    refused(&answer, StatusCode::FORBIDDEN, "it says: access_denied");
    desk.audited("declined").await;
}

#[tokio::test]
async fn a_callback_is_good_in_its_own_browser_once_with_its_own_state() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "/items").await;
    let words = "not begun in this browser";
    let stranger = desk.house.browser().get(&back).await;
    refused(&stranger, StatusCode::BAD_REQUEST, words);
    desk.audited("state").await;
    let (path, query) = back.split_once('?').unwrap();
    let other: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=').unwrap() {
            ("state", _) => "state=another".to_owned(),
            _ => pair.to_owned(),
        })
        .collect();
    let forged = browser.get(&format!("{path}?{}", other.join("&"))).await;
    refused(&forged, StatusCode::BAD_REQUEST, words);
    desk.audited("state").await;
    let kept = browser.clone();
    assert_eq!(browser.get(&back).await.location(), "/items");
    refused(&browser.get(&back).await, StatusCode::BAD_REQUEST, words);
    desk.audited("state").await;
    // Even with the cookie kept from before, the provider knows the code as used.
    let replayed = kept.clone().get(&back).await;
    refused(&replayed, StatusCode::FORBIDDEN, "could not be accepted");
    desk.audited("code").await;
}

#[tokio::test]
async fn an_answer_that_was_meant_for_another_request_is_refused() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    let begun = browser.get(&login("/")).await;
    let mut address: Url = begun.location().parse().unwrap();
    let pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    assert!(pairs.contains(&("code_challenge_method".to_owned(), "S256".to_owned())));
    let forged = pairs.into_iter().map(|(name, value)| match name.as_str() {
        "nonce" => (name, "another".to_owned()),
        _ => (name, value),
    });
    let forged: Vec<_> = forged.collect();
    address.query_pairs_mut().clear().extend_pairs(forged);
    let back = desk.provider.follow(address.as_str()).await;
    let answer = browser.get(&back).await;
    refused(&answer, StatusCode::FORBIDDEN, "could not be accepted");
    desk.audited("nonce").await;
}

#[tokio::test]
async fn the_provider_names_itself_and_no_other_is_believed() {
    let desk = Desk::open().await;
    for iss in ["", "&iss=http%3A%2F%2Fevil.example"] {
        let mut browser = desk.house.browser();
        let back = desk.away_and_back(&mut browser, "/").await;
        let (kept, _) = back.split_once("&iss=").unwrap();
        let answer = browser.get(&format!("{kept}{iss}")).await;
        refused(
            &answer,
            StatusCode::BAD_REQUEST,
            "the provider that was asked",
        );
        desk.audited("mix-up").await;
    }
}

#[tokio::test]
async fn a_token_from_the_future_or_the_past_is_refused_but_a_minute_is_forgiven() {
    let desk = Desk::open().await;
    // The provider's tokens last ten minutes.
    for (difference, good) in [(-50, true), (-90, false), (640, true), (690, false)] {
        desk.house.test.clock.advance(difference);
        let answer = desk.sign_in(&mut desk.house.browser()).await;
        desk.house.on_time();
        if good {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{difference}");
        } else {
            refused(&answer, StatusCode::FORBIDDEN, "could not be accepted");
            desk.audited("time").await;
        }
    }
}

#[tokio::test]
async fn a_sign_in_waits_ten_minutes_and_no_longer() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    let back = desk.away_and_back(&mut browser, "/items").await;
    desk.house.test.clock.advance(600);
    let answer = browser.get(&back).await;
    refused(&answer, StatusCode::BAD_REQUEST, "waited longer than 10");
    desk.audited("state").await;
}

#[tokio::test]
async fn two_tabs_sign_in_side_by_side_and_a_sixth_replaces_the_first() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    let one = desk.away_and_back(&mut browser, "/items?tab=1").await;
    let two = desk.away_and_back(&mut browser, "/items?tab=2").await;
    assert_eq!(browser.get(&one).await.location(), "/items?tab=1");
    assert_eq!(browser.get(&two).await.location(), "/items?tab=2");
    for _ in 0..8 {
        browser.get(&login("/")).await;
    }
    let flows = browser
        .cookies
        .keys()
        .filter(|name| name.starts_with("fh-f-"));
    assert_eq!(flows.count(), 5);
}

#[tokio::test]
async fn s06_one_comes_back_to_the_page_one_came_from_and_to_no_other_site() {
    let desk = Desk::open().await;
    let cases = include_str!("../../fixtures/cases/S06.txt");
    let (own, foreign) = cases.split_once("# the rest").unwrap();
    let foreign = foreign.lines().skip(1);
    let too_long = format!("/items?q={}", "a".repeat(2048));
    let expected = own
        .lines()
        .map(|line| (line, line))
        .chain(foreign.map(|line| (line, "/")))
        .chain([(too_long.as_str(), "/"), ("/sign-out", "/")]);
    let mut seen = 0;
    for (asked, wanted) in expected {
        let mut browser = desk.house.browser();
        let back = desk.away_and_back(&mut browser, asked).await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.location(), wanted, "{asked}");
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[tokio::test]
async fn s06_a_page_asked_for_while_signed_out_is_shown_after_the_sign_in() {
    let desk = Desk::open().await;
    let wanted = "/items?place=%2Froot%2FR%C3%A4ume&x=a;b+c%2Bd";
    let mut browser = desk.house.browser();
    let asked = browser.get(wanted).await;
    let page = browser.get(asked.location()).await.body;
    let at = page.find("/auth/login?").unwrap();
    let button = page[at..].split('"').next().unwrap();
    let begun = browser.get(&button.replace("&amp;", "&")).await;
    let back = desk.provider.follow(begun.location()).await;
    assert_eq!(browser.get(&back).await.location(), wanted);
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_and_tried_again() {
    let settings = config::Identity {
        providers: vec![config::Provider {
            id: "away".to_owned(),
            issuer: "http://127.0.0.1:1".to_owned(),
            client_id: "freehold".to_owned(),
            ..config::Provider::default()
        }],
        ..config::Identity::default()
    };
    let house = House::with(&settings, Cookies::Plain).await;
    for _ in 0..2 {
        let answer = house.browser().get(&login("/")).await;
        refused(
            &answer,
            StatusCode::SERVICE_UNAVAILABLE,
            "cannot be reached",
        );
    }
    let unknown = house.browser().get("/auth/login?provider=other").await;
    refused(&unknown, StatusCode::NOT_FOUND, "no sign-in provider");
}

#[tokio::test]
async fn one_signs_out_at_the_provider_too_and_comes_back() {
    let desk = Desk::open().await;
    let mut browser = desk.house.browser();
    desk.sign_in(&mut browser).await;
    let out = browser.post("/sign-out").await;
    let page = browser.get(out.location()).await.body;
    let link = super::logout::link(&page).unwrap();
    let back = desk.provider.follow(&link).await;
    assert!(back.starts_with("/sign-in?state="), "{back}");
    assert!(browser.get(&back).await.body.contains("at the provider"));
}
