//! RFC 4791 §7.8: calendar-query.

use super::super::multistatus::Multistatus;
use super::super::{CAL, HEAD, House, event, query, simple, unmet};

fn range(inner: &str) -> String {
    format!("<C:comp-filter name='VEVENT'><C:time-range {inner}/></C:comp-filter>")
}

#[tokio::test]
async fn a_time_range_finds_what_overlaps_recurrences_included() {
    let house = House::new().await;
    let lines = [
        ("before", "DTSTART:20270101T090000Z\r\nDURATION:PT1H\r\n"),
        ("inside", "DTSTART:20270201T090000Z\r\nDURATION:PT1H\r\n"),
        (
            "weekly",
            "DTSTART:20200106T090000Z\r\nRRULE:FREQ=WEEKLY\r\n",
        ),
        (
            "ended",
            "DTSTART:20200106T090000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n",
        ),
        ("day", "DTSTART;VALUE=DATE:20270203\r\n"),
    ];
    for (uid, lines) in lines {
        house.put(&format!("{uid}.ics"), event(uid, lines)).await;
    }
    let todo = event("todo", "DUE:20270202T090000Z\r\n").replace("VEVENT", "VTODO");
    house.put("todo.ics", todo).await;
    let february = "start='20270201T000000Z' end='20270301T000000Z'";
    let found = house.query("<D:getetag/>", &range(february)).await;
    assert_eq!(found.names(), ["day.ics", "inside.ics", "weekly.ics"]);
    assert!(
        found
            .at(&House::at("inside.ics"))
            .prop("getetag")
            .starts_with('"')
    );
    let far = range("start='22500101T000000Z'");
    assert_eq!(
        house.query("<D:getetag/>", &far).await.names(),
        ["weekly.ics"]
    );
    let early = range("end='20200107T000000Z'");
    assert_eq!(
        house.query("", &early).await.names(),
        ["ended.ics", "weekly.ics"]
    );
    let todos = "<C:comp-filter name='VTODO'/>";
    assert_eq!(
        house.query("<D:getetag/>", todos).await.names(),
        ["todo.ics"]
    );
    assert_eq!(house.query("<D:getetag/>", "").await.names().len(), 6);
}

#[tokio::test]
async fn an_event_without_a_start_is_kept_and_is_in_no_time() {
    let house = House::new().await;
    // RFC 5545 §3.6.1 wants DTSTART; calendars that people bring have such events all the same.
    let alarm =
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
    let bare = event("bare", &format!("SUMMARY:some day\r\n{alarm}"));
    house.put("bare.ics", bare.clone()).await;
    assert_eq!(house.get("bare.ics").await.text(), bare);
    let ever = [
        range("start='19000101T000000Z'"),
        range("end='22000101T000000Z'"),
        "<C:comp-filter name='VEVENT'><C:comp-filter name='VALARM'>\
         <C:time-range start='19000101T000000Z'/></C:comp-filter></C:comp-filter>"
            .to_owned(),
    ];
    for filter in ever {
        assert!(
            house
                .query("<D:getetag/>", &filter)
                .await
                .names()
                .is_empty()
        );
    }
    let all = house.query("<D:getetag/>", "<C:comp-filter name='VEVENT'/>");
    assert_eq!(all.await.names(), ["bare.ics"]);
    // It gets a start, and loses it again.
    let later = range("start='20270101T000000Z'");
    let dated = bare.replace("SUMMARY", "DTSTART:20270201T090000Z\r\nSUMMARY");
    house.put("bare.ics", dated).await;
    let found = house.query("<D:getetag/>", &later);
    assert_eq!(found.await.names(), ["bare.ics"]);
    house.put("bare.ics", bare).await;
    let found = house.query("<D:getetag/>", &later);
    assert!(found.await.names().is_empty());
}

