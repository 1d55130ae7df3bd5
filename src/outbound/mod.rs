//! HTTP to the outside: the only place that calls anybody.
//!
//! Whoever needs a host opens it first, with the reason; [`Outbound::ways`] lists them all, and a
//! request to any other host is refused before a name is looked up. Hosts come from configuration,
//! or from what a configured host publishes about itself (the endpoints of a provider), so private
//! addresses are allowed.
//!
//! **Invariants.** Nothing is called unless it is configured: the client is not even made before
//! its first request. TLS by rustls with the machine's root certificates; plain HTTP only to this
//! machine, and to the platform's own identity endpoint at a link-local address
//! ([`Outbound::open_platform`]), which no router forwards and which offers nothing else. Redirects
//! are handed back and never followed, the environment's proxies are not used, and an answer has a
//! largest size and a longest time.
//!
//! **Absent on purpose.** Addresses that a person supplied: they need a client of their own, which
//! refuses private ones.

mod exporter;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::fmt::rfc2822;
use parking_lot::RwLock;
use tracing::Instrument as _;
use url::{Host, Url};

pub use exporter::Exporter;

use crate::base::{Kind, Timestamp};
use crate::config::is_protected;
use crate::telemetry::trace;

/// How long reaching a host may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const TOTAL_MAX: Duration = Duration::from_secs(15);
/// The largest body of an answer, after it is unpacked.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A host that may be called, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The host and its port: `login.example.org:443`.
    pub host: String,
    /// Why it is called.
    pub reason: String,
}

/// The handle on the outside; cheap to clone.
#[derive(Clone, Default)]
pub struct Outbound(Arc<Inner>);

#[derive(Default)]
struct Inner {
    client: OnceLock<reqwest::Client>,
    ways: RwLock<BTreeSet<Way>>,
    /// The hosts at link-local addresses that may be called by plain HTTP.
    plain: RwLock<BTreeSet<String>>,
    /// How many requests were refused because nobody opened their host.
    refused: AtomicU64,
}

/// A request that was not sent or not answered.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address cannot be called.
    #[error(
        "{0} cannot be called: use https, or http for a program on this machine; correct the \
         address in the configuration, or at the provider that publishes it"
    )]
    Address(String),
    /// Nobody opened the host.
    #[error("{0} is not among the hosts that the configuration opens, so it was not called")]
    Closed(String),
    /// There is no client.
    #[error(
        "no encrypted connection is possible: the root certificates of this machine cannot be \
         read; install the package ca-certificates"
    )]
    Client(#[source] reqwest::Error),
    /// The host did not answer in time, or not in HTTP.
    #[error(
        "{host} did not answer: check its address, its certificate, and that this machine reaches \
         it through firewall and name service"
    )]
    Unanswered {
        /// The host and its port.
        host: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The answer is too large.
    #[error("the answer of {host} is larger than {limit} bytes, so it was not read further")]
    TooLarge {
        /// The host and its port.
        host: String,
        /// The largest answer.
        limit: usize,
    },
}

impl OutboundError {
    /// How the caller should take it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Unanswered { .. } => Kind::Unavailable,
            Self::Address(_) | Self::Closed(_) | Self::Client(_) | Self::TooLarge { .. } => {
                Kind::Internal
            }
        }
    }
}

impl Outbound {
    /// Allows calls to the host of `url`, for `reason`. A second time changes nothing.
    ///
    /// # Errors
    /// [`OutboundError::Address`] when it is neither `https` nor on this machine.
    pub fn open(&self, url: &Url, reason: &str) -> Result<(), OutboundError> {
        let way = Way {
            host: callable(url)?,
            reason: reason.to_owned(),
        };
        self.0.ways.write().insert(way);
        Ok(())
    }

    /// Allows plain HTTP to the platform's identity endpoint at `url`, for `reason`: on this machine
    /// or at a link-local address (RFC 3927, RFC 4291 §2.5.6), such as 169.254.169.254.
    ///
    /// # Errors
    /// [`OutboundError::Address`] when it is neither that, nor `https`, nor on this machine.
    pub fn open_platform(&self, url: &Url, reason: &str) -> Result<(), OutboundError> {
        let Some(host) = link_local(url) else {
            return self.open(url, reason);
        };
        self.0.plain.write().insert(host.clone());
        let reason = reason.to_owned();
        self.0.ways.write().insert(Way { host, reason });
        Ok(())
    }

