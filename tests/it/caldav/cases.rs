//! What broke other servers: the inputs of `tests/fixtures/cases`, with the number of their case.

use super::multistatus::Multistatus;
use super::{CAL, House, unmet};

fn file(name: &str) -> String {
    let path = format!("{}/tests/fixtures/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

impl House {
    async fn ask_file(&self, name: &str) -> Multistatus {
        Multistatus::of(&self.report("1", file(name)).await)
    }
}

#[tokio::test]
async fn c06_overrides_without_their_master_are_an_object() {
    let house = House::new().await;
    assert_eq!(house.put("c06.ics", file("C06-1.ics")).await.status, 201);
    assert_eq!(house.get("c06.ics").await.text(), file("C06-1.ics"));
    let found = house.ask_file("C06.xml").await;
    let data = found
        .at(&House::at("c06.ics"))
        .prop("calendar-data")
        .to_owned();
    assert_eq!(data.matches("BEGIN:VEVENT").count(), 2, "{data}");
    assert!(data.contains("DTSTART:20270505T070000Z"));
    assert!(data.contains("DTSTART:20270518T070000Z"));
}

#[tokio::test]
async fn c08_an_absolute_alarm_does_not_silence_the_others() {
    let house = House::new().await;
    assert_eq!(house.put("c08.ics", file("C08.ics")).await.status, 201);
    for question in ["C08-main.xml", "C08-end.xml"] {
        assert_eq!(house.ask_file(question).await.names(), ["c08.ics"]);
    }
    assert!(house.ask_file("C08-none.xml").await.names().is_empty());
}

#[tokio::test]
async fn c10_escapes_and_quotes_in_parameters_are_read_and_rewritten() {
    let house = House::new().await;
    assert_eq!(house.put("c10.ics", file("C10.ics")).await.status, 201);
    assert_eq!(house.get("c10.ics").await.text(), file("C10.ics"));
    let found = house.ask_file("C10.xml").await;
    let data = found
        .at(&House::at("c10.ics"))
        .prop("calendar-data")
        .to_owned();
    let again = freehold::ical::CalendarObject::parse(data.as_bytes()).unwrap();
    let event = again.component(0).unwrap();
    let addresses: Vec<_> = event
        .lines()
        .filter(|line| line.is("ATTENDEE") || line.is("ORGANIZER"))
        .map(|line| line.value().to_ascii_lowercase())
        .collect();
    let expected = ["desk", "society", "jane", "nick", "raw"];
    assert_eq!(
        addresses,
        expected.map(|who| format!("mailto:{who}@example.net"))
    );
}

#[tokio::test]
async fn c12_tags_are_the_same_under_every_compression() {
    let house = House::new().await;
    let path = House::at("c12.ics");
    let body = file("C12.ics");
    let made = house
        .put("c12.ics", body.clone())
        .await
        .header("etag")
        .to_owned();
    let listed = house.propfind(&path, "0", "<D:getetag/>").await;
    assert_eq!(listed.at(&path).prop("getetag"), made);
    for coding in ["identity", "gzip", "br"] {
        let get = house.ask("GET", &path).header("accept-encoding", coding);
        let got = get.send().await;
        let used = got.header("content-encoding");
        // zstd is not offered: its licence is not among ours.
        let plain = ["identity", "zstd"].contains(&coding);
        assert_eq!(used, if plain { "" } else { coding });
        assert_eq!(got.header("etag"), made);
        let tag = got.header("etag");
        let put = house.ask("PUT", &path).header("if-match", tag);
        assert_eq!(put.body(body.clone()).send().await.status, 204);
        let get = house.ask("GET", &path).header("if-none-match", tag);
        let same = get.header("accept-encoding", coding).send().await;
        assert_eq!((same.status, same.header("etag")), (304, tag));
    }
    let bare = made.trim_matches('"');
    for never in [format!("W/{made}"), format!("\"{bare}-gzip\"")] {
        let put = house.ask("PUT", &path).header("if-match", &never);
        assert_eq!(put.body(body.clone()).send().await.status, 412, "{never}");
    }
}

#[tokio::test]
async fn c14_multiget_as_ios_sends_it_with_one_member_missing() {
    let house = House::new().await;
    for n in 1..=2 {
        let body = file("C14.ics").replace("UID:c14", &format!("UID:c14-{n}"));
        house.put(&format!("c14-{n}.ics"), body).await;
    }
    let private = "/dav/calendars/bob/private/";
    let make = house.app.request("MKCALENDAR", private).basic(&house.bob);
    assert_eq!(make.send().await.status, 201);
    let theirs = format!("{private}c14-3.ics");
    let put = house.app.request("PUT", &theirs).basic(&house.bob);
    assert_eq!(put.body(file("C14.ics")).send().await.status, 201);
    let body = file("C14.xml")
        .replace("@PATH@", CAL.trim_end_matches('/'))
        .replace("@BASE@", "http://127.0.0.1:8080");
    for depth in ["0", "1"] {
        let answer = Multistatus::of(&house.report(depth, body.clone()).await);
        for n in 1..=2 {
            let found = answer.at(&House::at(&format!("c14-{n}.ics")));
            assert!(
                found
                    .prop("calendar-data")
                    .contains(&format!("UID:c14-{n}"))
            );
            assert!(found.prop("getetag").starts_with('"'));
            assert_eq!(found.status_of("nothing"), 404);
        }
        assert_eq!(answer.at(&House::at("not-there.ics")).status, 404);
        assert_eq!(answer.at(&theirs).status, 404);
    }
}

#[tokio::test]
async fn c16_dates_far_outside_the_usual_lose_nothing() {
    let house = House::new().await;
    let mut stored = Vec::new();
    for n in 1..=3 {
        let name = format!("c16-{n}.ics");
        let answer = house.put(&name, file(&format!("C16-{n}.ics"))).await;
        match answer.status {
            201 => stored.push(name),
            403 => assert!(unmet(&answer, "C:"), "{}", answer.text()),
            other => panic!("{name}: {other}"),
        }
    }
    assert_eq!(
        house.propfind(CAL, "1", "<D:getetag/>").await.hrefs().len(),
        1 + stored.len()
    );
    let leap = house.ask_file("C16.xml").await;
    let has = |name: &str| stored.iter().any(|stored| stored == name);
    if has("c16-1.ics") {
        let data = leap
            .at(&House::at("c16-1.ics"))
            .prop("calendar-data")
            .to_owned();
        assert!(data.contains("20280229"), "{data}");
    }
    if has("c16-2.ics") {
        assert!(leap.names().contains(&"c16-2.ics"));
    }
    let year_without = house.ask_file("C16-27.xml").await;
    assert!(!year_without.names().contains(&"c16-1.ics"));
    let begun = std::time::Instant::now();
    house.ask_file("C16-open.xml").await;
    assert!(begun.elapsed().as_secs() < 1);
}

#[tokio::test]
async fn c18_deleted_and_created_again_is_one_change() {
    let house = House::new().await;
    let sync = |token: &str| {
        let body = file("C18.xml").replace("@TOKEN@", token);
        let ask = house
            .ask("REPORT", CAL)
            .header("content-type", "application/xml");
        ask.body(body).send()
    };
    let keep = file("C18.ics").replace("UID:c18-again", "UID:c18-keep");
    house.put("keep.ics", keep).await;
    house.put("c18.ics", file("C18.ics")).await;
    let before = Multistatus::of(&sync("").await);
    let path = House::at("c18.ics");
    assert_eq!(house.ask("DELETE", &path).send().await.status, 204);
    let first = Multistatus::of(&sync("").await);
    assert_eq!(first.names(), ["keep.ics"]);
    assert!(first.responses.iter().all(|one| one.status != 404));
    assert_eq!(house.query("<D:getetag/>", "").await.names(), ["keep.ics"]);
    let again = file("C18.ics").replace("SUMMARY:Again", "SUMMARY:Once more");
    let made = house.put("c18.ics", again).await;
    assert_eq!(made.status, 201);
    let since = Multistatus::of(&sync(&before.sync_token).await);
    assert_eq!(since.names(), ["c18.ics"]);
    assert_eq!(since.at(&path).prop("getetag"), made.header("etag"));
    let middle = since.sync_token;
    let brief = file("C18.ics").replace("c18-again", "c18-brief");
    house.put("brief.ics", brief).await;
    house.ask("DELETE", &House::at("brief.ics")).send().await;
    let after = Multistatus::of(&sync(&middle).await);
    assert!(after.responses.iter().all(|one| one.status == 404));
    let newest = Multistatus::of(&sync(&after.sync_token).await);
    assert!(newest.responses.is_empty());
}

#[tokio::test]
async fn c20_collations_are_what_they_say() {
    let house = House::new().await;
    house.put("c20.ics", file("C20.ics")).await;
    assert_eq!(house.ask_file("C20-default.xml").await.names(), ["c20.ics"]);
    assert!(house.ask_file("C20-octet.xml").await.names().is_empty());
    assert!(house.ask_file("C20-umlaut.xml").await.names().is_empty());
    let unicode = file("C20-umlaut.xml").replace("i;ascii-casemap", "i;unicode-casemap");
    let unicode = Multistatus::of(&house.report("1", unicode).await);
    assert_eq!(unicode.names(), ["c20.ics"]);
    let unknown = house.report("1", file("C20-unknown.xml")).await;
    assert_eq!(unknown.status, 403);
    assert!(unmet(&unknown, "C:supported-collation"));
    let make = house.ask("MKCALENDAR", "/dav/calendars/alice/c20-empty/");
    let make = make.header("content-type", "text/xml; charset=\"utf-8\"");
    assert_eq!(make.header("content-length", "0").send().await.status, 201);
}
