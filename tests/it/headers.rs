//! The headers that protect are on every answer of every door, whatever its status.

use freehold::server::endpoints;

use crate::support::app::TestApp;
use crate::support::dav::event;

#[tokio::test]
async fn every_route_answers_with_the_headers_that_protect() {
    let app = TestApp::with(|_| {}).await;
    let nowhere = [("GET", "/nothing"), ("PUT", "/"), ("GET", "/api/nothing")];
    let listed = endpoints().into_iter();
    let listed = listed.map(|endpoint| (endpoint.method, endpoint.path));
    for (method, path) in listed.chain(nowhere) {
        let path = path.replace(['{', '}'], "");
        let answer = app.request(method, &path).send().await;
        let asked = format!("{method} {path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{asked}"
        );
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(answer.header(name), "same-origin", "{asked}: {name}");
        }
        for name in [
            "referrer-policy",
            "permissions-policy",
            "content-security-policy",
            "cache-control",
        ] {
            assert!(!answer.header(name).is_empty(), "{asked}: {name}");
        }
        // RFC 6797 §7.2: plain HTTP never says it.
        assert_eq!(answer.header("strict-transport-security"), "", "{asked}");
    }
}

#[tokio::test]
async fn behind_https_every_answer_forbids_plain_http() {
    let app = TestApp::with(|settings| {
        settings.server.public_url = Some("https://calendar.example/".parse().unwrap());
    })
    .await;
    let years = "max-age=63072000; includeSubDomains";
    for endpoint in endpoints() {
        let path = endpoint.path.replace(['{', '}'], "");
        let answer = app.request(endpoint.method, &path).send().await;
        assert_eq!(answer.header("strict-transport-security"), years, "{path}");
    }
}

#[tokio::test]
async fn an_object_keeps_its_tag_and_its_304_beside_them() {
    let app = TestApp::with(|_| {}).await;
    let ann = app.person("ann").await;
    let made = app.request("MKCALENDAR", "/dav/calendars/ann/work/");
    assert_eq!(made.basic(&ann).send().await.status, 201);
    let path = "/dav/calendars/ann/work/1.ics";
    let put = app.request("PUT", path).basic(&ann);
    let put = put.body(event("1", "20270101T090000Z", &"long ".repeat(500)));
    assert_eq!(put.send().await.status, 201);
    let get = || app.request("GET", path).basic(&ann);
    let got = get().header("accept-encoding", "gzip").send().await;
    assert_eq!((got.status, got.header("content-encoding")), (200, "gzip"));
    let again = get().header("if-none-match", got.header("etag"));
    let again = again.send().await;
    assert_eq!(again.status, 304);
    assert_eq!(again.header("etag"), got.header("etag"));
    assert_eq!(again.header("cache-control"), "no-store");
    let listed = app.request("PROPFIND", "/dav/calendars/ann/work/");
    let listed = listed.basic(&ann).header("depth", "1").send().await;
    assert_eq!(
        (listed.status, listed.header("cache-control")),
        (207, "no-store")
    );
}
