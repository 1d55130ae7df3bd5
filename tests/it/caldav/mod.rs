//! CalDAV on the wire, one file for each section of an RFC; the real routes, rooms and tokens.

mod cases;
mod discovery;
mod hostile;
mod multistatus;
mod rfc4791;
mod rfc4918;
mod rfc6578;

use freehold::config::Settings;

use crate::support::app::{Answer, Ask, Person, TestApp};
use multistatus::Multistatus;

/// Alice's calendar of most tests.
const CAL: &str = "/dav/calendars/alice/t/";

const HEAD: &str = "xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' \
                    xmlns:CS='http://calendarserver.org/ns/' xmlns:A='http://apple.com/ns/ical/'";

/// An application with alice and bob in it, and a calendar of alice's.
struct House {
    app: TestApp,
    alice: Person,
    bob: Person,
}

impl House {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// One whose settings are not the defaults.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let app = TestApp::with(change).await;
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let house = Self { app, alice, bob };
        assert_eq!(house.ask("MKCALENDAR", CAL).send().await.status, 201);
        house
    }

    /// A request by alice.
    fn ask(&self, method: &str, path: &str) -> Ask {
        self.app.request(method, path).basic(&self.alice)
    }

    /// The path of an object in [`CAL`].
    fn at(name: &str) -> String {
        format!("{CAL}{name}")
    }

    /// PUT into [`CAL`].
    async fn put(&self, name: &str, body: impl Into<axum::body::Body>) -> Answer {
        let ask = self.ask("PUT", &Self::at(name));
        ask.header("content-type", "text/calendar; charset=utf-8")
            .body(body)
            .send()
            .await
    }

    async fn get(&self, name: &str) -> Answer {
        self.ask("GET", &Self::at(name)).send().await
    }

    /// PROPFIND for these properties, written with the prefixes D, C, CS and A.
    async fn propfind(&self, path: &str, depth: &str, props: &str) -> Multistatus {
        let body = format!("<D:propfind {HEAD}><D:prop>{props}</D:prop></D:propfind>");
        let answer = self.ask("PROPFIND", path).header("depth", depth);
        Multistatus::of(&answer.body(body).send().await)
    }

    /// REPORT on [`CAL`].
    async fn report(&self, depth: &str, body: impl Into<axum::body::Body>) -> Answer {
        self.ask("REPORT", CAL)
            .header("depth", depth)
            .header("content-type", "application/xml; charset=utf-8")
            .body(body)
            .send()
            .await
    }

    /// calendar-query on [`CAL`] with what stands in `DAV:prop` and in the filter of `VCALENDAR`.
    async fn query(&self, props: &str, filter: &str) -> Multistatus {
        Multistatus::of(&self.report("1", query(props, filter)).await)
    }
}

fn query(props: &str, filter: &str) -> String {
    format!(
        "<C:calendar-query {HEAD}><D:prop>{props}</D:prop><C:filter>\
         <C:comp-filter name='VCALENDAR'>{filter}</C:comp-filter></C:filter></C:calendar-query>"
    )
}

/// A calendar with these lines in one event.
fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Freehold//tests//EN\r\nBEGIN:VEVENT\r\n\
         UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// An event on one morning.
fn simple(uid: &str) -> String {
    event(
        uid,
        "DTSTART:20270101T090000Z\r\nDURATION:PT1H\r\nSUMMARY:x\r\n",
    )
}

/// Whether a refusal has this precondition element in its `DAV:error`.
fn unmet(answer: &Answer, prefixed: &str) -> bool {
    let text = answer.text();
    text.contains("<D:error") && text.contains(&format!("<{prefixed}"))
}
