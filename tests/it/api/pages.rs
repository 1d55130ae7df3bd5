//! Keyset pages: `next`, and the same as a link (RFC 8288).

use std::collections::HashSet;

use http::StatusCode;
use serde_json::json;

use super::{Answer, Api};

/// The path of the next page, as the `Link` says it.
fn next(page: &Answer) -> Option<String> {
    let link = page.header("link").strip_suffix(">; rel=\"next\"")?;
    Some(link.strip_prefix('<').unwrap().to_owned())
}

#[tokio::test]
async fn walking_the_pages_gives_all_of_250_items_once_in_order() {
    let api = Api::new().await;
    let (kind, place) = (api.item_type("serialised").await, api.place("Shelf").await);
    let mut made = Vec::new();
    for number in 0..250 {
        let body = json!({ "type_id": kind, "name": format!("Item {number}"), "place_id": place });
        made.push(api.make("/api/v1/items", body).await);
    }
    let mut seen = Vec::new();
    let mut pages = 0;
    let mut path = Some("/api/v1/items?limit=40".to_owned());
    while let Some(here) = path {
        let page = api.get(&here).await;
        assert_eq!(page.status, StatusCode::OK);
        let rows = page.body["items"].as_array().unwrap();
        seen.extend(
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        path = next(&page);
        let cursor = page.body["next"].as_str();
        assert_eq!(path.is_some(), cursor.is_some());
        let goes_on = |path: &String| path.contains(cursor.unwrap()) && path.ends_with("limit=40");
        assert!(path.as_ref().is_none_or(goes_on), "{path:?}");
        pages += 1;
    }
    assert_eq!(pages, 7);
    assert_eq!(seen.len(), 250);
    assert_eq!(seen.iter().collect::<HashSet<_>>(), made.iter().collect());
    assert!(seen.is_sorted());
    let unsaid = api.get("/api/v1/items").await;
    assert_eq!(unsaid.body["items"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_page_that_cannot_be_given_is_refused_not_cut() {
    let api = Api::new().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=!", "cursor"),
    ] {
        let refused = api.get(&format!("/api/v1/places?{query}")).await;
        refused.refuses(400, "malformed");
        assert_eq!(refused.body["field"], field, "{query}");
    }
    for (query, word) in [
        ("limit=ten", "limit"),
        ("limit=70000", "limit"),
        ("size=5", "size"),
    ] {
        let refused = api.get(&format!("/api/v1/places?{query}")).await;
        assert!(refused.refuses(400, "malformed").contains(word), "{query}");
    }
    let foreign = api.get("/api/v1/places?cursor=AAAA").await;
    foreign.refuses(400, "malformed");
    let empty = api.get("/api/v1/places").await;
    assert_eq!(empty.body, json!({ "items": [], "next": null }));
}