    /// Every way out, in the order of their hosts.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        self.0.ways.read().iter().cloned().collect()
    }

    /// How many requests were refused since the start, because nobody opened their host.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Sends `request` and reads its whole answer, whatever its status.
    ///
    /// # Errors
    /// [`OutboundError::Closed`] unless the host was opened; otherwise what went wrong on the way.
    pub async fn send(
        &self,
        mut request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        let host = self.admitted(&request)?;
        let span = trace::call(request.method(), &host);
        trace::pass_on(&span, request.headers_mut());
        let answer = self.exchange(request, host).instrument(span.clone()).await;
        if let Ok(answer) = &answer {
            span.record("http.response.status_code", answer.status().as_u16());
        }
        answer
    }

    /// The host and port of `request`, if somebody opened it.
    fn admitted(&self, request: &http::Request<Vec<u8>>) -> Result<String, OutboundError> {
        let text = request.uri().to_string();
        let url = Url::parse(&text).map_err(|_| OutboundError::Address(text))?;
        let opened = |host: &String| self.0.plain.read().contains(host);
        let host = link_local(&url).filter(opened);
        let host = host.map_or_else(|| callable(&url), Ok)?;
        if !self.0.ways.read().iter().any(|way| way.host == host) {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return Err(OutboundError::Closed(host));
        }
        Ok(host)
    }

    async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
        host: String,
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        let unanswered = |source| OutboundError::Unanswered {
            host: host.clone(),
            source,
        };
        let request = reqwest::Request::try_from(request).map_err(unanswered)?;
        let mut answer = self.client()?.execute(request).await.map_err(unanswered)?;
        let mut body = Vec::with_capacity(8 * 1024);
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let limit = ANSWER_BYTES_MAX;
                return Err(OutboundError::TooLarge { host, limit });
            }
            body.extend_from_slice(&chunk);
        }
        let mut read = http::Response::new(body);
        *read.status_mut() = answer.status();
        *read.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(read)
    }

    /// What the clock of the host of `url` shows, as an answer of it says, of whatever status; none
    /// when it does not say (RFC 9110 §6.6.1). To be compared with a clock at once.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn time_of(&self, url: &Url) -> Result<Option<Timestamp>, OutboundError> {
        let request = http::Request::get(url.as_str()).body(Vec::new());
        let request = request.map_err(|_| OutboundError::Address(url.as_str().to_owned()))?;
        let answer = self.send(request).await?;
        let date = answer.headers().get(http::header::DATE);
        let date = date.and_then(|date| rfc2822::parse(date.to_str().ok()?).ok());
        Ok(date.map(|date| date.timestamp()))
    }

    fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        if let Some(client) = self.0.client.get() {
            return Ok(client);
        }
        let made = reqwest::Client::builder()
            .user_agent(concat!("Freehold/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A connection that waits keeps what it has read, tokens among it.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_MAX)
            .timeout(TOTAL_MAX)
            .build()
            .map_err(OutboundError::Client)?;
        Ok(self.0.client.get_or_init(|| made))
    }
}

/// Whether a request or a browser may be sent to `url`: `https`, or `http` on this machine.
#[must_use]
pub fn is_callable(url: &Url) -> bool {
    callable(url).is_ok()
}

/// The host and port of `url`, if it is plain HTTP to a link-local address.
fn link_local(url: &Url) -> Option<String> {
    let host = url.host()?;
    let near = match &host {
        Host::Domain(_) => false,
        Host::Ipv4(address) => address.is_link_local(),
        Host::Ipv6(address) => address.is_unicast_link_local(),
    };
    let port = url.port_or_known_default()?;
    (url.scheme() == "http" && near).then(|| format!("{host}:{port}"))
}

/// The host and port of `url`, if it may be called at all.
fn callable(url: &Url) -> Result<String, OutboundError> {
    let refused = || OutboundError::Address(url.as_str().to_owned());
    let host = url.host().ok_or_else(refused)?;
    let port = url.port_or_known_default().ok_or_else(refused)?;
    is_protected(url)
        .then(|| format!("{host}:{port}"))
        .ok_or_else(refused)
}
