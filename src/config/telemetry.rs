//! What the service tells about itself to programs that watch it: the settings, and the address of a
//! collector.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::schema::{choice, section, written_as_text};
use super::values::is_protected;
use super::{Listen, SecretRef, Unfit};

choice! {
    /// How telemetry is sent.
    OtlpProtocol {
        /// OTLP over HTTP, in protobuf.
        HttpProtobuf = "http/protobuf",
        /// OTLP over gRPC.
        Grpc = "grpc",
    }
}

choice! {
    /// What decides whether a request with a `traceparent` is traced.
    SampleBy {
        /// `sample_percent`.
        Chance = "chance",
        /// The sampled flag of the caller (W3C Trace Context §3.2.2.5.1).
        Callers = "callers",
    }
}

section! {
    /// Metrics, traces and logs for programs that watch the service. Nothing of it holds personal data,
    /// titles, addresses, tokens or bodies; `docs/telemetry.md` says what is sent.
    Telemetry {
        /// The OpenTelemetry collector that traces, metrics and logs are sent to, without `/v1/traces`
        /// and the like. Plain `http:` is for a collector on this machine or in this pod. Unset sends
        /// nothing.
        otlp_endpoint: Option<CollectorUrl> = None, example "\"https://collector.example.org:4318\"";
        /// `http/protobuf` or `grpc`; collectors listen for the first on port 4318, for the second on
        /// port 4317.
        otlp_protocol: OtlpProtocol = OtlpProtocol::HttpProtobuf;
        /// Where headers are that the collector wants, one `NAME: VALUE` in a line, such as an API key.
        otlp_headers: Option<SecretRef> = None, example "\"file:/run/secrets/otlp-headers\"";
        /// How many of 100 requests are traced. The span of one that comes with a `traceparent` (W3C Trace
        /// Context) belongs to that trace.
        sample_percent: u32 = 10, unit "percent", range 0..=100;
        /// What decides whether a request is traced that comes with a `traceparent`: `chance`, as with
        /// others, or `callers`, when it says so and only then. The latter is for a gateway of yours that
        /// writes the header anew: else anybody can have every request traced, at your cost.
        sample_by: SampleBy = SampleBy::Chance;
        /// How often what was gathered is sent.
        export_secs: u32 = 30, unit "seconds", range 1..=3600;
        /// How many spans, and how many log records, wait to be sent at most. What does not fit is
        /// dropped and counted: no request waits for it.
        queue_max: u32 = 4096, unit "records", range 16..=1_000_000;
        /// An address of its own for `/metrics`, as Prometheus reads it, such as `*:9464`. Nobody has to
        /// sign in there, and nothing is encrypted: let only Prometheus reach it. Unset serves none.
        metrics_listen: Option<Listen> = None, example "\"127.0.0.1:9464\"";
    }
}

/// The address of a collector: `https`, or `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectorUrl(Url);

written_as_text!(
    CollectorUrl,
    "an address that begins with `https://`, or with `http://` on this machine"
);

impl CollectorUrl {
    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Its host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Its port, that of the scheme if none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }
}

impl FromStr for CollectorUrl {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wanted = || {
            Unfit::because(
                "write `https://` and the collector's host and port, without user, query or \
                 fragment: `https://collector.example.org:4318`; `http://` only for a collector on \
                 this machine, `http://127.0.0.1:4318`",
            )
        };
        let url = Url::parse(text).map_err(|_| wanted())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain && is_protected(&url) {
            return Ok(Self(url));
        }
        Err(wanted())
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
