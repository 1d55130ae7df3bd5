//! What bodies ask, as values.

use axum::http::StatusCode;

use super::super::request::{
    self, CalendarData, PropRequest, Report, Shape, Update, creation, propertyupdate, propfind,
};
use super::super::{CALDAV, DAV, Element, Name, spelled};
use crate::dav::error::{Condition, DavError};
use crate::ical::Window;
use crate::ical::filter::{
    Collation, CompFilter, CompTest, ParamTest, PropFilter, PropTest, TextMatch,
};

fn dav(local: &str) -> Name {
    Name::new(DAV, local)
}

fn window(from: &str, to: &str) -> Window {
    Window::new(from.parse().unwrap(), to.parse().unwrap())
}

fn report(inner: &str) -> Result<Report, DavError> {
    let body =
        format!("<C:calendar-query xmlns:D='DAV:' xmlns:C='{CALDAV}'>{inner}</C:calendar-query>");
    request::report(body.as_bytes())
}

fn filter(inner: &str) -> Result<CompFilter, DavError> {
    let filter =
        format!("<C:filter><C:comp-filter name='VCALENDAR'>{inner}</C:comp-filter></C:filter>");
    match report(&filter)? {
        Report::CalendarQuery(query) => Ok(query.filter),
        other => panic!("{other:?}"),
    }
}

