//! HTTP to the outside: the only place that calls anybody.
//!
//! The handle is made from the list of ways out (`server::egress`), each with the setting that opens
//! it; a request to any other host is refused and counted before a name is looked up, whoever names
//! that host, a provider's metadata included. Hosts come from configuration, so private addresses are
//! allowed.
//!
//! **Invariants.** Nothing is called unless it is configured: the client is not even made before
//! its first request. TLS by rustls with the machine's root certificates; plain HTTP only to this
//! machine, and to the platform's own identity endpoint at a link-local address
//! ([`Way::to_platform`]), which no router forwards and which offers nothing else. Redirects
//! are handed back and never followed, the environment's proxies are not used, and an answer has a
//! largest size and a longest time.
//!
//! **Absent on purpose.** Addresses that a person supplied: they need a client of their own, which
//! refuses private ones.

mod exporter;
#[cfg(test)]
mod tests;

mod reach;
mod way;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::fmt::rfc2822;
use parking_lot::RwLock;
use url::Url;

pub use exporter::Exporter;
pub use reach::{Reached, Unreached, reach};
pub use way::{Protocol, Way, is_callable};

use crate::base::{Kind, Timestamp};
use crate::telemetry::trace;

/// How long reaching a host may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const TOTAL_MAX: Duration = Duration::from_secs(15);
/// The largest body of an answer, after it is unpacked.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The same for parts of large objects: they are asked for in pieces of half of this.
const LARGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a part of a large object may be on its way.
const LARGE_TOTAL_MAX: Duration = Duration::from_mins(2);

/// The handle on the outside; cheap to clone. The default one has no way out.
#[derive(Clone, Default)]
pub struct Outbound(Arc<Inner>);

#[derive(Default)]
struct Inner {
    client: OnceLock<reqwest::Client>,
    ways: RwLock<BTreeSet<Way>>,
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
    /// No way out leads there.
    #[error(
        "{0} is no way out of this configuration, so it was not called: `freehold egress` lists the \
         ways out and the setting that opens each. If a sign-in provider rightly publishes an \
         endpoint at this host, add it to `endpoint_hosts` of that provider"
    )]
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
    /// A handle on these ways out and no other.
    #[must_use]
    pub fn new(ways: impl IntoIterator<Item = Way>) -> Self {
        let outbound = Self::default();
        outbound.allow(ways);
        outbound
    }

    /// More ways: for what an operator's command names beside the configuration. A second time changes
    /// nothing.
    pub fn allow(&self, ways: impl IntoIterator<Item = Way>) {
        self.0.ways.write().extend(ways);
    }

    /// Every way out, in the order of their hosts.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        self.0.ways.read().iter().cloned().collect()
    }

    /// How many requests were refused because no way leads to their host, since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Whether a way leads to the host of `url`; gives the host and its port. A refusal is counted.
    ///
    /// # Errors
    /// [`OutboundError::Address`], [`OutboundError::Closed`].
    pub fn check(&self, url: &Url) -> Result<String, OutboundError> {
        let checked = self.checked(url);
        if checked.is_err() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        checked
    }

    fn checked(&self, url: &Url) -> Result<String, OutboundError> {
        let asked = Way::to_platform(url, "", "")?;
        let host = asked.address();
        let leads = |way: &Way| way.address() == host && way.protocol == asked.protocol;
        if self.0.ways.read().iter().any(leads) {
            return Ok(host);
        }
        // Plain HTTP to another machine is wrong whether or not the host is open.
        Err(match Way::to(url, "", "") {
            Err(address) => address,
            Ok(_) => OutboundError::Closed(host),
        })
    }

    /// Sends `request` and reads its whole answer, whatever its status.
    ///
    /// # Errors
    /// [`OutboundError::Closed`] unless a way leads to the host; otherwise what went wrong on the way.
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        self.carry(request, (TOTAL_MAX, ANSWER_BYTES_MAX)).await
    }

    /// The same for a part of a large object, up to 16 MiB: it may take two minutes.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_large(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        self.carry(request, (LARGE_TOTAL_MAX, LARGE_BYTES_MAX))
            .await
    }

    async fn carry(
        &self,
        mut request: http::Request<Vec<u8>>,
        limits: (Duration, usize),
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        let text = request.uri().to_string();
        let url = Url::parse(&text).map_err(|_| OutboundError::Address(text))?;
        let host = self.check(&url)?;
        let method = trace::method(request.method());
        let call = trace::call(method, &host, request.headers_mut());
        let answer = self.exchange(request, host, limits).await;
        if let Ok(answer) = &answer {
            call.answered(answer.status().as_u16());
        }
        answer
    }

    async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
        host: String,
        (time_max, limit): (Duration, usize),
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        let unanswered = |source| OutboundError::Unanswered {
            host: host.clone(),
            source,
        };
        let mut request = reqwest::Request::try_from(request).map_err(unanswered)?;
        *request.timeout_mut() = Some(time_max);
        let mut answer = self.client()?.execute(request).await.map_err(unanswered)?;
        let mut body = Vec::with_capacity(8 * 1024);
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > limit {
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
