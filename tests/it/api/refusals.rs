//! Who is refused, and what: every refusal is a problem (RFC 9457).

use std::sync::Arc;

use axum::body::Body;
use freehold::api::{self, Access, Method};
use freehold::identity::{Role, Scope};
use freehold::store::{StoreError, Tx};
use http::{Request, StatusCode};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{Api, ask, get};

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test]
async fn every_operation_is_for_whom_it_says() {
    let api = Api::new().await;
    let stranger = api.token("stan", &[], Scope::Api).await;
    let admin = api.token("ada", &[Role::Administrator], Scope::Api).await;
    let actors = [
        (stranger, [true, false, false, false, false, false]),
        (api.member.clone(), [true, true, false, false, false, false]),
        (
            api.custodian.clone(),
            [true, true, true, false, false, false],
        ),
        (admin, [true, true, true, true, true, false]),
    ];
    for operation in api::operations() {
        let (method, path) = (operation.method.as_str(), operation.path);
        let path = path.replace("{id}", NOBODY);
        let path = path.replace("by-identifier", "by-identifier?scheme=tag&value=1");
        let body = well_formed(operation.id);
        for (token, may) in &actors {
            let request = ask(method, &path, token).header("If-Match", "*");
            let answer = api.send(request.body(body.clone().into()).unwrap()).await;
            let may = may[operation.access as usize];
            assert_eq!(
                answer.status != StatusCode::FORBIDDEN,
                may,
                "{method} {path}: {}",
                answer.body
            );
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED);
            if !may {
                answer.refuses(403, "forbidden");
            }
        }
        let nobody = Request::builder().method(method).uri(&path);
        let answer = api.send(nobody.body(body.into()).unwrap()).await;
        if operation.access == Access::Anyone {
            assert_eq!(answer.status, StatusCode::OK);
        } else {
            answer.refuses(401, "unauthenticated");
        }
    }
}

/// A body that the operation can read, about things that are not there.
fn well_formed(operation: &str) -> String {
    let body = match operation {
        "create_item_type" => json!({ "name": "T", "kind": "stock", "unit": "m" }),
        "replace_item_type" => json!({ "name": "T", "unit": "m" }),
        "create_place" | "replace_place" => json!({ "name": "P", "parent_id": NOBODY }),
        "create_item" => json!({ "name": "I", "type_id": NOBODY, "place_id": NOBODY }),
        "replace_item" => json!({ "name": "I", "identifiers": [] }),
        "check_out_item" => json!({ "to": { "kind": "place", "id": NOBODY } }),
        "give_role" => json!({
            "handle": "nobody",
            "role": "custodian",
            "over": { "kind": "everything" },
        }),
        "check_in_item" => json!({ "to_place_id": NOBODY }),
        _ => return String::new(),
    };
    body.to_string()
}

