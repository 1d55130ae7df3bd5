//! Asks a running service for its readiness, or only for a sign of life: on this machine, as a
//! container's health check does, or where an operator says.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::rustls::{self, pki_types::ServerName};
use url::Url;

use super::serve::reachable;
use super::tls;
use crate::config::{Listen, Server};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// What a service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether it can do its work, part by part.
    Ready,
    /// Whether it runs. One that has no certificate to show refuses the handshake, and so says that it
    /// does: to start it again would mend nothing.
    Alive,
}

impl Question {
    const fn path(self) -> &'static str {
        match self {
            Self::Ready => "/readyz?verbose",
            Self::Alive => "/healthz",
        }
    }
}

/// What the service says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it can do its work, or runs, as it was asked.
    pub is_ready: bool,
    /// Its words, part by part.
    pub text: String,
}

/// Nobody answers, or not as the service does.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The port is chosen by the system, so that nobody can know it.
    #[error(
        "server.listen has port 0, which is another one at each start: set a port, or name the \
         address with --listen"
    )]
    UnknownPort,
    /// The address has no host, or another scheme.
    #[error("{0} cannot be asked: write https://HOST or https://HOST:PORT")]
    Address(String),
    /// Nobody answers there.
    #[error("no answer from {url}: {why}: does the name lead here, and may this machine connect?")]
    NothingThere {
        /// Who was asked.
        url: String,
        /// What happened.
        why: String,
    },
    /// There is no answer.
    #[error(
        "no answer from {address}{path}: {why}: is the service running, and with the same \
         server.listen?"
    )]
    NoAnswer {
        /// Who was asked last.
        address: SocketAddr,
        /// For what.
        path: &'static str,
        /// What happened.
        why: String,
    },
}

/// Asks at the first of the configured listeners.
///
/// # Errors
/// [`ProbeError`].
pub async fn here(server: &Server, question: Question) -> Result<Readiness, ProbeError> {
    let (listen, path) = (server.listen.first().copied(), question.path());
    let mut last = ProbeError::UnknownPort;
    for address in addresses(listen.unwrap_or(Listen::Loopback(0))) {
        if address.port() == 0 {
            return Err(ProbeError::UnknownPort);
        }
        let name = server.tls.is_on().then(|| address.ip().into());
        let authority = address.to_string();
        match patiently(question, ask(address, &authority, name, path)).await {
            Ok(readiness) => return Ok(readiness),
            Err(why) => last = ProbeError::NoAnswer { address, path, why },
        }
    }
    Err(last)
}

/// Asks the service at `url`, whatever certificate it shows: nothing secret is sent, and the answer is
/// believed only as far as "it runs".
///
/// # Errors
/// [`ProbeError::Address`], [`ProbeError::NothingThere`].
pub async fn at(url: &Url, question: Question) -> Result<Readiness, ProbeError> {
    let wrong = || ProbeError::Address(url.to_string());
    let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or_else(wrong)?;
    let asking = async {
        let name = match url.scheme() {
            "http" => None,
            _ => Some(ServerName::try_from(host.to_owned()).map_err(io::Error::other)?),
        };
        let authority = format!("{}:{port}", url.host_str().unwrap_or_default());
        ask((host, port), &authority, name, question.path()).await
    };
    let answer = patiently(question, asking).await;
    answer.map_err(|why| ProbeError::NothingThere {
        url: url.to_string(),
        why,
    })
}

/// Waits for the answer; else says what happened.
async fn patiently(
    question: Question,
    asking: impl Future<Output = io::Result<Readiness>>,
) -> Result<Readiness, String> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(readiness)) => Ok(readiness),
        Ok(Err(error)) if question == Question::Alive && is_a_refusal(&error) => Ok(Readiness {
            is_ready: true,
            text: format!("it runs, and refuses every TLS handshake: {error}\n"),
        }),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("nothing within {} seconds", PATIENCE.as_secs())),
    }
}

/// Where a listener is reached from this machine.
fn addresses(listen: Listen) -> Vec<SocketAddr> {
    let (v4, v6) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    match listen {
        Listen::Loopback(port) | Listen::All(port) => {
            [v4, v6].map(|ip| SocketAddr::new(ip, port)).to_vec()
        }
        Listen::At(at) => vec![reachable(at)],
    }
}

/// Whether somebody answered the handshake, with an alert (RFC 8446 §6).
fn is_a_refusal(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::AlertReceived(_)))
}

/// Asks `authority`, who is at `to`; encrypted, if there is a name for the handshake.
async fn ask(
    to: impl ToSocketAddrs,
    authority: &str,
    name: Option<ServerName<'static>>,
    path: &str,
) -> io::Result<Readiness> {
    let stream = TcpStream::connect(to).await?;
    let Some(name) = name else {
        return converse(stream, authority, path).await;
    };
    let stream = tls::any_certificate()?.connect(name, stream).await?;
    converse(stream, authority, path).await
}

async fn converse<S>(stream: S, authority: &str, path: &str) -> io::Result<Readiness>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, authority)
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(io::Error::other)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    connection.abort();
    let body = body.map_err(io::Error::other)?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    match status {
        StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => Ok(Readiness {
            is_ready: status == StatusCode::OK,
            text,
        }),
        _ => Err(io::Error::other(format!(
            "it answers {status}, as if it were another program"
        ))),
    }
}
