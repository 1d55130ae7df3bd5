//! RFC 4918: PROPFIND (§9.1), PROPPATCH (§9.2), DELETE (§9.6), property values (§4.3).

use super::multistatus::Multistatus;
use super::{CAL, HEAD, House, simple, unmet};

impl House {
    async fn proppatch(&self, path: &str, steps: &str) -> Multistatus {
        let body = format!("<D:propertyupdate {HEAD}>{steps}</D:propertyupdate>");
        Multistatus::of(&self.ask("PROPPATCH", path).body(body).send().await)
    }

    async fn prop(&self, props: &str, local: &str) -> (u16, String) {
        let found = self.propfind(CAL, "0", props).await;
        found.at(CAL).props[local].clone()
    }
}

fn set(props: &str) -> String {
    format!("<D:set><D:prop>{props}</D:prop></D:set>")
}

fn remove(props: &str) -> String {
    format!("<D:remove><D:prop>{props}</D:prop></D:remove>")
}

#[tokio::test]
async fn propfind_depth_1_lists_the_members() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    house
        .put("b c@d.ics".replace(' ', "%20").as_str(), simple("b"))
        .await;
    let asked = "<D:getetag/><D:getcontenttype/><D:getcontentlength/><D:getlastmodified/>\
                 <D:resourcetype/><D:displayname/>";
    let found = house.propfind(CAL, "1", asked).await;
    let second = format!("{CAL}b%20c%40d.ics");
    assert_eq!(found.hrefs(), [CAL, &format!("{CAL}a.ics"), &second]);
    let object = found.at(&second);
    assert_eq!(object.prop("resourcetype"), "");
    assert_eq!(
        object.prop("getcontenttype"),
        "text/calendar; charset=utf-8; component=VEVENT"
    );
    assert_eq!(
        object.prop("getcontentlength"),
        simple("b").len().to_string()
    );
    assert!(object.prop("getlastmodified").ends_with(" GMT"));
    assert!(object.prop("getetag").starts_with('"'));
    assert_eq!(object.status_of("displayname"), 404);
    let alone = house.propfind(CAL, "0", asked).await;
    assert_eq!(alone.hrefs(), [CAL]);
}

#[tokio::test]
async fn propfind_without_end_is_refused_with_its_word() {
    let house = House::new().await;
    for depth in [None, Some("infinity"), Some("Infinity")] {
        let mut ask = house.ask("PROPFIND", CAL);
        if let Some(depth) = depth {
            ask = ask.header("depth", depth);
        }
        let answer = ask.send().await;
        assert_eq!(answer.status, 403);
        assert!(unmet(&answer, "D:propfind-finite-depth"));
    }
    let odd = house.ask("PROPFIND", CAL).header("depth", "2").send().await;
    assert_eq!(odd.status, 400);
    house.put("a.ics", simple("a")).await;
    let object = house.ask("PROPFIND", &House::at("a.ics")).send().await;
    assert_eq!(object.status, 207, "an object has no members");
}

#[tokio::test]
async fn allprop_has_the_properties_of_webdav_and_no_others() {
    let house = House::new().await;
    house
        .proppatch(CAL, &set("<Z:z xmlns:Z='z'>dead</Z:z>"))
        .await;
    let all = house.ask("PROPFIND", CAL).header("depth", "0").send().await;
    let all = Multistatus::of(&all);
    let props = &all.at(CAL).props;
    assert_eq!(all.at(CAL).prop("z"), "dead");
    assert!(props.contains_key("resourcetype") && props.contains_key("getetag"));
    // RFC 4791 §5.2, RFC 3744 §5, RFC 6578 §4.
    for not in [
        "max-resource-size",
        "owner",
        "sync-token",
        "supported-report-set",
    ] {
        assert!(!props.contains_key(not), "{not}");
    }
    let body = format!(
        "<D:propfind {HEAD}><D:allprop/><D:include><C:max-resource-size/></D:include></D:propfind>"
    );
    let ask = house.ask("PROPFIND", CAL).header("depth", "0").body(body);
    let included = Multistatus::of(&ask.send().await);
    assert!(!included.at(CAL).prop("max-resource-size").is_empty());
}

