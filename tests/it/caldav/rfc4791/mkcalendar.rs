//! RFC 4791 §5.3.1: MKCALENDAR; RFC 5689: extended MKCOL.

use super::super::{CAL, HEAD, House, simple, unmet};

const NEW: &str = "/dav/calendars/alice/new/";

#[tokio::test]
async fn a_calendar_is_made_with_its_properties() {
    let house = House::new().await;
    let body = format!(
        "<C:mkcalendar {HEAD}><D:set><D:prop><D:displayname>Tasks</D:displayname>\
         <A:calendar-color>#112233</A:calendar-color><Z:z xmlns:Z='z'>dead</Z:z>\
         <C:supported-calendar-component-set><C:comp name='VTODO'/>\
         </C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
    );
    let answer = house.ask("MKCALENDAR", NEW).body(body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let asked = "<D:displayname/><A:calendar-color/><Z:z xmlns:Z='z'/>\
                 <C:supported-calendar-component-set/>";
    let found = house.propfind(NEW, "0", asked).await;
    let found = found.at(NEW);
    assert_eq!(found.prop("displayname"), "Tasks");
    assert_eq!(found.prop("calendar-color"), "#112233");
    assert_eq!(found.prop("z"), "dead");
    let components = found.prop("supported-calendar-component-set");
    assert_eq!(components, "<C:comp name=\"VTODO\"/>");
    let event = house.ask("PUT", &format!("{NEW}a.ics")).body(simple("a"));
    let answer = event.send().await;
    assert_eq!(answer.status, 403);
    assert!(unmet(&answer, "C:supported-calendar-component"));
}

#[tokio::test]
async fn a_body_is_not_needed_nor_a_slash() {
    let house = House::new().await;
    let ask = house.ask("MKCALENDAR", "/dav/calendars/alice/new");
    let ask = ask.header("content-type", "text/xml; charset=\"utf-8\"");
    assert_eq!(ask.send().await.status, 201);
    assert_eq!(
        house.propfind(NEW, "0", "<D:getetag/>").await.hrefs(),
        [NEW]
    );
}

#[tokio::test]
async fn extended_mkcol_makes_a_calendar_and_nothing_else() {
    let house = House::new().await;
    let body = |types: &str| {
        format!(
            "<D:mkcol {HEAD}><D:set><D:prop><D:resourcetype>{types}</D:resourcetype>\
             <D:displayname>N</D:displayname></D:prop></D:set></D:mkcol>"
        )
    };
    let plain = house.ask("MKCOL", NEW).send().await;
    assert_eq!(plain.status, 403);
    assert!(unmet(&plain, "D:valid-resourcetype"));
    let book = house
        .ask("MKCOL", NEW)
        .body(body("<D:collection/>"))
        .send()
        .await;
    assert_eq!(book.status, 403);
    let calendar = house
        .ask("MKCOL", NEW)
        .body(body("<D:collection/><C:calendar/>"));
    assert_eq!(calendar.send().await.status, 201);
    let found = house.propfind(NEW, "0", "<D:displayname/>").await;
    assert_eq!(found.at(NEW).prop("displayname"), "N");
}

#[tokio::test]
async fn where_something_is_no_calendar_can_be_made() {
    let house = House::new().await;
    for path in [
        CAL,
        "/dav/calendars/alice/",
        "/dav/",
        "/dav/principals/alice/",
    ] {
        let answer = house.ask("MKCALENDAR", path).send().await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(unmet(&answer, "D:resource-must-be-null"));
        assert!(!answer.header("allow").contains("MKCALENDAR"));
    }
}

#[tokio::test]
async fn calendars_are_made_in_ones_own_home_and_nowhere_else() {
    let house = House::new().await;
    for path in [
        "/dav/calendars/alice/t/inner/",
        "/dav/calendars/alice/t/inner",
        "/dav/elsewhere/",
        "/dav/calendars/alice/t/a/b/",
    ] {
        let answer = house.ask("MKCALENDAR", path).send().await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(unmet(&answer, "C:calendar-collection-location-ok"));
    }
    let theirs = house
        .ask("MKCALENDAR", "/dav/calendars/bob/new/")
        .send()
        .await;
    assert_eq!(theirs.status, 404);
}

#[tokio::test]
async fn one_refused_property_makes_nothing() {
    let house = House::new().await;
    let body = |props: &str| {
        format!("<C:mkcalendar {HEAD}><D:set><D:prop>{props}</D:prop></D:set></C:mkcalendar>")
    };
    let bad = "<D:displayname>x</D:displayname><C:supported-calendar-component-set>\
               <C:comp name='VPARTY'/></C:supported-calendar-component-set>";
    let answer = house.ask("MKCALENDAR", NEW).body(body(bad)).send().await;
    assert_eq!(answer.status, 403);
    let text = answer.text();
    assert!(text.contains("<C:mkcalendar-response"), "{text}");
    assert!(text.contains("424") && text.contains("<C:supported-calendar-component/>"));
    let zone = body("<C:calendar-timezone>nowhere</C:calendar-timezone>");
    let answer = house.ask("MKCALENDAR", NEW).body(zone).send().await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(
        answer.text().contains("<C:valid-calendar-data/>"),
        "{}",
        answer.text()
    );
    let none = house.ask("PROPFIND", NEW).header("depth", "0").send().await;
    assert_eq!(none.status, 404);
}