#[tokio::test]
async fn the_zone_of_the_question_places_floating_times() {
    let house = House::new().await;
    house
        .put(
            "f.ics",
            event("f", "DTSTART:20270601T003000\r\nDURATION:PT10M\r\n"),
        )
        .await;
    let ask = |zone: &str| {
        let body = query(
            "<D:getetag/>",
            &range("start='20270531T220000Z' end='20270531T230000Z'"),
        );
        let body = body.replace("</C:calendar-query>", &format!("{zone}</C:calendar-query>"));
        house.report("1", body)
    };
    let berlin = "<C:timezone-id>Europe/Berlin</C:timezone-id>";
    assert_eq!(Multistatus::of(&ask(berlin).await).names(), ["f.ics"]);
    assert!(Multistatus::of(&ask("").await).names().is_empty());
    let vtimezone = "<C:timezone>BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\n\
                     END:VTIMEZONE\nEND:VCALENDAR\n</C:timezone>";
    assert_eq!(Multistatus::of(&ask(vtimezone).await).names(), ["f.ics"]);
    let unknown = ask("<C:timezone-id>Mars/Base</C:timezone-id>").await;
    assert_eq!(unknown.status, 403);
    assert!(unmet(&unknown, "C:valid-timezone"));
    let broken = ask("<C:timezone>BEGIN:VCALENDAR</C:timezone>").await;
    assert!(unmet(&broken, "C:valid-calendar-data"));
}

#[tokio::test]
async fn depth_0_is_about_the_calendar_itself_and_says_so() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    let answer = Multistatus::of(&house.report("0", query("<D:getetag/>", "")).await);
    assert!(answer.responses.is_empty());
    assert!(answer.description.contains("Depth: 1"));
    let bare = house.ask("REPORT", CAL).body(query("<D:getetag/>", ""));
    assert!(Multistatus::of(&bare.send().await).responses.is_empty());
    let deep = Multistatus::of(&house.report("infinity", query("<D:getetag/>", "")).await);
    assert_eq!(deep.names(), ["a.ics"]);
}

#[tokio::test]
async fn objects_and_homes_can_be_asked_too() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    house.put("b.ics", simple("b")).await;
    let ask = |path: &str, depth: &str, filter: &str| {
        let ask = house.ask("REPORT", path).header("depth", depth);
        ask.body(query("<D:getetag/>", filter)).send()
    };
    let one = Multistatus::of(&ask(&House::at("a.ics"), "0", "").await);
    assert_eq!(one.names(), ["a.ics"]);
    let none = ask(&House::at("a.ics"), "0", "<C:comp-filter name='VTODO'/>").await;
    assert!(Multistatus::of(&none).responses.is_empty());
    let home = "/dav/calendars/alice/";
    assert_eq!(
        Multistatus::of(&ask(home, "infinity", "").await).names(),
        ["a.ics", "b.ics"]
    );
    assert!(
        Multistatus::of(&ask(home, "1", "").await)
            .responses
            .is_empty()
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_403_with_its_word() {
    let house = House::new().await;
    let text = |collation: &str| {
        query(
            "<D:getetag/>",
            &format!(
                "<C:comp-filter name='VEVENT'><C:prop-filter name='SUMMARY'>\
                 <C:text-match collation='{collation}'>x</C:text-match></C:prop-filter>\
                 </C:comp-filter>"
            ),
        )
    };
    for (body, word) in [
        (query("", &range("start='tomorrow'")), "C:valid-filter"),
        (query("", &range("")), "C:valid-filter"),
        (text("i;none"), "C:supported-collation"),
        (format!("<D:expand-property {HEAD}/>"), "D:supported-report"),
        (
            query("<C:calendar-data content-type='text/vcard'/>", ""),
            "C:supported-calendar-data",
        ),
    ] {
        let answer = house.report("1", body).await;
        assert_eq!(answer.status, 403);
        assert!(unmet(&answer, word), "{word}: {}", answer.text());
    }
    let ask = house.ask("REPORT", "/dav/").body(query("", ""));
    let answer = ask.send().await;
    assert_eq!(
        answer.status, 405,
        "collections above have no REPORT at all"
    );
}