#[tokio::test]
async fn propname_lists_names_without_values() {
    let house = House::new().await;
    house
        .proppatch(CAL, &set("<Z:z xmlns:Z='z'>dead</Z:z>"))
        .await;
    let body = format!("<D:propfind {HEAD}><D:propname/></D:propfind>");
    let ask = house.ask("PROPFIND", CAL).header("depth", "0").body(body);
    let names = Multistatus::of(&ask.send().await);
    let names = names.at(CAL);
    for name in [
        "z",
        "sync-token",
        "supported-calendar-component-set",
        "resourcetype",
    ] {
        assert_eq!(names.prop(name), "", "{name}");
    }
    assert!(!names.props.contains_key("calendar-home-set"));
}

#[tokio::test]
async fn a_client_that_wants_little_is_not_told_what_is_missing() {
    let house = House::new().await;
    for (name, value) in [("prefer", "return=minimal"), ("brief", "t")] {
        let body = format!("<D:propfind {HEAD}><D:prop><D:nothing/></D:prop></D:propfind>");
        let ask = house.ask("PROPFIND", CAL).header("depth", "0");
        let answer = ask.header(name, value).body(body).send().await;
        assert!(Multistatus::of(&answer).at(CAL).props.is_empty());
    }
}

#[tokio::test]
async fn properties_that_clients_set_come_back() {
    let house = House::new().await;
    let answer = house
        .proppatch(
            CAL,
            &set("<D:displayname>W\u{f6}rk &amp; \u{1f4c5}</D:displayname>\
                  <C:calendar-description>d</C:calendar-description>\
                  <A:calendar-color>#FF2968FF</A:calendar-color><A:calendar-order>3</A:calendar-order>\
                  <C:calendar-timezone>Europe/Berlin</C:calendar-timezone>"),
        )
        .await;
    assert!(
        answer
            .at(CAL)
            .props
            .values()
            .all(|(status, _)| *status == 200)
    );
    let asked = "<D:displayname/><C:calendar-description/><A:calendar-color/><A:calendar-order/>\
                 <C:calendar-timezone/>";
    let found = house.propfind(CAL, "0", asked).await;
    let found = found.at(CAL);
    assert_eq!(found.prop("displayname"), "W\u{f6}rk & \u{1f4c5}");
    assert_eq!(found.prop("calendar-description"), "d");
    assert_eq!(found.prop("calendar-color"), "#FF2968FF");
    assert_eq!(found.prop("calendar-order"), "3");
    assert_eq!(found.prop("calendar-timezone"), "Europe/Berlin");
    house.proppatch(CAL, &remove("<D:displayname/>")).await;
    assert_eq!(house.prop("<D:displayname/>", "displayname").await.0, 404);
}

#[tokio::test]
async fn dead_properties_keep_their_markup_namespaces_and_language() {
    let house = House::new().await;
    let body = "<propertyupdate xmlns='DAV:' xmlns:a='urn:a' xml:lang='de'><set><prop>\
                <a:p><a:q b='1'>x &lt;<![CDATA[<]]></a:q><r xmlns=''/></a:p></prop></set>\
                </propertyupdate>";
    let answer = house.ask("PROPPATCH", CAL).body(body).send().await;
    assert_eq!(Multistatus::of(&answer).at(CAL).prop("p"), "");
    let asked = "<D:propfind xmlns:D='DAV:'><D:prop><p xmlns='urn:a'/></D:prop></D:propfind>";
    let ask = house.ask("PROPFIND", CAL).header("depth", "0").body(asked);
    let answer = ask.send().await;
    let kept = "<a:q b='1'>x &lt;<![CDATA[<]]></a:q><r xmlns=''/></a:p>";
    assert!(answer.text().contains(kept), "{}", answer.text());
    assert!(answer.text().contains("xml:lang=\"de\""));
    assert!(
        Multistatus::of(&answer)
            .at(CAL)
            .prop("p")
            .starts_with("<a:q")
    );
}

