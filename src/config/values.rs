//! Types of settings that are written as text and cannot be wrong once they exist.

use std::{fmt, net::SocketAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{Unfit, schema::written_as_text};

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// `localhost:PORT`: the loopback address of each family the host has (127.0.0.1, `::1`). One
    /// family missing is no error, both missing is.
    Loopback(u16),
    /// `*:PORT`: all addresses of each family the host has (0.0.0.0, `::`). One family missing is
    /// no error, both missing is.
    All(u16),
    /// Exactly this address; that it cannot be bound is an error.
    At(SocketAddr),
}

written_as_text!(
    Listen,
    "an address with a port (`127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or `*:8080` for all addresses)"
);

impl Listen {
    /// Can only programs on this machine reach it?
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Loopback(_) => true,
            Self::All(_) => false,
            Self::At(address) => address.ip().to_canonical().is_loopback(),
        }
    }

    /// The port, 0 for one that the system chooses.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Loopback(port) | Self::All(port) => *port,
            Self::At(address) => address.port(),
        }
    }
}

impl FromStr for Listen {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wanted = "write an address with a port: `127.0.0.1:8080`, `[::1]:8080`, \
                      `localhost:8080` (loopback) or `*:8080` (all addresses)";
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| Unfit::because(wanted))?;
        let port = port.parse().map_err(|_| Unfit::because(wanted))?;
        match host {
            "*" => Ok(Self::All(port)),
            "localhost" => Ok(Self::Loopback(port)),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|_| Unfit::because(wanted)),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(port) => write!(f, "localhost:{port}"),
            Self::All(port) => write!(f, "*:{port}"),
            Self::At(address) => write!(f, "{address}"),
        }
    }
}

/// The address under which people reach the service: scheme, host and port, without a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(Url);

written_as_text!(
    PublicUrl,
    "an address such as `https://calendar.example.org`"
);

impl PublicUrl {
    /// The address; its path is `/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wanted = || {
            Unfit::because(
                "write scheme, host and perhaps a port, without path, user or query: \
                 `https://calendar.example.org`",
            )
        };
        let url = Url::parse(text).map_err(|_| wanted())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && bare && nobody {
            Ok(Self(url))
        } else {
            Err(wanted())
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Somebody who administers the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Administrator {
    /// A person as an OpenID provider knows them; with Microsoft the subject is the object id.
    Account {
        /// The `iss` claim, letter for letter.
        issuer: String,
        /// The `sub` claim, letter for letter.
        subject: String,
    },
    /// Everybody whom a provider gives a role.
    Role {
        /// The id of the provider in the configuration.
        provider: String,
        /// The word in its `roles_claim`.
        role: String,
    },
}

written_as_text!(
    Administrator,
    "a person as `ISSUER#SUBJECT`, or a role as `role:PROVIDER:ROLE`"
);

impl FromStr for Administrator {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        if let Some((provider, role)) = text.strip_prefix("role:").and_then(|t| t.split_once(':'))
            && !provider.is_empty()
            && !role.is_empty()
        {
            return Ok(Self::Role {
                provider: provider.to_owned(),
                role: role.to_owned(),
            });
        }
        // OpenID Connect Discovery §4.3: an issuer has no fragment, so the first `#` ends it.
        match text.split_once('#') {
            Some((issuer, subject)) if is_issuer(issuer) && !subject.is_empty() => {
                Ok(Self::Account {
                    issuer: issuer.to_owned(),
                    subject: subject.to_owned(),
                })
            }
            _ => Err(Unfit::because(
                "write the issuer's address, `#` and the subject, \
                 `https://login.example.org/realms/work#0b9c…`, or `role:`, the id of a provider, \
                 `:` and a role there, `role:work:Freehold.Administrators`",
            )),
        }
    }
}

impl fmt::Display for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { issuer, subject } => write!(f, "{issuer}#{subject}"),
            Self::Role { provider, role } => write!(f, "role:{provider}:{role}"),
        }
    }
}

/// Which log lines are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogLevel(String);

written_as_text!(
    LogLevel,
    "a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels per target such as `info,freehold::store=debug`"
);

impl LogLevel {
    /// Only what is at least informative.
    #[must_use]
    pub fn info() -> Self {
        Self("info".to_owned())
    }

    /// The directives.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        tracing_subscriber::EnvFilter::builder()
            .parse(text)
            .map(|_| Self(text.to_owned()))
            .map_err(|_| {
                Unfit::because(
                    "write `error`, `warn`, `info`, `debug`, `trace` or `off`, or levels per \
                     target separated by commas: `info,freehold::store=debug`",
                )
            })
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// OpenID Connect Core §2: `https`, no query, no fragment. `http` only for a provider on this
/// machine.
pub(super) fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    url.has_host() && is_protected(&url) && url.query().is_none() && url.fragment().is_none()
}

/// Whether nobody on the way reads what is sent to `url`: `https`, or `http` on this machine.
#[must_use]
pub fn is_protected(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_here(url)
}

/// Whether the host of `url` is this machine.
pub(super) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
