//! RFC 6578: sync-collection.

use super::multistatus::Multistatus;
use super::{CAL, House, event, simple, unmet};

fn sync(token: &str, more: &str) -> String {
    format!(
        "<D:sync-collection xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>\
         <D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>\
         <D:prop><D:getetag/></D:prop>{more}</D:sync-collection>"
    )
}

impl House {
    async fn sync(&self, token: &str) -> Multistatus {
        Multistatus::of(&self.report("0", sync(token, "")).await)
    }

    async fn delete(&self, name: &str) {
        assert_eq!(self.ask("DELETE", &Self::at(name)).send().await.status, 204);
    }
}

#[tokio::test]
async fn each_change_is_told_once() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    house.put("b.ics", simple("b")).await;
    let first = house.sync("").await;
    assert_eq!(first.names(), ["a.ics", "b.ics"]);
    assert!(
        first
            .at(&House::at("a.ics"))
            .prop("getetag")
            .starts_with('"')
    );
    let same = house.sync(&first.sync_token).await;
    assert!(same.responses.is_empty());
    house
        .put("a.ics", event("a", "DTSTART:20280101T000000Z\r\n"))
        .await;
    house.put("c.ics", simple("c")).await;
    house.delete("b.ics").await;
    let second = house.sync(&first.sync_token).await;
    assert_eq!(second.names(), ["a.ics", "b.ics", "c.ics"]);
    assert_eq!(second.at(&House::at("b.ics")).status, 404);
    assert!(second.at(&House::at("b.ics")).props.is_empty());
    assert_eq!(second.at(&House::at("a.ics")).status_of("getetag"), 200);
    assert!(house.sync(&second.sync_token).await.responses.is_empty());
    let property = house.propfind(CAL, "0", "<D:sync-token/>").await;
    assert_eq!(property.at(CAL).prop("sync-token"), second.sync_token);
}

#[tokio::test]
async fn a_limit_cuts_the_answer_and_its_token_goes_on() {
    let house = House::new().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        house.put(&format!("{n}.ics"), simple(&n.to_string())).await;
        expected.push(format!("{n}.ics"));
    }
    let (mut token, mut seen, mut rounds) = (String::new(), Vec::new(), 0);
    loop {
        let limit = "<D:limit><D:nresults>2</D:nresults></D:limit>";
        let part = Multistatus::of(&house.report("0", sync(&token, limit)).await);
        token.clone_from(&part.sync_token);
        let members = part.responses.iter().filter(|one| one.href != CAL);
        seen.extend(members.map(|one| one.href.rsplit('/').next().unwrap().to_owned()));
        rounds += 1;
        let cut = part.responses.iter().find(|one| one.href == CAL);
        let Some(cut) = cut else { break };
        assert_eq!(cut.status, 507);
        assert_eq!(cut.errors, ["number-of-matches-within-limits"]);
    }
    seen.sort_unstable();
    assert_eq!((seen, rounds), (expected, 3));
}

#[tokio::test]
async fn calendar_data_may_come_along() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    let body = sync("", "").replace("<D:getetag/>", "<D:getetag/><C:calendar-data/>");
    let answer = Multistatus::of(&house.report("0", body).await);
    assert_eq!(
        answer.at(&House::at("a.ics")).prop("calendar-data"),
        simple("a")
    );
}

#[tokio::test]
async fn a_token_that_is_not_of_this_calendar_is_403_with_its_word() {
    let house = House::new().await;
    let other = "/dav/calendars/alice/other/";
    house.ask("MKCALENDAR", other).send().await;
    let foreign = house.propfind(other, "0", "<D:sync-token/>").await;
    let foreign = foreign.at(other).prop("sync-token").to_owned();
    for token in [
        "x",
        "urn:freehold:sync:1:2",
        "http://example.org/1",
        &foreign,
    ] {
        let answer = house.report("0", sync(token, "")).await;
        assert_eq!(answer.status, 403, "{token}");
        assert!(unmet(&answer, "D:valid-sync-token"));
    }
}

#[tokio::test]
async fn the_depth_is_0_and_the_level_is_1() {
    let house = House::new().await;
    let level = |level: &str| sync("", "").replace("<D:sync-level>1</D:sync-level>", level);
    let bare = house.ask("REPORT", CAL).body(sync("", "")).send().await;
    assert_eq!(bare.status, 207, "without a Depth it is 0");
    let depth_1 = house.report("1", sync("", "")).await;
    assert_eq!(depth_1.status, 207, "as python-caldav sends it");
    let infinity = house.report("infinity", sync("", "")).await;
    assert_eq!(infinity.status, 400);
    assert_eq!(house.report("1", level("")).await.status, 207, "Appendix A");
    assert_eq!(house.report("0", level("")).await.status, 400);
    let deep = house
        .report("0", level("<D:sync-level>infinite</D:sync-level>"))
        .await;
    assert_eq!(deep.status, 403);
    assert!(unmet(&deep, "D:sync-traversal-supported"));
    let home = house
        .ask("REPORT", "/dav/calendars/alice/")
        .body(sync("", ""));
    let home = home.send().await;
    assert_eq!(home.status, 403);
    assert!(unmet(&home, "D:supported-report"));
}