#[tokio::test]
async fn steps_are_made_in_order() {
    let house = House::new().await;
    let z = |value: &str| format!("<Z:z xmlns:Z='z'>{value}</Z:z>");
    let asked = "<Z:z xmlns:Z='z'/>";
    house
        .proppatch(CAL, &format!("{}{}", set(&z("1")), remove(asked)))
        .await;
    assert_eq!(house.prop(asked, "z").await.0, 404);
    house
        .proppatch(CAL, &format!("{}{}", remove(asked), set(&z("2"))))
        .await;
    assert_eq!(house.prop(asked, "z").await, (200, "2".to_owned()));
    let removed = house
        .proppatch(CAL, &remove("<Z:never xmlns:Z='z'/>"))
        .await;
    assert_eq!(removed.at(CAL).status_of("never"), 200, "§14.23");
}

#[tokio::test]
async fn one_refusal_undoes_the_whole_proppatch() {
    let house = House::new().await;
    let steps = set("<D:displayname>new</D:displayname><D:getetag>x</D:getetag>");
    let answer = house.proppatch(CAL, &steps).await;
    let answer = answer.at(CAL);
    assert_eq!(answer.status_of("getetag"), 403);
    assert_eq!(answer.status_of("displayname"), 424);
    assert_eq!(answer.errors, ["cannot-modify-protected-property"]);
    assert_eq!(house.prop("<D:displayname/>", "displayname").await.0, 404);
    let steps = set("<D:displayname>new</D:displayname>\
                     <C:calendar-timezone>no zone at all</C:calendar-timezone>");
    let answer = house.proppatch(CAL, &steps).await;
    assert_eq!(answer.at(CAL).status_of("calendar-timezone"), 403);
    assert_eq!(answer.at(CAL).errors, ["valid-calendar-data"]);
    assert_eq!(house.prop("<D:displayname/>", "displayname").await.0, 404);
    let set_components = set("<C:supported-calendar-component-set/>");
    let answer = house.proppatch(CAL, &set_components).await;
    assert_eq!(
        answer.at(CAL).status_of("supported-calendar-component-set"),
        403
    );
}

#[tokio::test]
async fn only_calendars_keep_properties() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    let steps = set("<Z:z xmlns:Z='z'/>");
    for path in [
        "/dav/",
        "/dav/calendars/alice/",
        "/dav/principals/alice/",
        &House::at("a.ics"),
    ] {
        let answer = house.proppatch(path, &steps).await;
        assert_eq!(answer.at(path).status_of("z"), 403, "{path}");
    }
    let body = format!("<D:propertyupdate {HEAD}>{steps}</D:propertyupdate>");
    let none = house.ask("PROPPATCH", &House::at("none.ics")).body(body);
    assert_eq!(none.send().await.status, 404);
}

#[tokio::test]
async fn deleting_a_calendar_deletes_what_is_in_it_and_frees_the_name() {
    let house = House::new().await;
    house.put("a.ics", simple("a")).await;
    let stale = house.ask("DELETE", CAL).header("if-match", "\"stale\"");
    assert_eq!(stale.send().await.status, 412);
    assert_eq!(house.ask("DELETE", CAL).send().await.status, 204);
    assert_eq!(house.get("a.ics").await.status, 404);
    assert_eq!(house.ask("DELETE", CAL).send().await.status, 404);
    assert_eq!(house.ask("MKCALENDAR", CAL).send().await.status, 201);
    let found = house.propfind(CAL, "1", "<D:getetag/>").await;
    assert_eq!(found.hrefs(), [CAL]);
}
