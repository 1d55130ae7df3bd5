//! `GET /.well-known/security.txt` (RFC 9116): where to report a weakness, from the settings.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::SignedDuration;

use crate::base::{Clock, Timestamp};
use crate::config::{Day, SecurityContact, Server};
use crate::edge::Endpoint;
use crate::web::Site;

const PATH: &str = "/.well-known/security.txt";
const DAY_SECONDS: i64 = 86_400;
/// So long an answer is good when no day is configured: the contacts are in the configuration of a
/// service that runs, so they are as current as it is.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

#[derive(Clone)]
struct Source {
    contacts: Arc<[SecurityContact]>,
    expires: Option<Day>,
    /// The file's own address; only an encrypted one may be told (RFC 9116 §2.5.2).
    canonical: Option<String>,
    clock: Arc<dyn Clock>,
}

/// The address; it needs no credential.
pub(super) fn router(server: &Server, site: &Site) -> Router {
    let source = Source {
        contacts: server.security_contact.as_slice().into(),
        expires: server.security_expires,
        canonical: (site.public_url.scheme() == "https").then(|| site.address(PATH)),
        clock: site.clock.clone(),
    };
    Router::new().route(PATH, get(answer)).with_state(source)
}

/// Everything that [`router`] answers.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let (path, method) = (PATH, "GET");
    vec![Endpoint { path, method }]
}

async fn answer(State(source): State<Source>) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    if source.contacts.is_empty() {
        let why = "the operator names no contact for reports (server.security_contact)\n";
        return (StatusCode::NOT_FOUND, headers, why).into_response();
    }
    (headers, source.text()).into_response()
}

impl Source {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            // Writing into a String does not fail.
            let _infallible = writeln!(text, "{name}: {value}");
        };
        for contact in &*self.contacts {
            line("Contact", contact);
        }
        line("Expires", &self.expires());
        if let Some(canonical) = &self.canonical {
            line("Canonical", canonical);
        }
        line("Preferred-Languages", &"en");
        text
    }

    /// The configured day, or the begin of a day that is far enough ahead.
    fn expires(&self) -> Timestamp {
        if let Some(day) = self.expires {
            return day.begin();
        }
        let then = self.clock.now().checked_add(GOOD_FOR);
        let second = then.unwrap_or(Timestamp::MAX).as_second();
        let begin = second - second.rem_euclid(DAY_SECONDS);
        Timestamp::from_second(begin).unwrap_or(Timestamp::MAX)
    }
}
