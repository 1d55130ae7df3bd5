//! Check-out, check-in and movements.

use std::sync::Arc;

use freehold::identity::{Actor, principals};
use http::StatusCode;
use serde_json::json;

use super::Api;

#[tokio::test]
async fn an_item_goes_out_to_a_person_and_comes_back() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let (out, back) = (format!("{item}/check-out"), format!("{item}/check-in"));
    let to = json!({ "kind": "party", "handle": "mia" });
    let due = "2026-12-01T17:00:00+01:00";
    let body = json!({ "to": to, "due_at": due });
    let moved = api.change("POST", &out, "\"1\"", body).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    assert_eq!(moved.body["from"], json!({ "kind": "place", "id": place }));
    assert_eq!(moved.body["to"]["handle"], "mia");
    assert_eq!(moved.body["due_at"], "2026-12-01T16:00:00Z");
    let held = api.get(&item).await;
    assert_eq!(held.header("etag"), moved.text("item_etag"));
    assert_eq!(held.body["holdings"].as_array().unwrap().len(), 1);
    let holding = &held.body["holdings"][0];
    assert_eq!(holding["account"], moved.body["to"]);
    assert_eq!(holding["quantity"], 1);
    assert_eq!(holding["due_at"], "2026-12-01T16:00:00Z");
    let body = json!({ "to_place_id": place, "from": to });
    let returned = api
        .change("POST", &back, &moved.text("item_etag"), body)
        .await;
    assert_eq!(returned.status, StatusCode::OK, "{}", returned.body);
    let history = api.get(&format!("{item}/movements")).await;
    let history = history.body["items"].as_array().unwrap().clone();
    assert_eq!(history.len(), 3);
    assert_eq!(history[0]["from"], json!({ "kind": "outside" }));
    assert_eq!(history[1], moved.body);
    assert_eq!(history[2], returned.body);
    let page = api.get(&format!("{item}/movements?limit=2")).await;
    assert!(
        page.header("link")
            .starts_with(&format!("<{item}/movements?cursor="))
    );
}

#[tokio::test]
async fn nothing_is_handed_to_a_person_who_was_turned_off() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let identity = &api.identity;
    let mia = principals::by_handle(identity, &"mia".parse().unwrap()).await;
    let mia = mia.unwrap().unwrap().id;
    let (out, back) = (format!("{item}/check-out"), format!("{item}/check-in"));
    let body = json!({ "to": { "kind": "party", "handle": "mia" } });
    let lent = api.change("POST", &out, "\"1\"", body.clone()).await;
    assert_eq!(lent.status, StatusCode::OK);
    principals::deactivate(identity, &Actor::operator(), mia)
        .await
        .unwrap();
    // What they have is taken back all the same.
    let home = json!({ "to_place_id": place });
    let returned = api.change("POST", &back, "\"2\"", home).await;
    assert_eq!(returned.status, StatusCode::OK);
    let refused = api.change("POST", &out, "\"3\"", body).await;
    refused.refuses(422, "invalid");
    assert_eq!(refused.text("field"), "to");
}

#[tokio::test]
async fn a_second_check_out_is_a_conflict_and_a_stale_one_fails_its_condition() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let out = format!("{item}/check-out");
    let body = json!({ "to": { "kind": "party", "handle": "mia" } });
    let first = api.change("POST", &out, "\"1\"", body.clone()).await;
    assert_eq!(first.status, StatusCode::OK);
    let stale = api.change("POST", &out, "\"1\"", body.clone()).await;
    stale.refuses(412, "precondition-failed");
    let second = api.change("POST", &out, "\"2\"", body.clone()).await;
    second.refuses(409, "already-out");
    api.post(&out, body)
        .await
        .refuses(428, "precondition-required");
    let history = api.get(&format!("{item}/movements")).await;
    assert_eq!(history.body["items"].as_array().unwrap().len(), 2);
    let back = format!("{item}/check-in");
    let body = json!({ "to_place_id": place });
    let returned = api.change("POST", &back, "*", body.clone()).await;
    assert_eq!(returned.status, StatusCode::OK);
    api.change("POST", &back, "*", body)
        .await
        .refuses(409, "not-out");
}

#[tokio::test]
async fn what_a_check_out_names_wrongly_is_named_in_the_refusal() {
    let api = Api::new().await;
    let (item, _) = api.laptop().await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let own = item.rsplit('/').next().unwrap();
    let mia = json!({ "kind": "party", "handle": "mia" });
    let cases = [
        (
            json!({ "to": { "kind": "party", "handle": "nobody" } }),
            "to",
        ),
        (json!({ "to": { "kind": "place", "id": nobody } }), "to"),
        (json!({ "to": { "kind": "item", "id": nobody } }), "to"),
        (json!({ "to": { "kind": "item", "id": own } }), "to"),
        (json!({ "to": mia, "quantity": 2 }), "quantity"),
        (json!({ "to": mia, "quantity": 0 }), "quantity"),
        (
            json!({ "to": mia, "due_at": "2026-11-25T10:00:00Z" }),
            "due_at",
        ),
        (json!({ "to": mia, "due_at": "tomorrow" }), "due_at"),
    ];
    for (body, field) in cases {
        let refused = api
            .change("POST", &format!("{item}/check-out"), "*", body.clone())
            .await;
        refused.refuses(422, "invalid");
        assert_eq!(refused.body["field"], field, "{body}");
    }
    let missing = format!("/api/v1/items/{nobody}/check-out");
    let body = json!({ "to": mia });
    api.change("POST", &missing, "*", body)
        .await
        .refuses(404, "not-found");
    let body = json!({ "to_place_id": nobody });
    let refused = api
        .change("POST", &format!("{item}/check-in"), "*", body)
        .await;
    refused.refuses(422, "invalid");
    assert_eq!(refused.body["field"], "to_place_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_check_outs_at_once_one_wins() {
    let api = Arc::new(Api::new().await);
    let (item, _) = api.laptop().await;
    let asked = (0..12).map(|_| {
        let (api, path) = (api.clone(), format!("{item}/check-out"));
        tokio::spawn(async move {
            let body = json!({ "to": { "kind": "party", "handle": "mia" } });
            let answer = api.change("POST", &path, "*", body).await;
            if answer.status != StatusCode::OK {
                answer.refuses(409, "already-out");
            }
            answer.status
        })
    });
    let asked: Vec<_> = asked.collect();
    let mut won = 0;
    for one in asked {
        won += usize::from(one.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(won, 1);
    let history = api.get(&format!("{item}/movements")).await;
    assert_eq!(history.body["items"].as_array().unwrap().len(), 2);
}
