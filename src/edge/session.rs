//! The cookies of the pages: the session, and the sign-ins that are on their way.
//!
//! Over TLS their names begin with `__Host-`, so that no other host and no plain connection can set
//! them. An evaluation on plain HTTP cannot have that prefix: browsers refuse it there.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// At most this many sign-ins are on their way in one browser.
const FLOWS_MAX: usize = 5;
/// Browsers refuse a cookie above 4096 bytes, and servers a header far above that.
const FLOW_BYTES_MAX: usize = 8192;
/// How long a sign-in may be on its way.
const FLOW_SECS: u32 = 600;

/// How cookies are written: with the prefix and `Secure`, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// Over TLS, here or in front of us.
    Secure,
    /// On plain HTTP, for an evaluation.
    Plain,
}

impl Cookies {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Secure => "__Host-",
            Self::Plain => "fh-",
        }
    }

    /// The secret of the session that a request comes with.
    #[must_use]
    pub fn session(self, headers: &HeaderMap) -> Option<&str> {
        let name = format!("{}s", self.prefix());
        pairs(headers)
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    }

    /// `Set-Cookie` for a session that begins. The cookie goes with the browser; the session itself
    /// ends earlier, on our side.
    #[must_use]
    pub fn start_session(self, secret: &str) -> HeaderValue {
        self.set("s", secret, None)
    }

    /// `Set-Cookie` for a session that is over.
    #[must_use]
    pub fn end_session(self) -> HeaderValue {
        self.set("s", "", Some(0))
    }

    /// What was kept for the sign-in `id`.
    #[must_use]
    pub fn flow<'a>(self, headers: &'a HeaderMap, id: &str) -> Option<&'a str> {
        let name = format!("{}f-{id}", self.prefix());
        pairs(headers)
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    }

    /// `Set-Cookie` for a sign-in that begins; those begun earliest give way when there would be
    /// more than five of them, or more than fits into a header.
    #[must_use]
    pub fn begin_flow(self, headers: &HeaderMap, id: &str, sealed: &str) -> Vec<HeaderValue> {
        let prefix = format!("{}f-", self.prefix());
        let mut set = vec![self.set(&format!("f-{id}"), sealed, Some(FLOW_SECS))];
        let mut bytes = sealed.len();
        // Browsers send the oldest first (RFC 6265 §5.4).
        let known = pairs(headers).filter_map(|(name, value)| {
            let id = name.strip_prefix(&prefix)?;
            Some((id, value.len()))
        });
        let mut known: Vec<_> = known.collect();
        known.reverse();
        for (number, (id, size)) in known.into_iter().enumerate() {
            bytes += size;
            if number + 2 > FLOWS_MAX || bytes > FLOW_BYTES_MAX {
                set.push(self.end_flow(id));
            }
        }
        set
    }

    /// `Set-Cookie` for a sign-in that is over.
    #[must_use]
    pub fn end_flow(self, id: &str) -> HeaderValue {
        self.set(&format!("f-{id}"), "", Some(0))
    }

    fn set(self, name: &str, value: &str, max_age_secs: Option<u32>) -> HeaderValue {
        let age = max_age_secs.map_or_else(String::new, |secs| format!("; Max-Age={secs}"));
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let name = format!("{}{name}", self.prefix());
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
        // Names and values are ours, visible ASCII; anything else sets nothing.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// The cookies of a request, by name and value (RFC 6265 §4.2.1).
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}
