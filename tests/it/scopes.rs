//! What a personal token is good for, asked at the doors.

use freehold::identity::{Role, Scope};

use crate::support::app::TestApp;
use crate::support::dav::event;

const CALENDAR: &str = "/dav/calendars/ann/work/";
const OBJECT: &str = "/dav/calendars/ann/work/1.ics";

#[tokio::test]
async fn a_token_that_reads_calendars_reads_all_and_changes_nothing() {
    let app = TestApp::with(|_| {}).await;
    let ann = app.person("ann").await;
    let writes = |method, path| app.request(method, path).basic(&ann);
    assert_eq!(writes("MKCALENDAR", CALENDAR).send().await.status, 201);
    let put = writes("PUT", OBJECT).body(event("1", "20270101T090000Z", "One"));
    assert_eq!(put.send().await.status, 201);

    let token = app.token("ann", Scope::CaldavRead).await;
    let reads = |method, path| app.request(method, path).bearer(&token);
    let got = reads("GET", OBJECT).send().await;
    assert_eq!(
        (got.status, got.text().contains("SUMMARY:One")),
        (200, true)
    );
    let sync = "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:sync-level>1</D:sync-level>\
                <D:prop><D:getetag/></D:prop></D:sync-collection>";
    let synced = reads("REPORT", CALENDAR).body(sync).send().await;
    assert_eq!(synced.status, 207);
    let ask = "<D:propfind xmlns:D='DAV:'><D:prop><D:current-user-privilege-set/></D:prop>\
               </D:propfind>";
    for path in [CALENDAR, OBJECT, "/dav/calendars/ann/"] {
        let found = reads("PROPFIND", path).header("depth", "0").body(ask);
        let found = found.send().await;
        let text = found.text();
        assert!(
            text.contains("<D:read/>") && !text.contains("write"),
            "{text}"
        );
        assert!(!text.contains("bind"), "{text}");
    }

    let rename = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>x</D:displayname>\
                  </D:prop></D:set></D:propertyupdate>";
    let changes = [
        ("PUT", OBJECT, event("1", "20270101T090000Z", "Two")),
        (
            "PUT",
            "/dav/calendars/ann/work/2.ics",
            event("2", "20270101T090000Z", "Two"),
        ),
        ("DELETE", OBJECT, String::new()),
        ("DELETE", CALENDAR, String::new()),
        ("MKCALENDAR", "/dav/calendars/ann/other/", String::new()),
        ("PROPPATCH", CALENDAR, rename.to_owned()),
    ];
    for (method, path, body) in changes {
        let refused = reads(method, path).body(body).send().await;
        assert_eq!(refused.status, 403, "{method} {path}");
        assert!(refused.text().contains("personal token"), "{method} {path}");
    }
    let still = writes("GET", OBJECT).send().await;
    assert!(still.text().contains("SUMMARY:One"));
    let elsewhere = app.request("GET", "/api/v1/items").bearer(&token);
    assert_eq!(elsewhere.send().await.status, 401, "another door");
}

#[tokio::test]
async fn a_token_for_the_inventory_opens_the_inventory_only() {
    let app = TestApp::with(|_| {}).await;
    app.person_with("carol", &[Role::Custodian]).await;
    let token = app.token("carol", Scope::Inventory).await;
    let asked = |method, path| app.request(method, path).bearer(&token);
    assert_eq!(asked("GET", "/api/v1/items").send().await.status, 200);
    let made = asked("POST", "/api/v1/places").header("content-type", "application/json");
    assert_eq!(made.body("{\"name\":\"Attic\"}").send().await.status, 201);
    let calendars = asked("PROPFIND", "/dav/calendars/carol/").header("depth", "0");
    assert_eq!(calendars.send().await.status, 401);
}
