//! RFC 4791 §5.3.2 to §5.3.4: storing and reading objects; entity tags and preconditions (RFC 9110
//! §13).

use super::super::{House, event, simple, unmet};

#[tokio::test]
async fn put_stores_the_bytes_and_answers_a_tag_that_holds() {
    let house = House::new().await;
    let odd = event(
        "odd",
        "DTSTART:20270101T090000Z\nX-A;B=\"\u{e4}\":c\r\nSUMMARY:fol\r\n ded\r\n",
    );
    let made = house.put("odd.ics", odd.clone()).await;
    assert_eq!((made.status, made.body.len()), (201, 0));
    let got = house.get("odd.ics").await;
    assert_eq!((got.status, got.text()), (200, odd.as_str()));
    assert_eq!(got.header("etag"), made.header("etag"));
    assert_eq!(
        got.header("content-type"),
        "text/calendar; charset=utf-8; component=VEVENT"
    );
    assert!(got.header("last-modified").ends_with("GMT"));
    let again = house.put("odd.ics", odd).await;
    assert_eq!(
        (again.status, again.header("etag")),
        (204, made.header("etag"))
    );
    let other = house.put("odd.ics", simple("odd")).await;
    assert_eq!(other.status, 204);
    assert_ne!(other.header("etag"), made.header("etag"));
}

#[tokio::test]
async fn bytes_folded_inside_of_a_character_come_back_as_they_were() {
    let house = House::new().await;
    let text = event("u", "DTSTART:20270101T090000Z\r\nSUMMARY:J\u{f6}rg\r\n");
    let at = text.find('\u{f6}').unwrap() + 1;
    let mut bytes = text.into_bytes();
    bytes.splice(at..at, *b"\r\n ");
    assert_eq!(house.put("u.ics", bytes.clone()).await.status, 201);
    assert_eq!(house.get("u.ics").await.body, bytes);
    let found = house.query("<C:calendar-data/>", "").await;
    let data = found
        .at(&House::at("u.ics"))
        .prop("calendar-data")
        .to_owned();
    assert!(data.contains("SUMMARY:J\u{f6}rg\r\n"), "{data}");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    let get = house.get("a.ics").await;
    let head = house.ask("HEAD", &House::at("a.ics")).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["etag", "content-type", "content-length", "last-modified"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[tokio::test]
async fn put_with_if_none_match_makes_and_never_replaces() {
    let house = House::new().await;
    let put = |body| {
        let ask = house.ask("PUT", "/dav/calendars/alice/t/a.ics");
        ask.header("if-none-match", "*").body(body).send()
    };
    assert_eq!(put(simple("a")).await.status, 201);
    assert_eq!(
        put(event("a", "DTSTART:20280101T000000Z\r\n")).await.status,
        412
    );
    assert_eq!(house.get("a.ics").await.text(), simple("a"));
}

#[tokio::test]
async fn put_and_delete_with_stale_if_match_are_refused_and_change_nothing() {
    let house = House::new().await;
    let path = House::at("a.ics");
    let first = house
        .put("a.ics", simple("a"))
        .await
        .header("etag")
        .to_owned();
    let second = event("a", "DTSTART:20280101T000000Z\r\n");
    let with = |method, tag: &str| house.ask(method, &path).header("if-match", tag);
    let put = with("PUT", &first).body(second.clone()).send().await;
    assert_eq!(put.status, 204);
    for method in ["PUT", "DELETE", "GET"] {
        let stale = with(method, &first).body(simple("a")).send().await;
        assert_eq!(stale.status, 412, "{method}");
        let weak = with(method, &format!("W/{}", put.header("etag")));
        assert_eq!(weak.body(simple("a")).send().await.status, 412, "{method}");
        let broken = with(method, "no tag").body(simple("a")).send().await;
        assert_eq!(broken.status, 400, "{method}");
    }
    assert_eq!(house.get("a.ics").await.text(), second);
    assert_eq!(with("DELETE", put.header("etag")).send().await.status, 204);
    assert_eq!(house.get("a.ics").await.status, 404);
    let gone = house
        .ask("PUT", &path)
        .header("if-match", "*")
        .body(simple("a"));
    assert_eq!(gone.send().await.status, 412);
    assert_eq!(house.ask("DELETE", &path).send().await.status, 404);
}

#[tokio::test]
async fn get_with_the_tag_one_has_is_304() {
    let house = House::new().await;
    let tag = house
        .put("a.ics", simple("a"))
        .await
        .header("etag")
        .to_owned();
    let get = |tag: &str| {
        let ask = house.ask("GET", "/dav/calendars/alice/t/a.ics");
        ask.header("if-none-match", tag).send()
    };
    let same = get(&tag).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), tag);
    assert_eq!(get(&format!("W/{tag}, \"x\"")).await.status, 304);
    assert_eq!(get("\"x\"").await.status, 200);
}

