//! Where a request comes from: the connection's address, or what a named proxy says.
//!
//! Only `X-Forwarded-For` is read, and only from the addresses in `server.trusted_proxies`;
//! `Forwarded` (RFC 7239) is not, and `X-Forwarded-Proto` and `-Host` change nothing: what people
//! type is `server.public_url`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use http::HeaderMap;
use http::request::Parts;

use crate::config::Network;

/// Where a request comes from, put beside it by [`Proxies::locate`].
#[derive(Debug, Clone, Copy)]
struct Source(IpAddr);

/// The proxies that are believed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[Network]>);

impl Proxies {
    /// These networks, and nobody else.
    #[must_use]
    pub fn new(trusted: &[Network]) -> Self {
        Self(trusted.into())
    }

    /// The request with what [`source_of`] reads; a layer around all doors.
    #[must_use]
    pub fn locate(&self, mut request: Request) -> Request {
        if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
            let source = self.source(peer.ip(), request.headers());
            request.extensions_mut().insert(Source(source));
        }
        request
    }

    /// Each proxy adds at the right who asked it, so whatever stands left of the first address that
    /// is not trusted may be invented. What is no address ends the walk: it stays with the proxy
    /// that wrote it.
    fn source(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut source = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while self.trusts(source) {
            match entries.next().map(address) {
                Some(Some(before)) => source = before,
                _ => break,
            }
        }
        source
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An entry of `X-Forwarded-For`: an address, perhaps with a port, as Azure's gateways write it.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bare = entry.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|at| at.ip());
    let in_brackets = || {
        let inner = entry.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<IpAddr>().ok()
    };
    let found = bare.or_else(with_port).or_else(in_brackets)?;
    Some(found.to_canonical())
}

/// Where the request comes from: the connection's address, or, behind a proxy that is named in
/// `server.trusted_proxies`, the right-most address of `X-Forwarded-For` that is none. Unspecified
/// where there is no connection.
#[must_use]
pub fn source_of(parts: &Parts) -> IpAddr {
    let source = parts.extensions.get::<Source>();
    source.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |source| source.0)
}
