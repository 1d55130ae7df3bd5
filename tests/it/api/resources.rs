//! Item types, places and items: made, read, replaced, under conditions (RFC 9110 §13).

use http::StatusCode;
use serde_json::json;

use super::{Api, ask, get};

#[tokio::test]
async fn what_is_made_is_at_its_location_with_its_entity_tag() {
    let api = Api::new().await;
    let building = api.place("Building").await;
    let kind = api.item_type("stock").await;
    let cases = [
        (
            "/api/v1/item-types",
            json!({ "name": "Cable", "kind": "stock", "unit": "m" }),
        ),
        (
            "/api/v1/places",
            json!({ "name": "Room", "parent_id": building }),
        ),
        (
            "/api/v1/items",
            json!({ "type_id": kind, "name": "Cable", "place_id": building, "quantity": 12 }),
        ),
    ];
    for (path, body) in cases {
        let made = api.post(path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let location = made.header("location");
        assert_eq!(location, format!("{path}/{}", made.text("id")));
        let read = api.get(location).await;
        assert_eq!(read.status, StatusCode::OK);
        assert_eq!(read.body, made.body);
        assert_eq!(read.header("etag"), made.header("etag"));
        assert_eq!(read.header("etag"), read.text("etag"));
    }
}

#[tokio::test]
async fn a_client_that_has_it_already_gets_no_body() {
    let api = Api::new().await;
    let (item, _) = api.laptop().await;
    let etag = api.get(&item).await.header("etag").to_owned();
    let mut again = get(&item, &api.member);
    again
        .headers_mut()
        .insert("If-None-Match", etag.parse().unwrap());
    let again = api.send(again).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!(again.header("etag"), etag);
    assert!(again.body.is_null());
    let mut other = get(&item, &api.member);
    other
        .headers_mut()
        .insert("If-None-Match", "\"0\"".parse().unwrap());
    assert_eq!(api.send(other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn put_with_the_present_tag_replaces_and_with_a_stale_one_changes_nothing() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let kind = format!(
        "/api/v1/item-types/{}",
        api.get(&item).await.text("type_id")
    );
    let place = format!("/api/v1/places/{place}");
    let cases = [
        (&item, json!({ "name": "Renamed", "identifiers": [] })),
        (&kind, json!({ "name": "Renamed", "unit": "box" })),
        (&place, json!({ "name": "Renamed", "parent_id": null })),
    ];
    for (path, body) in cases {
        let before = api.get(path).await.text("etag");
        let changed = api.change("PUT", path, &before, body.clone()).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        assert_eq!(changed.text("name"), "Renamed");
        assert_ne!(changed.text("etag"), before);
        assert_eq!(changed.header("etag"), changed.text("etag"));
        let mut late = body;
        late["name"] = json!("Too late");
        let refused = api.change("PUT", path, &before, late).await;
        refused.refuses(412, "precondition-failed");
        assert_eq!(api.get(path).await.body, changed.body);
    }
}

#[tokio::test]
async fn put_without_if_match_is_refused_and_an_asterisk_overrides() {
    let api = Api::new().await;
    let place = format!("/api/v1/places/{}", api.place("Room").await);
    let body = json!({ "name": "Hall", "parent_id": null });
    let request = |header: &str, value: &str| {
        let request = ask("PUT", &place, &api.custodian).header(header, value);
        request.body(body.to_string().into()).unwrap()
    };
    let refused = api.send(request("X-Other", "1")).await;
    assert!(
        refused
            .refuses(428, "precondition-required")
            .contains("If-Match")
    );
    let refused = api.send(request("If-None-Match", "\"9\"")).await;
    refused.refuses(428, "precondition-required");
    let refused = api.send(request("If-Match", "1")).await;
    refused.refuses(400, "malformed");
    let weak = api.send(request("If-Match", "W/\"1\"")).await;
    weak.refuses(412, "precondition-failed");
    assert_eq!(api.get(&place).await.text("name"), "Room");
    assert_eq!(
        api.send(request("If-Match", "*")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_item_is_found_by_its_identifier() {
    let api = Api::new().await;
    let (item, _) = api.laptop().await;
    let by = "/api/v1/items/by-identifier";
    let found = api.get(&format!("{by}?scheme=tag&value=LAP-0007")).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.body, api.get(&item).await.body);
    let none = api.get(&format!("{by}?scheme=tag&value=lap-0007")).await;
    assert!(none.refuses(404, "not-found").contains("lap-0007"));
    api.get(&format!("{by}?scheme=TAG&value=1"))
        .await
        .refuses(400, "malformed");
    api.get(&format!("{by}?value=1"))
        .await
        .refuses(400, "malformed");
}

#[tokio::test]
async fn a_place_is_not_moved_by_a_member_that_was_forgotten() {
    let api = Api::new().await;
    let building = api.place("Building").await;
    let body = json!({ "name": "Room", "parent_id": building });
    let room = format!("/api/v1/places/{}", api.make("/api/v1/places", body).await);
    let refused = api
        .change("PUT", &room, "*", json!({ "name": "Hall" }))
        .await;
    assert!(refused.refuses(422, "invalid").contains("parent_id"));
    let refused = json!({ "name": "Building", "parent_id": api.get(&room).await.text("id") });
    let building = format!("/api/v1/places/{building}");
    let refused = api.change("PUT", &building, "*", refused).await;
    refused.refuses(422, "invalid");
    assert_eq!(refused.body["field"], "parent_id");
}

#[tokio::test]
async fn what_is_taken_is_a_conflict_of_its_own_type() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let item = api.get(&item).await.body;
    let body = json!({ "name": "A serialised type", "kind": "room", "unit": "room" });
    api.post("/api/v1/item-types", body)
        .await
        .refuses(409, "name-taken");
    let body = json!({
        "type_id": item["type_id"],
        "name": "Another",
        "identifiers": item["identifiers"],
        "place_id": place,
    });
    api.post("/api/v1/items", body)
        .await
        .refuses(409, "identifier-taken");
}