#[tokio::test]
async fn a_uid_is_once_in_a_calendar() {
    let house = House::new().await;
    house.put("a@1.ics", simple("same")).await;
    let answer = house.put("b.ics", simple("same")).await;
    assert_eq!(answer.status, 409);
    assert!(unmet(&answer, "C:no-uid-conflict"));
    let href = "<D:href>/dav/calendars/alice/t/a%401.ics</D:href>";
    assert!(answer.text().contains(href), "{}", answer.text());
    assert_eq!(house.get("b.ics").await.status, 404);
    let other = "/dav/calendars/alice/other/";
    house.ask("MKCALENDAR", other).send().await;
    let ask = house
        .ask("PUT", &format!("{other}b.ics"))
        .body(simple("same"));
    assert_eq!(
        ask.send().await.status,
        201,
        "in another calendar it may be"
    );
}

#[tokio::test]
async fn only_icalendar_is_taken_and_a_missing_type_is_taken_for_it() {
    let house = House::new().await;
    let put = |name: &str, kind: Option<&str>| {
        let mut ask = house.ask("PUT", &House::at(name)).body(simple(name));
        if let Some(kind) = kind {
            ask = ask.header("content-type", kind);
        }
        ask.send()
    };
    assert_eq!(put("a.ics", None).await.status, 201);
    assert_eq!(
        put("b.ics", Some("Text/Calendar;component=vevent"))
            .await
            .status,
        201
    );
    for kind in ["application/json", "text/plain", "application/calendar+xml"] {
        let answer = put("c.ics", Some(kind)).await;
        assert_eq!(answer.status, 403, "{kind}");
        assert!(unmet(&answer, "C:supported-calendar-data"));
    }
    let part = house.ask("PUT", &House::at("d.ics")).body(simple("d"));
    let part = part.header("content-range", "bytes 0-9/20").send().await;
    assert_eq!(part.status, 400);
}

#[tokio::test]
async fn a_calendar_that_is_not_there_takes_nothing() {
    let house = House::new().await;
    let ask = house.ask("PUT", "/dav/calendars/alice/none/a.ics");
    let answer = ask.body(simple("a")).send().await;
    assert_eq!(answer.status, 409, "RFC 4918 §9.7.1");
    assert!(answer.text().contains("MKCALENDAR"), "{}", answer.text());
    // Somebody else's home says nothing, whether they or the calendar are there or not.
    for path in [
        "/dav/calendars/bob/none/a.ics",
        "/dav/calendars/nobody/none/a.ics",
    ] {
        let ask = house.ask("PUT", path).body(simple("a"));
        assert_eq!(ask.send().await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_at_sign_is_the_same_encoded_or_not() {
    let house = House::new().await;
    assert_eq!(house.put("a@b.ics", simple("a")).await.status, 201);
    assert_eq!(house.get("a%40b.ics").await.text(), simple("a"));
    assert_eq!(house.put("a%40b.ics", simple("a")).await.status, 204);
}
