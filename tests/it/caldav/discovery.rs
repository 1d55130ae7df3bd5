//! From a host name to the calendars (RFC 6764 §5, §6; RFC 5397; RFC 4791 §6.2.1), credentials, and
//! OPTIONS.

use super::multistatus::Multistatus;
use super::{CAL, House};

#[tokio::test]
async fn the_well_known_address_leads_to_the_root_whatever_the_method() {
    let house = House::new().await;
    for method in ["GET", "PROPFIND", "OPTIONS", "REPORT", "HEAD"] {
        let answer = house
            .app
            .request(method, "/.well-known/caldav")
            .send()
            .await;
        assert_eq!((answer.status, answer.header("location")), (301, "/dav/"));
    }
}

#[tokio::test]
async fn a_client_finds_its_calendars_step_by_step() {
    let house = House::new().await;
    let root = house.propfind("/dav/", "0", "<D:current-user-principal/><D:resourcetype/>");
    let root = root.await;
    let principal = "/dav/principals/alice/";
    let href = format!("<D:href>{principal}</D:href>");
    assert_eq!(root.at("/dav/").prop("current-user-principal"), href);
    let asked = "<C:calendar-home-set/><C:calendar-user-address-set/><D:displayname/>\
                 <D:resourcetype/><D:principal-URL/>";
    let found = house.propfind(principal, "0", asked).await;
    let found = found.at(principal);
    let home = "/dav/calendars/alice/";
    assert_eq!(
        found.prop("calendar-home-set"),
        format!("<D:href>{home}</D:href>")
    );
    assert_eq!(found.prop("calendar-user-address-set"), href);
    assert!(found.prop("resourcetype").contains("<D:principal/>"));
    assert_eq!(found.prop("displayname"), "alice");
    let asked = "<D:resourcetype/><C:supported-calendar-component-set/><D:owner/>\
                 <D:current-user-privilege-set/><D:supported-report-set/><CS:getctag/>\
                 <D:sync-token/><C:max-resource-size/><C:supported-collation-set/>\
                 <C:supported-calendar-data/><D:principal-collection-set/>";
    let home_members = house.propfind(home, "1", asked).await;
    assert_eq!(home_members.hrefs(), [home, CAL]);
    let calendar = home_members.at(CAL);
    assert_eq!(
        calendar.prop("resourcetype"),
        "<D:collection/><C:calendar/>"
    );
    let components = calendar.prop("supported-calendar-component-set");
    for name in ["VEVENT", "VTODO", "VJOURNAL"] {
        assert!(components.contains(&format!("<C:comp name=\"{name}\"/>")));
    }
    assert!(
        calendar
            .prop("current-user-privilege-set")
            .contains("<D:write-content/>")
    );
    for report in [
        "C:calendar-query",
        "C:calendar-multiget",
        "D:sync-collection",
    ] {
        let listed = calendar.prop("supported-report-set");
        assert!(listed.contains(&format!("<D:report><{report}/></D:report>")));
    }
    assert_eq!(calendar.prop("getctag"), calendar.prop("sync-token"));
    assert!(
        calendar
            .prop("sync-token")
            .starts_with("urn:freehold:sync:")
    );
    assert_eq!(calendar.prop("max-resource-size"), (10 << 20).to_string());
    assert!(calendar.prop("supported-collation-set").contains("i;octet"));
    assert_eq!(home_members.at(home).status_of("getctag"), 404);
}