fn data(inner: &str) -> Result<CalendarData, DavError> {
    let asked = format!(
        "<D:prop><C:calendar-data>{inner}</C:calendar-data></D:prop>\
         <C:filter><C:comp-filter name='VCALENDAR'/></C:filter>"
    );
    match report(&asked)? {
        Report::CalendarQuery(query) => Ok(query.asked.data.unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn propfind_asks_for_all_names_or_some() {
    assert_eq!(propfind(b" \r\n").unwrap(), PropRequest::All(vec![]));
    let all = b"<propfind xmlns='DAV:'><allprop/><include><sync-token/></include></propfind>";
    assert_eq!(
        propfind(all).unwrap(),
        PropRequest::All(vec![dav("sync-token")])
    );
    let names = b"<x:propfind xmlns:x='DAV:'><x:propname/></x:propfind>";
    assert_eq!(propfind(names).unwrap(), PropRequest::Names);
    let some = b"<D:propfind xmlns:D='DAV:'><D:prop><D:getetag/><a xmlns=''/><b xmlns='u&amp;v'/>\
                 <D:getetag/></D:prop></D:propfind>";
    let expected = vec![dav("getetag"), Name::new("", "a"), Name::new("u&v", "b")];
    assert_eq!(propfind(some).unwrap(), PropRequest::Props(expected));
}

#[test]
fn propfind_that_is_none_is_400() {
    for body in [
        "<propfind/>",
        "<a xmlns='DAV:'/>",
        "<propfind xmlns='DAV:'><b/></propfind>",
    ] {
        let status = propfind(body.as_bytes()).unwrap_err().status;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn propertyupdate_keeps_the_order_of_its_steps() {
    let body = b"<D:propertyupdate xmlns:D='DAV:' xmlns:Z='z'>\
        <D:set><D:prop><D:displayname>a &amp; b</D:displayname><Z:one/></D:prop></D:set>\
        <D:remove><D:prop><Z:one/></D:prop></D:remove>\
        <D:set><D:prop><Z:two>2</Z:two></D:prop></D:set></D:propertyupdate>";
    let steps = propertyupdate(body).unwrap();
    let names: Vec<_> = steps.iter().map(|step| spelled(&step.name())).collect();
    assert_eq!(names, ["DAV:displayname", "{z}one", "{z}one", "{z}two"]);
    assert!(matches!(steps[2], Update::Remove(_)));
    assert!(matches!(&steps[0], Update::Set(set) if set.text() == "a & b"));
    let nothing = propertyupdate(b"<propertyupdate xmlns='DAV:'/>").unwrap_err();
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
}

/// The markup of the only property that is set.
fn kept(body: &str) -> String {
    match propertyupdate(body.as_bytes()).unwrap().pop().unwrap() {
        Update::Set(element) => element.markup().unwrap().to_owned(),
        Update::Remove(name) => panic!("{name:?}"),
    }
}

#[test]
fn a_dead_property_is_kept_letter_for_letter_and_stands_alone() {
    let markup = kept(
        "<D:propertyupdate xmlns:D='DAV:' xmlns:Z='http://z.example/?a=1&amp;b=2' xmlns:un='used' \
         xmlns:v='v' xml:lang='de'><D:set><D:prop>\
         <Z:p a='v:1'><Z:q xmlns='q'>x &lt; <![CDATA[y]]><!-- c --></Z:q>\r\n</Z:p >\
         </D:prop></D:set></D:propertyupdate>",
    );
    assert_eq!(
        markup,
        "<Z:p xmlns:Z=\"http://z.example/?a=1&amp;b=2\" xmlns:v=\"v\" xml:lang=\"de\" a='v:1'>\
         <Z:q xmlns='q'>x &lt; <![CDATA[y]]><!-- c --></Z:q>\r\n</Z:p >"
    );
    let again = Element::parse(markup.as_bytes()).unwrap();
    assert!(again.is("http://z.example/?a=1&b=2", "p"));
}

#[test]
fn a_dead_property_keeps_its_own_declarations_and_language() {
    let around = |inner: &str| {
        format!(
            "<propertyupdate xmlns='DAV:' xml:lang='de'><set><prop>{inner}</prop></set>\
             </propertyupdate>"
        )
    };
    let own = "<p xmlns=\"mine\" xml:lang=\"en\"/>";
    assert_eq!(kept(&around(own)), own);
    let unprefixed = kept(&around("<p/>"));
    assert_eq!(unprefixed, "<p xmlns=\"DAV:\" xml:lang=\"de\"/>");
    let none = kept(&around("<p xmlns=''>1</p>"));
    assert_eq!(none, "<p xml:lang=\"de\" xmlns=''>1</p>");
}

#[test]
fn a_collection_may_be_made_without_a_body() {
    assert!(
        creation(b"", CALDAV, "mkcalendar")
            .unwrap()
            .properties
            .is_empty()
    );
    let mkcol = b"<D:mkcol xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:set><D:prop>\
        <D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>";
    assert!(creation(mkcol, DAV, "mkcol").unwrap().is_calendar());
    assert!(creation(mkcol, CALDAV, "mkcalendar").is_err());
}

#[test]
fn a_filter_becomes_the_rooms_filter() {
    let read = filter(
        "<C:comp-filter name='VEVENT'>\
         <C:time-range start='20270101T000000Z' end='20270201T000000Z'/>\
         <C:prop-filter name='SUMMARY'><C:text-match negate-condition='yes' \
         collation='i;octet'>a b</C:text-match></C:prop-filter>\
         <C:prop-filter name='ATTENDEE'><C:param-filter name='PARTSTAT'><C:is-not-defined/>\
         </C:param-filter></C:prop-filter>\
         <C:comp-filter name='VALARM'><C:is-not-defined/></C:comp-filter>\
         </C:comp-filter>",
    )
    .unwrap();
    let CompTest::Matches { comps, .. } = &read.test else {
        panic!("{read:?}");
    };
    let CompTest::Matches {
        time_range,
        props,
        comps,
    } = &comps[0].test
    else {
        panic!("{comps:?}");
    };
    let january = window("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
    assert_eq!(*time_range, Some(january));
    let summary = PropFilter {
        name: "SUMMARY".to_owned(),
        test: PropTest::Matches {
            time_range: None,
            text: Some(TextMatch::lacks("a b", Collation::Octet)),
            params: vec![],
        },
    };
    assert_eq!(props[0], summary);
    let PropTest::Matches { params, .. } = &props[1].test else {
        panic!("{props:?}");
    };
    assert_eq!(params[0].test, ParamTest::NotDefined);
    assert_eq!(comps[0].test, CompTest::NotDefined);
}

#[test]
fn a_filter_that_is_none_is_403_with_its_word() {
    let event = |inner: &str| {
        filter(&format!(
            "<C:comp-filter name='VEVENT'>{inner}</C:comp-filter>"
        ))
    };
    let refused = [
        event("<C:time-range/>"),
        event("<C:time-range start='20270101'/>"),
        event("<C:time-range start='20270101T000000'/>"),
        event("<C:time-range start='x' end='20270101T000000Z'/>"),
        event("<C:time-range start='20270101T000000Z' end='20270101T000000Z'/>"),
        event("<C:prop-filter/>"),
        filter("<C:comp-filter/>"),
        event("<C:prop-filter name='A'><C:text-match negate-condition='maybe'/></C:prop-filter>"),
    ];
    for refusal in refused {
        let error = refusal.unwrap_err();
        assert_eq!(error.condition(), Some(Condition::ValidFilter), "{error:?}");
        assert_eq!(error.status, StatusCode::FORBIDDEN);
    }
    for inner in [
        "",
        "<C:filter/>",
        "<C:filter><C:comp-filter name='VEVENT'/></C:filter>",
        "<C:filter><C:comp-filter name='VCALENDAR'/><C:comp-filter name='VCALENDAR'/></C:filter>",
    ] {
        let condition = report(inner).unwrap_err().condition();
        assert_eq!(condition, Some(Condition::ValidFilter), "{inner:?}");
    }
}

#[test]
fn an_unknown_collation_is_403_and_default_is_ascii_casemap() {
    let with = |collation: &str| {
        filter(&format!(
            "<C:prop-filter name='A'><C:text-match collation='{collation}'>b</C:text-match>\
             </C:prop-filter>"
        ))
    };
    let error = with("i;no-such-thing").unwrap_err();
    assert_eq!(error.condition(), Some(Condition::SupportedCollation));
    assert_eq!(with("default").unwrap(), with("i;ascii-casemap").unwrap());
}

#[test]
fn the_last_instants_of_a_range_are_cut_to_what_there_is() {
    let open = filter(
        "<C:comp-filter name='VEVENT'><C:time-range start='00010101T000000Z' \
         end='99991231T235959Z'/></C:comp-filter>",
    );
    assert!(open.is_ok());
}

#[test]
fn calendar_data_says_which_parts_in_which_shape() {
    assert!(data("").unwrap().is_verbatim());
    let expand = data("<C:expand start='20270101T000000Z' end='20270201T000000Z'/>").unwrap();
    let january = window("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
    assert_eq!(expand.shape, Shape::Expand(january));
    assert!(data("<C:expand start='20270101T000000Z'/>").is_err());
    let parts = data(
        "<C:comp name='VCALENDAR'><C:prop name='VERSION' novalue='yes'/>\
         <C:comp name='VEVENT'><C:allprop/><C:allcomp/></C:comp></C:comp>",
    )
    .unwrap()
    .comp
    .unwrap();
    assert!(parts.props.unwrap()[0].novalue);
    let event = &parts.comps.unwrap()[0];
    assert!(event.props.is_none() && event.comps.is_none());
}

#[test]
fn calendar_data_of_another_type_is_403() {
    let body = "<D:prop><C:calendar-data content-type='application/calendar+json'/></D:prop>\
                <C:filter><C:comp-filter name='VCALENDAR'/></C:filter>";
    let condition = report(body).unwrap_err().condition();
    assert_eq!(condition, Some(Condition::SupportedCalendarData));
}

#[test]
fn hrefs_are_trimmed() {
    let body = "<calendar-multiget xmlns='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'>\
                <D:prop><D:getetag/></D:prop><D:href>\n  /a%20b\n</D:href>\
                <D:href><![CDATA[/c]]></D:href></calendar-multiget>";
    match request::report(body.as_bytes()).unwrap() {
        Report::CalendarMultiget(multiget) => assert_eq!(multiget.hrefs, ["/a%20b", "/c"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sync_collection_is_read() {
    let sync = |inner: &str| {
        let body = format!("<sync-collection xmlns='DAV:'>{inner}</sync-collection>");
        request::report(body.as_bytes())
    };
    let inner = "<sync-token> t </sync-token><sync-level>1</sync-level>\
                 <limit><nresults>10</nresults></limit><prop><getetag/></prop>";
    match sync(inner).unwrap() {
        Report::SyncCollection(sync) => {
            assert_eq!(sync.sync_token, "t");
            assert_eq!(sync.sync_level.as_deref(), Some("1"));
            assert_eq!(sync.limit, Some(10));
            assert_eq!(sync.asked.props, PropRequest::Props(vec![dav("getetag")]));
        }
        other => panic!("{other:?}"),
    }
    for bad in ["0", "-1", "many", ""] {
        let limit = format!("<limit><nresults>{bad}</nresults></limit>");
        assert_eq!(sync(&limit).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn a_report_nobody_knows_is_403() {
    let error = request::report(b"<expand-property xmlns='DAV:'/>").unwrap_err();
    assert_eq!(error.condition(), Some(Condition::SupportedReport));
    let error = request::report(b"<propfind xmlns='DAV:'/>").unwrap_err();
    assert_eq!(error.status, StatusCode::BAD_REQUEST);
}
