//! Personal tokens on the page Connect: made, shown once, used, ended.

use freehold::identity::Door;
use freehold::identity::tokens::{authenticate, list};
use http::{Request, StatusCode};

use super::house::House;

/// The token that a page shows.
fn shown(body: &str) -> String {
    let at = body.find("fh_").unwrap();
    body[at..].split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_made_shown_once_used_and_ended() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let fields = "label=My+%3Cphone%3E&scope=caldav&days=365";
    let made = browser.submit("/connect/tokens", fields).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(made.body.contains("My &#60;phone&#62;"), "escaped");
    let token = shown(&made.body);
    assert!(token.starts_with("fh_cal_"));
    let actor = authenticate(&house.identity, &token, Door::Caldav).await;
    assert_eq!(actor.unwrap().principal, ann.principal);

    let page = browser.get("/connect").await.body;
    assert!(page.contains("My &#60;phone&#62;") && !page.contains(&token));
    let known = list(&house.identity, &ann, ann.principal).await.unwrap();
    let [known] = known.as_slice() else {
        panic!("one token: {known:?}")
    };
    let (end, now) = (known.expires_at.unwrap(), known.created_at);
    assert_eq!(end.as_second() - now.as_second(), 365 * 86_400);

    let path = format!("/connect/tokens/{}/end", known.id);
    assert!(page.contains(&path));
    assert_eq!(browser.post(&path).await.location(), "/connect");
    let refused = authenticate(&house.identity, &token, Door::Caldav).await;
    refused.unwrap_err();
    let page = browser.get("/connect").await.body;
    assert!(!page.contains("My &#60;phone&#62;"));
}

#[tokio::test]
async fn each_choice_of_the_form_makes_a_token_for_its_door() {
    let house = House::new().await;
    let (mut browser, _) = house.member("ann").await;
    let page = browser.get("/connect").await.body;
    let choices = [
        ("caldav", Door::Caldav, "label=x&scope=caldav&days=0"),
        (
            "caldav-read",
            Door::Caldav,
            "label=x&scope=caldav-read&days=0",
        ),
        ("inventory", Door::Api, "label=x&scope=inventory&days=30"),
        ("api", Door::Api, "label=x&scope=api&days=90"),
    ];
    for (choice, door, fields) in choices {
        assert!(
            page.contains(&format!("<option value=\"{choice}\">")),
            "{choice}"
        );
        let made = browser.submit("/connect/tokens", fields).await;
        let token = shown(&made.body);
        let actor = authenticate(&house.identity, &token, door).await.unwrap();
        assert_eq!(actor.scopes.to_text(), choice);
    }
    assert_eq!(page.matches("<option value=").count(), choices.len() + 4);
}

#[tokio::test]
async fn what_cannot_be_a_token_is_refused_and_nothing_is_made() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let wrong = [
        (
            "label=&scope=caldav&days=30",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "label=x&scope=web&days=30",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("label=x&scope=everything&days=30", StatusCode::BAD_REQUEST),
        ("label=x&scope=caldav&days=-1", StatusCode::BAD_REQUEST),
        ("scope=caldav", StatusCode::BAD_REQUEST),
    ];
    for (fields, status) in wrong {
        let refused = browser.submit("/connect/tokens", fields).await;
        assert_eq!(refused.status, status, "{fields}");
        assert!(refused.body.contains("<h1>"), "a page that says why");
    }
    let fields = "label=x&scope=caldav&days=30";
    let request = Request::post("/connect/tokens")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded");
    let foreign = browser.send_with(request, fields.into()).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let nobody = house.browser().submit("/connect/tokens", fields).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let known = list(&house.identity, &ann, ann.principal).await.unwrap();
    assert!(known.is_empty());
}

#[tokio::test]
async fn nobody_ends_the_token_of_another() {
    let house = House::new().await;
    let (mut ann, actor) = house.member("ann").await;
    let (mut ben, _) = house.member("ben").await;
    ann.submit("/connect/tokens", "label=x&scope=caldav&days=30")
        .await;
    let known = list(&house.identity, &actor, actor.principal)
        .await
        .unwrap();
    let path = format!("/connect/tokens/{}/end", known[0].id);
    let missing = "/connect/tokens/01890a5d-ac96-774b-bcce-b302099a8057/end";
    for path in [path.as_str(), missing, "/connect/tokens/x/end"] {
        assert_eq!(ben.post(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let request = Request::post(&path).header("sec-fetch-site", "cross-site");
    assert_eq!(ann.send(request).await.status, StatusCode::FORBIDDEN);
    let still = list(&house.identity, &actor, actor.principal)
        .await
        .unwrap();
    assert_eq!(still.len(), 1);
}