#[tokio::test]
async fn collections_above_show_only_what_is_ones_own() {
    let house = House::new().await;
    let asked = "<D:resourcetype/>";
    let hrefs = |of: Multistatus| {
        of.hrefs()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let root = hrefs(house.propfind("/dav/", "1", asked).await);
    assert_eq!(root, ["/dav/", "/dav/calendars/", "/dav/principals/"]);
    let principals = hrefs(house.propfind("/dav/principals/", "1", asked).await);
    assert_eq!(principals, ["/dav/principals/", "/dav/principals/alice/"]);
    let homes = hrefs(house.propfind("/dav/calendars/", "1", asked).await);
    assert_eq!(homes, ["/dav/calendars/", "/dav/calendars/alice/"]);
}

#[tokio::test]
async fn what_is_somebody_elses_looks_like_nothing() {
    let house = House::new().await;
    for (theirs, nothing) in [
        ("/dav/calendars/alice/", "/dav/calendars/nobody/"),
        ("/dav/principals/alice/", "/dav/principals/nobody/"),
        (CAL, "/dav/calendars/alice/none/"),
        (
            "/dav/calendars/alice/t/a.ics",
            "/dav/calendars/alice/none/a.ics",
        ),
    ] {
        let ask = |path: &str| {
            let ask = house.app.request("PROPFIND", path).basic(&house.bob);
            ask.header("depth", "0").send()
        };
        let (theirs, nothing) = (ask(theirs).await, ask(nothing).await);
        assert_eq!((theirs.status, nothing.status), (404, 404));
        assert_eq!(theirs.text(), nothing.text());
    }
    for method in ["MKCALENDAR", "DELETE", "REPORT", "PROPPATCH"] {
        let body = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname/></D:prop>\
                    </D:set></D:propertyupdate>";
        let body = match method {
            "PROPPATCH" => body.to_owned(),
            "REPORT" => super::query("<D:getetag/>", ""),
            _ => String::new(),
        };
        let ask = house
            .app
            .request(method, "/dav/calendars/alice/x/")
            .basic(&house.bob);
        let answer = ask.header("depth", "1").body(body).send().await;
        assert_eq!(answer.status, 404, "{method}: {}", answer.text());
    }
}

#[tokio::test]
async fn without_a_valid_token_it_is_401_with_both_schemes() {
    let house = House::new().await;
    let bare = house.app.request("PROPFIND", "/dav/").header("depth", "0");
    let answer = bare.send().await;
    assert_eq!(answer.status, 401);
    let schemes: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(schemes[0], "Basic realm=\"Freehold\", charset=\"UTF-8\"");
    assert!(schemes[1].to_str().unwrap().starts_with("Bearer"));
    assert!(answer.text().contains("personal token"));
    for wrong in ["fh_cal_nothing", &house.alice.api] {
        let ask = house.app.request("PROPFIND", "/dav/").bearer(wrong);
        assert_eq!(ask.header("depth", "0").send().await.status, 401);
    }
    let right = house
        .app
        .request("PROPFIND", "/dav/")
        .bearer(&house.alice.caldav);
    assert_eq!(right.header("depth", "0").send().await.status, 207);
}

#[tokio::test]
async fn options_says_what_there_is_and_needs_no_token() {
    let house = House::new().await;
    for (path, has, lacks) in [
        ("/dav/", "PROPFIND", "PUT"),
        ("/dav/calendars/alice/", "REPORT", "DELETE"),
        (CAL, "MKCALENDAR", "GET"),
        ("/dav/calendars/alice/t/a.ics", "PUT", "MKCALENDAR"),
    ] {
        let answer = house.app.request("OPTIONS", path).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("dav"),
            "1, 3, extended-mkcol, calendar-access"
        );
        let allow = answer.header("allow");
        assert!(
            allow.contains(has) && !allow.contains(lacks),
            "{path}: {allow}"
        );
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_405_with_those_that_are() {
    let house = House::new().await;
    for (method, path) in [
        ("LOCK", "/dav/calendars/alice/t/a.ics"),
        ("COPY", CAL),
        ("GET", CAL),
        ("PUT", CAL),
        ("POST", "/dav/"),
        ("BREW", "/dav/"),
        ("DELETE", "/dav/calendars/alice/"),
    ] {
        let answer = house.ask(method, path).send().await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(answer.header("allow").contains("PROPFIND"));
    }
}
