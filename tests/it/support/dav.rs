//! A CalDAV client that says no more than a test needs.

use reqwest::{Client, Method, Response};

/// A client of one principal.
#[derive(Clone)]
pub(crate) struct Dav {
    client: Client,
    handle: String,
    token: String,
    home: String,
}

impl Dav {
    /// A client with a connection pool of its own.
    pub(crate) fn new(url: &str, handle: &str, token: &str) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            handle: handle.to_owned(),
            token: token.to_owned(),
            home: format!("{url}/dav/calendars/{handle}/"),
        }
    }

    /// Sends a request about something below the home; an error is one of the connection.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.home))
            .basic_auth(&self.handle, Some(&self.token))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }

    /// Makes a calendar.
    pub(crate) async fn make_calendar(&self, slug: &str) {
        let answer = self
            .send("MKCALENDAR", &format!("{slug}/"), &[], "")
            .await
            .unwrap();
        assert_eq!(
            answer.status().as_u16(),
            201,
            "{}",
            answer.text().await.unwrap()
        );
    }

    /// Stores an object; gives the status.
    pub(crate) async fn put(&self, path: &str, body: String) -> reqwest::Result<u16> {
        let headers = [("content-type", "text/calendar; charset=utf-8")];
        Ok(self
            .send("PUT", path, &headers, body)
            .await?
            .status()
            .as_u16())
    }

    /// Sends a REPORT; gives its multistatus.
    pub(crate) async fn report(&self, path: &str, body: &str) -> String {
        let headers = [
            ("content-type", "application/xml; charset=utf-8"),
            ("depth", "1"),
        ];
        let answer = self
            .send("REPORT", path, &headers, body.to_owned())
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 207, "{text}");
        text
    }

    /// Synchronises from `token` (empty for the first time).
    pub(crate) async fn sync(&self, calendar: &str, token: &str) -> Synced {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:sync-collection xmlns:D=\"DAV:\">\
             <D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>\
             <D:prop><D:getetag/></D:prop></D:sync-collection>"
        );
        let headers = [
            ("content-type", "application/xml; charset=utf-8"),
            ("depth", "0"),
        ];
        let answer = self.send("REPORT", calendar, &headers, body).await.unwrap();
        assert_eq!(answer.status().as_u16(), 207);
        Synced::read(&answer.text().await.unwrap())
    }
}

/// What a sync-collection told.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    /// Names of members with an entity tag.
    pub(crate) changed: Vec<String>,
    /// Names of members with 404.
    pub(crate) removed: Vec<String>,
    /// The next token.
    pub(crate) token: String,
}

impl Synced {
    fn read(xml: &str) -> Self {
        use quick_xml::Reader;
        use quick_xml::events::Event;
        let mut synced = Self::default();
        let mut reader = Reader::from_str(xml);
        let (mut element, mut href, mut gone) = (String::new(), String::new(), false);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    let name = start.local_name();
                    name.as_ref().clone_into(&mut element);
                    if element == "response" {
                        (href, gone) = (String::new(), false);
                    }
                }
                Event::Text(text) => {
                    let text: &str = &text;
                    match element.as_str() {
                        "href" => href.push_str(text.trim()),
                        "status" => gone |= text.contains(" 404 "),
                        "sync-token" => synced.token.push_str(text.trim()),
                        _ => {}
                    }
                }
                Event::End(end) => {
                    element.clear();
                    if end.local_name().as_ref() == "response" {
                        let name = href.rsplit('/').next().unwrap().to_owned();
                        let list = if gone {
                            &mut synced.removed
                        } else {
                            &mut synced.changed
                        };
                        list.push(name);
                    }
                }
                Event::Eof => return synced,
                _ => {}
            }
        }
    }
}

/// An event of one hour, from `start` on, such as `20270101T090000Z`.
pub(crate) fn event(uid: &str, start: &str, summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Freehold//tests//EN\r\nBEGIN:VEVENT\r\n\
         UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDURATION:PT1H\r\n\
         SUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
