//! Bad input gets a clear error, and nothing is lost (RFC 4918 §20).

use super::{CAL, House, event, query, simple, unmet};

#[tokio::test]
async fn broken_xml_is_400_with_a_reason_for_every_verb_that_takes_it() {
    let house = House::new().await;
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let bodies: [(&[u8], &str); 6] = [
        (b"<D:propfind", "cannot be read"),
        (b"<a>\xff</a>", "UTF-8"),
        (b"<a>\0</a>", "U+0000"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DOCTYPE"),
        (deep.as_bytes(), "nested"),
        (b"BEGIN:VCALENDAR", "outside"),
    ];
    for method in ["PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MKCOL"] {
        for (body, says) in bodies {
            let path = if method.starts_with("MK") {
                "/dav/calendars/alice/new/"
            } else {
                CAL
            };
            let ask = house.ask(method, path).header("depth", "0");
            let ask = ask.header("content-type", "application/octet-stream");
            let answer = ask.body(body.to_vec()).send().await;
            assert_eq!(answer.status, 400, "{method}");
            assert!(answer.text().contains(says), "{}", answer.text());
            assert_eq!(
                answer.header("content-type"),
                "application/xml; charset=utf-8"
            );
        }
    }
    let new = house
        .ask("PROPFIND", "/dav/calendars/alice/new/")
        .header("depth", "0");
    assert_eq!(new.send().await.status, 404);
}

#[tokio::test]
async fn objects_that_are_none_are_refused_with_their_word() {
    let house = House::new().await;
    let no_uid = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20270101T090000Z\r\n\
                  END:VEVENT\r\nEND:VCALENDAR\r\n";
    let bodies: [(&[u8], &str); 6] = [
        (b"", "valid-calendar-data"),
        (b"<a/>", "valid-calendar-data"),
        (b"BEGIN:VCALENDAR\r\nEND:VCAL", "valid-calendar-data"),
        (
            b"BEGIN:VCALENDAR\r\nSUMMARY:\xff\xfe\r\nEND:VCALENDAR\r\n",
            "valid-calendar-data",
        ),
        (
            b"BEGIN:VCALENDAR\r\nSUMMARY:\0\r\nEND:VCALENDAR\r\n",
            "valid-calendar-data",
        ),
        (no_uid.as_bytes(), "valid-calendar-object-resource"),
    ];
    for (body, word) in bodies {
        let answer = house.put("a.ics", body.to_vec()).await;
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(unmet(&answer, &format!("C:{word}")), "{}", answer.text());
    }
    assert_eq!(house.get("a.ics").await.status, 404);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_with_the_limit() {
    let limit = 64 << 10;
    let house = House::with(|settings| settings.calendar.max_object_bytes = limit).await;
    house.put("a.ics", simple("a")).await;
    let large = event("a", &format!("DESCRIPTION:{}\r\n", "x".repeat(64 << 10)));
    let answer = house.put("a.ics", large).await;
    assert_eq!(answer.status, 413);
    assert!(unmet(&answer, "C:max-resource-size"), "{}", answer.text());
    assert!(answer.text().contains("65536 bytes"), "{}", answer.text());
    assert_eq!(house.get("a.ics").await.text(), simple("a"));
    let found = house.propfind(CAL, "0", "<C:max-resource-size/>").await;
    assert_eq!(found.at(CAL).prop("max-resource-size"), limit.to_string());
    let long = format!("{}{}", query("", ""), " ".repeat(10 << 20));
    let answer = house.report("1", long).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains(&(10 << 20).to_string()));
}

#[tokio::test]
async fn paths_that_climb_or_hide_something_are_400_and_store_nothing() {
    let house = House::new().await;
    for path in [
        "/dav/calendars/alice/t/../x.ics",
        "/dav/calendars/alice/t/%2e%2e",
        "/dav/calendars/alice/t/a%2Fb.ics",
        "/dav/calendars/alice/t/a%00b.ics",
        "/dav/calendars/alice//x.ics",
        "/dav/calendars/alice/t/%ff.ics",
        "/dav/calendars/alice/t/100%.ics",
    ] {
        for method in ["PUT", "GET", "DELETE", "PROPFIND"] {
            let answer = house.ask(method, path).body(simple("a")).send().await;
            assert_eq!(answer.status, 400, "{method} {path}");
        }
    }
    let found = house.propfind(CAL, "1", "<D:getetag/>").await;
    assert_eq!(found.hrefs(), [CAL]);
}

#[tokio::test]
async fn a_place_too_deep_has_nothing_and_takes_nothing() {
    let house = House::new().await;
    let deep = "/dav/calendars/alice/t/sub/a.ics";
    assert_eq!(house.ask("GET", deep).send().await.status, 404);
    assert_eq!(
        house.ask("PUT", deep).body(simple("a")).send().await.status,
        409
    );
}
