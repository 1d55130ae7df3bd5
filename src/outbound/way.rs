//! A way out: where it leads, by which protocol, and which setting opens it.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;
use url::{Host, Url};

use super::OutboundError;
use crate::config::is_protected;

/// What is spoken on a way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP.
    Http,
    /// PostgreSQL.
    Postgres,
    /// Names and addresses, over UDP and TCP.
    Dns,
}

impl Protocol {
    /// Its name, in lower case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Postgres => "postgres",
            Self::Dns => "dns",
        }
    }
}

/// A host that may be called, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Way {
    /// The host's name or address; an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// The key of the setting that opens it.
    pub setting: String,
    /// Why it is called.
    pub reason: String,
}

impl Way {
    /// The way to the host of `url`, opened by `setting` for `reason`.
    ///
    /// # Errors
    /// [`OutboundError::Address`] when it is neither `https` nor on this machine.
    pub fn to(url: &Url, setting: &str, reason: &str) -> Result<Self, OutboundError> {
        if !is_protected(url) {
            return Err(OutboundError::Address(url.as_str().to_owned()));
        }
        Self::of(url, setting, reason)
    }

    /// The way to the platform's identity endpoint at `url`: plain HTTP as well at a link-local
    /// address (RFC 3927, RFC 4291 §2.5.6), such as 169.254.169.254.
    ///
    /// # Errors
    /// [`OutboundError::Address`] when it is neither that, nor `https`, nor on this machine.
    pub fn to_platform(url: &Url, setting: &str, reason: &str) -> Result<Self, OutboundError> {
        if is_link_local(url) {
            return Self::of(url, setting, reason);
        }
        Self::to(url, setting, reason)
    }

    fn of(url: &Url, setting: &str, reason: &str) -> Result<Self, OutboundError> {
        let refused = || OutboundError::Address(url.as_str().to_owned());
        let host = url.host().ok_or_else(refused)?;
        Ok(Self {
            host: host.to_string(),
            port: url.port_or_known_default().ok_or_else(refused)?,
            protocol: match url.scheme() {
                "http" => Protocol::Http,
                _ => Protocol::Https,
            },
            setting: setting.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Host and port: `login.example.org:443`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The host as an address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.trim_matches(['[', ']']).parse().ok()
    }

    /// Whether it stays on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.to_canonical().is_loopback())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address(), self.protocol.word())
    }
}

/// Whether a request or a browser may be sent to `url`: `https`, or `http` on this machine.
#[must_use]
pub fn is_callable(url: &Url) -> bool {
    Way::to(url, "", "").is_ok()
}

/// Whether it is plain HTTP to a link-local address.
fn is_link_local(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_link_local(),
            Some(Host::Ipv6(address)) => address.is_unicast_link_local(),
            Some(Host::Domain(_)) | None => false,
        }
}
