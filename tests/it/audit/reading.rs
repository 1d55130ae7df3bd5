//! Who reads the audit, over the API and on the page, and how it is asked.

use freehold::identity::Role;
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// The answer as JSON.
async fn entries(app: &TestApp, token: &str, query: &str) -> (u16, Value) {
    let path = format!("/api/v1/audit-entries{query}");
    let answer = app.request("GET", &path).bearer(token).send().await;
    let body = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body)
}

#[tokio::test]
async fn an_auditor_pages_through_what_was_asked_for_and_nobody_else_reads() {
    let app = TestApp::with(|_| ()).await;
    let ada = app.person_with("ada", &[Role::Auditor]).await;
    let boss = app.person_with("boss", &[Role::Administrator]).await;
    for number in 0..7 {
        let made = app.request("POST", "/api/v1/places").bearer(&boss.api);
        let made = made.header("content-type", "application/json");
        let body = json!({ "name": format!("Room {number}") });
        assert_eq!(made.body(body.to_string()).send().await.status, 201);
    }
    assert_eq!(entries(&app, &boss.api, "").await.0, 403);

    let (mut seen, mut query) = (Vec::new(), "?action=inventory.place.&limit=3".to_owned());
    loop {
        let (status, page) = entries(&app, &ada.api, &query).await;
        assert_eq!(status, 200, "{page}");
        for entry in page["items"].as_array().unwrap() {
            assert_eq!(entry["action"], "inventory.place.create");
            seen.push(entry["seq"].as_i64().unwrap());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("?action=inventory.place.&limit=3&cursor={next}");
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first: {seen:?}");

    let (_, one) = entries(&app, &ada.api, "?limit=1").await;
    let actor = one["items"][0]["actor"].as_str().unwrap();
    let (_, of) = entries(&app, &ada.api, &format!("?actor={actor}&limit=500")).await;
    assert_eq!(of["items"].as_array().unwrap().len(), 7);
    let (_, none) = entries(&app, &ada.api, "?from=2999-01-01T00:00:00Z").await;
    assert_eq!(none, json!({ "items": [], "next": null }));
    assert_eq!(entries(&app, &ada.api, "?who=me").await.0, 400);
    assert_eq!(entries(&app, &ada.api, "?cursor=AAAA").await.0, 400);
}

#[tokio::test]
async fn an_auditor_reads_what_was_changed_from_what_into_what() {
    let app = TestApp::with(|_| ()).await;
    let ada = app.person_with("ada", &[Role::Auditor]).await;
    let boss = app.person_with("boss", &[Role::Administrator]).await;
    let send = async |method: &str, path: &str, body: Value| {
        let request = app.request(method, path).bearer(&boss.api);
        let request = request.header("content-type", "application/json");
        let answer = request.header("if-match", "*").body(body.to_string());
        serde_json::from_slice::<Value>(&answer.send().await.body).unwrap()
    };
    let made = send("POST", "/api/v1/places", json!({ "name": "Room 1" })).await;
    let path = format!("/api/v1/places/{}", made["id"].as_str().unwrap());
    let changed = send("PUT", &path, json!({ "name": "Room 2", "parent_id": null })).await;
    assert_eq!(changed["name"], "Room 2", "{changed}");
    let asked = "?action=inventory.place.update";
    let (_, page) = entries(&app, &ada.api, asked).await;
    let expected = json!([{
        "kind": "changes",
        "content": { "name": { "from": "Room 1", "to": "Room 2" } },
    }]);
    assert_eq!(page["items"][0]["parts"], expected, "{page}");
}
