//! RFC 4791 §7.9: calendar-multiget. How iOS sends it: `cases.rs`, C14.

use super::super::multistatus::Multistatus;
use super::super::{CAL, HEAD, House, simple, unmet};

fn multiget(hrefs: &[&str]) -> String {
    let hrefs = format!("<D:href>{}</D:href>", hrefs.join("</D:href><D:href>"));
    format!(
        "<C:calendar-multiget {HEAD}><D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}\
         </C:calendar-multiget>"
    )
}

#[tokio::test]
async fn each_resource_has_its_own_status() {
    let house = House::new().await;
    house
        .put("a b@c.ics".replace(' ', "%20").as_str(), simple("a"))
        .await;
    let there = format!("{CAL}a%20b@c.ics");
    let body = multiget(&[&there, &format!("{CAL}none.ics"), CAL, "/", "%%", "/dav/x"]);
    let answer = Multistatus::of(&house.report("1", body).await);
    let found = answer.at(&format!("{CAL}a%20b%40c.ics"));
    assert_eq!(found.prop("calendar-data"), simple("a"));
    assert!(found.prop("getetag").starts_with('"'));
    for missing in [&format!("{CAL}none.ics"), CAL, "/", "%%", "/dav/x"] {
        assert_eq!(answer.at(missing).status, 404, "{missing}");
    }
}

#[tokio::test]
async fn a_home_can_be_asked_about_all_its_calendars() {
    let house = House::new().await;
    house
        .ask("MKCALENDAR", "/dav/calendars/alice/u/")
        .send()
        .await;
    house.put("a.ics", simple("a")).await;
    let second = "/dav/calendars/alice/u/b.ics";
    house.ask("PUT", second).body(simple("b")).send().await;
    let body = multiget(&[second, &House::at("a.ics")]);
    let answer = house
        .ask("REPORT", "/dav/calendars/alice/")
        .body(body)
        .send()
        .await;
    assert_eq!(Multistatus::of(&answer).names(), ["a.ics", "b.ics"]);
}

#[tokio::test]
async fn too_many_resources_are_refused_with_the_limit() {
    let house = House::new().await;
    let href = House::at("a.ics");
    let answer = house
        .report("1", multiget(&vec![href.as_str(); 10_001]))
        .await;
    assert_eq!(answer.status, 507);
    assert!(unmet(&answer, "D:number-of-matches-within-limits"));
    assert!(answer.text().contains("10000"));
}

#[tokio::test]
async fn a_calendar_that_is_not_there_is_404_as_a_whole() {
    let house = House::new().await;
    let ask = house.ask("REPORT", "/dav/calendars/alice/none/");
    assert_eq!(ask.body(multiget(&["/"])).send().await.status, 404);
}
