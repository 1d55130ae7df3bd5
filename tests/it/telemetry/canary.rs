//! The canary: marked values in every field that somebody can fill, with everything traced and logged
//! at the level `trace`. No byte that is exported, and no metric, holds one of them.

use reqwest::redirect::Policy;
use reqwest::{Client, Method};

use super::receiver::{Received, Receiver};
use super::{metrics_url, scrape, sending};
use crate::support::served::Place;

/// In every value that is sent, upper or lower case.
const MARK: &str = "zqxcanary";

struct Sender {
    client: Client,
    url: String,
    caldav: String,
    api: String,
}

impl Sender {
    /// Sends a request whose headers are marked, too; whatever the answer is.
    async fn send(&self, method: &str, path: &str, credential: Credential, body: &str) -> u16 {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("user-agent", format!("{MARK}-agent"))
            .header("referer", format!("https://{MARK}.example/"))
            .header("origin", format!("https://{MARK}.example"))
            .header("cookie", format!("session={MARK}; other={MARK}"))
            .header("x-forwarded-for", format!("{MARK}, 203.0.113.77"))
            .header("x-request-id", MARK)
            .header("tracestate", format!("vendor={MARK}"))
            .header("baggage", format!("user={MARK}"))
            .header(format!("x-{MARK}"), MARK)
            .header("if-none-match", format!("\"{MARK}\""))
            .body(body.to_owned());
        request = match credential {
            Credential::Caldav => request.basic_auth(HANDLE, Some(&self.caldav)),
            Credential::Api => request.bearer_auth(&self.api),
            Credential::Wrong => request.basic_auth(MARK, Some(MARK)),
            Credential::None => request,
        };
        if body.starts_with('{') {
            request = request.header("content-type", "application/json");
        }
        if body.starts_with('<') {
            request = request
                .header("content-type", "application/xml")
                .header("depth", "1");
        }
        if body.contains('=') && !body.contains(['<', '{']) && !body.contains("BEGIN") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        request.send().await.unwrap().status().as_u16()
    }
}

#[derive(Clone, Copy)]
enum Credential {
    Caldav,
    Api,
    Wrong,
    None,
}

const HANDLE: &str = "zqxcanary-alice";

fn object() -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//{MARK}//EN\r\nX-WR-CALNAME:{MARK}\r\n\
         BEGIN:VEVENT\r\nUID:{MARK}@example.org\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20270101T090000Z\r\nDURATION:PT1H\r\nSUMMARY:{MARK} title\r\n\
         DESCRIPTION:{MARK} text\r\nLOCATION:{MARK} street 1\r\nCOMMENT:{MARK}\r\n\
         CATEGORIES:{MARK}\r\nURL:https://{MARK}.example/\r\nX-{MARK}:{MARK}\r\n\
         ORGANIZER;CN={MARK}:mailto:{MARK}@example.org\r\n\
         ATTENDEE;CN={MARK}:mailto:{MARK}-2@example.org\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

async fn caldav(to: &Sender) {
    let home = format!("/dav/calendars/{HANDLE}");
    let calendar = format!("{home}/{MARK}");
    let properties = format!(
        "<D:displayname>{MARK}</D:displayname><C:calendar-description>{MARK}</C:calendar-description>\
         <X:{MARK} xmlns:X=\"urn:{MARK}\">{MARK}</X:{MARK}>"
    );
    let namespaces = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"";
    let set = |root: &str| {
        format!("<{root} {namespaces}><D:set><D:prop>{properties}</D:prop></D:set></{root}>")
    };
    let cal = Credential::Caldav;
    let made = to
        .send(
            "MKCALENDAR",
            &format!("{calendar}/"),
            cal,
            &set("C:mkcalendar"),
        )
        .await;
    assert_eq!(made, 201);
    let path = format!("{calendar}/{MARK}.ics");
    let stored = to
        .client
        .put(format!("{}{path}", to.url))
        .basic_auth(HANDLE, Some(&to.caldav));
    let stored = stored
        .header("content-type", "text/calendar")
        .body(object());
    assert_eq!(stored.send().await.unwrap().status().as_u16(), 201);
    for (method, path, body) in [
        ("PUT", path.clone(), format!("BEGIN:{MARK}")),
        ("GET", format!("{path}?q={MARK}"), String::new()),
        ("GET", format!("{calendar}/none-{MARK}.ics"), String::new()),
        ("GET", format!("/dav/%zz{MARK}"), String::new()),
        ("GET", format!("/dav/{MARK}/{MARK}"), String::new()),
        ("PROPPATCH", format!("{calendar}/"), set("D:propertyupdate")),
        (
            "PROPFIND",
            format!("{home}/"),
            format!("<D:propfind {namespaces}><D:prop>{properties}</D:prop></D:propfind>"),
        ),
        (
            "REPORT",
            format!("{calendar}/"),
            format!(
                "<C:calendar-query {namespaces}><D:prop/><C:filter><C:comp-filter name=\"VCALENDAR\">\
                 <C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"SUMMARY\"><C:text-match>{MARK}\
                 </C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter>\
                 </C:calendar-query>"
            ),
        ),
        (
            "REPORT",
            format!("{calendar}/"),
            format!(
                "<D:sync-collection {namespaces}><D:sync-token>{MARK}</D:sync-token>\
                 <D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>"
            ),
        ),
        ("REPORT", format!("{calendar}/"), format!("<{MARK}>{MARK}")),
        ("ZQXCANARY", path.clone(), MARK.to_owned()),
        ("DELETE", path.clone(), String::new()),
        ("DELETE", format!("{calendar}/"), String::new()),
    ] {
        to.send(method, &path, cal, &body).await;
        to.send(method, &path, Credential::Wrong, &body).await;
    }
}