#[tokio::test]
async fn only_a_personal_token_of_scope_api_is_a_credential() {
    let api = Api::new().await;
    let caldav = api.token("cal", &[Role::Member], Scope::Caldav).await;
    let cases = [
        ("Authorization", format!("Bearer {caldav}")),
        ("Authorization", "Bearer fh_api_wrong".to_owned()),
        ("Authorization", api.member.clone()),
        ("Cookie", format!("__Host-session={}", api.member)),
    ];
    for (header, value) in cases {
        let request = Request::builder()
            .uri("/api/v1/items")
            .header(header, &value);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        answer.refuses(401, "unauthenticated");
        let offers = answer.headers.get_all("www-authenticate").iter();
        assert!(
            offers
                .into_iter()
                .any(|offer| offer.to_str().unwrap().starts_with("Bearer"))
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_line_and_column() {
    let api = Api::new().await;
    let post = |body: &str| {
        let request = ask("POST", "/api/v1/places", &api.custodian);
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let broken = api.send(post("{\n  \"name\": \"Room\",\n  oops\n}")).await;
    let detail = broken.refuses(400, "malformed");
    assert!(detail.contains("line 3, column 3"), "{detail}");
    assert_eq!(
        (broken.body["line"].as_u64(), broken.body["column"].as_u64()),
        (Some(3), Some(3))
    );
    let deep = "[".repeat(4000);
    for body in [
        "",
        "{",
        "{\"name\":\"Room\"} again",
        "{\"name\":\"\u{1}\"}",
        &deep,
    ] {
        let refused = api.send(post(body)).await;
        assert!(
            refused.status == 400 || refused.status == 422,
            "{body:.20}: {}",
            refused.body
        );
    }
    let text = ask("POST", "/api/v1/places", &api.custodian).body(Body::from(vec![b'"', 0xff]));
    api.send(text.unwrap()).await.refuses(400, "malformed");
    let places = api.get("/api/v1/places").await;
    assert_eq!(places.body["items"], json!([]));
}

#[tokio::test]
async fn a_wrong_member_is_refused_by_name() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let kind = api.get(&item).await.text("type_id");
    let good = json!({ "type_id": kind, "name": "A", "place_id": place });
    let cases = [
        ("colour", json!("red"), "colour"),
        ("name", json!(7), "name"),
        ("name", json!(" "), "name"),
        ("name", json!("a\u{0}b"), "name"),
        ("type_id", json!("laptop"), "type_id"),
        ("type_id", json!(NOBODY), "type_id"),
        ("place_id", json!(NOBODY), "place_id"),
        ("quantity", json!(-1), "quantity"),
        ("quantity", json!(1.5), "quantity"),
        (
            "identifiers",
            json!([{ "scheme": "Tag", "value": "1" }]),
            "identifiers[0]",
        ),
        (
            "identifiers",
            json!([{ "scheme": "tag" }]),
            "identifiers[0]",
        ),
        (
            "identifiers",
            json!([{ "scheme": "tag", "value": "1", "x": 1 }]),
            "identifiers[0].x",
        ),
    ];
    for (member, value, field) in cases {
        let mut body = good.clone();
        body[member] = value;
        let refused = api.post("/api/v1/items", body.clone()).await;
        let detail = refused.refuses(422, "invalid");
        assert_eq!(refused.body["field"], field, "{body}: {detail}");
    }
    let refused = api.post("/api/v1/items", json!({ "name": "A" })).await;
    assert!(refused.refuses(422, "invalid").contains("type_id"));
    let items = api.get("/api/v1/items").await;
    assert_eq!(items.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_of_another_type_or_beyond_the_limit_is_refused() {
    let api = Api::new().await;
    let mut form = ask("POST", "/api/v1/places", &api.custodian)
        .body(Body::from("name=Room"))
        .unwrap();
    form.headers_mut().insert(
        "Content-Type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    api.send(form).await.refuses(415, "unsupported-media-type");
    let charset = ask("POST", "/api/v1/places", &api.custodian);
    let mut charset = charset.body(Body::from("{\"name\":\"Room\"}")).unwrap();
    let value = "application/json; charset=utf-8".parse().unwrap();
    charset.headers_mut().insert("Content-Type", value);
    assert_eq!(api.send(charset).await.status, StatusCode::CREATED);
    let large = json!({ "name": "x".repeat(5000) });
    let refused = api.post("/api/v1/places", large).await;
    assert!(refused.refuses(413, "too-large").contains("4096 bytes"));
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_done_there_are_problems_too() {
    let api = Api::new().await;
    for path in [
        "/api",
        "/api/",
        "/api/v2/items",
        "/api/v1/items/",
        "/api/v1/x/y/z",
        "/api/v1/..",
    ] {
        let detail = api.get(path).await.refuses(404, "not-found");
        assert!(detail.contains("openapi.json"), "{path}");
    }
    for path in [
        "/api/v1/items/7",
        "/api/v1/places/..%2F",
        &format!("/api/v1/items/{NOBODY}"),
    ] {
        api.get(path).await.refuses(404, "not-found");
    }
    let wrong = ask("DELETE", &format!("/api/v1/items/{NOBODY}"), &api.custodian);
    let wrong = api.send(wrong.body(Body::empty()).unwrap()).await;
    wrong.refuses(405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), "GET,HEAD,PUT");
    let head = ask("HEAD", "/api/v1/items", &api.member)
        .body(Body::empty())
        .unwrap();
    assert_eq!(api.send(head).await.status, StatusCode::OK);
    assert_eq!(
        api.send(get("/api/v1/openapi.json", "")).await.status,
        StatusCode::OK
    );
    assert_eq!(Method::Get.as_str(), "GET");
}

#[tokio::test]
async fn why_the_service_failed_is_for_the_log_and_not_for_the_client() {
    let api = Api::new().await;
    let (item, _) = api.laptop().await;
    let broken = api.store.store.write((), |tx: Tx, _: Arc<()>| async move {
        tx.execute_unprepared("ALTER TABLE holding RENAME TO gone")
            .await?;
        Ok::<_, StoreError>(())
    });
    broken.await.unwrap();
    let failed = api.get(&item).await;
    let detail = failed.refuses(500, "internal");
    assert!(
        detail.contains("X-Request-Id") && !detail.contains("holding"),
        "{detail}"
    );
}