async fn rest(to: &Sender) {
    let api = Credential::Api;
    let item = format!(
        "{{\"name\":\"{MARK}\",\"notes\":\"{MARK}\",\"serial_number\":\"{MARK}\",\"{MARK}\":\"{MARK}\"}}"
    );
    for path in ["items", "places", "item-types", "loans", MARK] {
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            let whole = format!("/api/v1/{path}");
            to.send(method, &whole, api, &item).await;
            to.send(
                method,
                &format!("{whole}/{MARK}?cursor={MARK}&q={MARK}"),
                api,
                &item,
            )
            .await;
            to.send(method, &whole, Credential::Wrong, &item).await;
        }
    }
    let name = format!("{{\"name\":\"{MARK}\"}}");
    to.send("POST", "/api/v1/items", api, &name).await;
    to.send("POST", "/api/v1/places", api, &name).await;
}

async fn pages(to: &Sender) {
    for path in [
        format!("/{MARK}"),
        format!("/sign-in?return_to=/{MARK}"),
        format!("/auth/link/{MARK}"),
        format!("/auth/callback?code={MARK}&state={MARK}"),
        format!("/auth/{MARK}/callback?error={MARK}&error_description={MARK}"),
        format!("/month?calendar={MARK}&month={MARK}"),
        format!("/items?q={MARK}"),
        format!("/tokens?{MARK}={MARK}"),
    ] {
        to.send("GET", &path, Credential::None, "").await;
        let form = format!("label={MARK}&name={MARK}&csrf={MARK}");
        to.send("POST", &path, Credential::None, &form).await;
    }
}

fn holds(bytes: &[u8], what: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    lower
        .windows(what.len())
        .any(|part| part == what.as_bytes())
}

async fn nothing_marked_leaves(protocol: &str) {
    let receiver = Receiver::start().await;
    let mut place = sending(receiver.url(protocol), protocol);
    place
        .environment
        .retain(|(key, _)| key != "FREEHOLD__LOG__LEVEL");
    place
        .environment
        .push(("FREEHOLD__LOG__LEVEL".to_owned(), "trace".to_owned()));
    let mut served = place.serve();
    let metrics = metrics_url(&mut served);
    let to = sender(&place, &served.url);
    caldav(&to).await;
    rest(&to).await;
    pages(&to).await;
    // The link that signs in is followed, and its session is used.
    let signed_in = to.client.get(&served.link).send().await.unwrap();
    assert!(signed_in.status().as_u16() < 400);
    let measured = scrape(&metrics).await;
    let link = served.link.rsplit('/').next().unwrap().to_lowercase();
    let last = |all: &Received| {
        let found = all
            .spans()
            .iter()
            .any(|span| span.name.contains("/auth/link/"));
        found.then_some(())
    };
    receiver.wait_for(last).await;
    let (status, said) = served.terminate();
    assert!(status.success(), "{said}");

    receiver.read(|all| {
        assert!(
            all.spans().len() > 100 && all.logs().len() > 50,
            "too little was sent"
        );
        assert!(holds(
            &all.bytes,
            "/dav/calendars/{handle}/{calendar}/{object}"
        ));
        assert!(
            holds(&all.bytes, "_other"),
            "a method that is none has a word of ours"
        );
        let folder = place.folder.path().to_str().unwrap().to_lowercase();
        let secrets = [
            to.caldav.to_lowercase(),
            to.api.to_lowercase(),
            link,
            folder,
            "203.0.113.77".to_owned(),
            "127.0.0.1".to_owned(),
        ];
        for secret in secrets.iter().map(String::as_str).chain([MARK]) {
            assert!(!holds(&all.bytes, secret), "{secret} was exported");
            assert!(
                !holds(measured.as_bytes(), secret),
                "{secret} is in a metric"
            );
        }
    });
}

fn sender(place: &Place, url: &str) -> Sender {
    Sender {
        client: Client::builder().redirect(Policy::none()).build().unwrap(),
        url: url.to_owned(),
        caldav: place.token(HANDLE, "caldav"),
        api: place.token(HANDLE, "api"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_somebody_sent_is_exported_over_http() {
    nothing_marked_leaves("http/protobuf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_somebody_sent_is_exported_over_grpc() {
    nothing_marked_leaves("grpc").await;
}
