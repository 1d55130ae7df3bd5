//! Sockets for the configured addresses, on whichever address families the host has.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use tokio::net::TcpListener;

use super::ServeError;
use crate::config::Listen;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds every address. One family missing behind `localhost:` or `*:` is said in one line of the
/// log; both missing, or an exact address that cannot be had, is an error.
pub(super) fn bind_all(wanted: &[Listen]) -> Result<Vec<TcpListener>, ServeError> {
    let mut listeners = Vec::new();
    for listen in wanted {
        match listen {
            Listen::At(address) => listeners.push(bind_one(*address).map_err(|source| {
                let address = address.to_string();
                ServeError::Bind { address, source }
            })?),
            Listen::Loopback(port) => {
                let families = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
                bind_families(listen, families, *port, &mut listeners)?;
            }
            Listen::All(port) => {
                let families = (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED);
                bind_families(listen, families, *port, &mut listeners)?;
            }
        }
    }
    Ok(listeners)
}

/// Binds the address of the metrics, if there is one.
pub(super) fn bind_metrics(wanted: Option<Listen>) -> Result<Vec<TcpListener>, ServeError> {
    bind_all(wanted.as_slice()).map_err(|error| match error {
        ServeError::Bind { address, source } => ServeError::BindMetrics { address, source },
        other => other,
    })
}

/// Whether every address can be had now.
///
/// # Errors
/// [`ServeError::Bind`] for the first that cannot.
pub fn try_listen(wanted: &[Listen]) -> Result<(), ServeError> {
    bind_all(wanted).map(drop)
}

fn bind_families(
    wanted: &Listen,
    (v4, v6): (Ipv4Addr, Ipv6Addr),
    port: u16,
    listeners: &mut Vec<TcpListener>,
) -> Result<(), ServeError> {
    let failed = |source| ServeError::Bind {
        address: wanted.to_string(),
        source,
    };
    let first = bind_one((v4, port).into());
    // Port 0 lets the system choose; both families get the same one.
    let chosen = first.as_ref().ok().and_then(|l| l.local_addr().ok());
    let second = bind_one((v6, chosen.map_or(port, |at| at.port())).into());
    match (first, second) {
        (Ok(first), Ok(second)) => listeners.extend([first, second]),
        (Ok(one), Err(error)) if is_missing(&error) => {
            tracing::info!(%wanted, "this host has no IPv6: listening on IPv4 only");
            listeners.push(one);
        }
        (Err(error), Ok(one)) if is_missing(&error) => {
            tracing::info!(%wanted, "this host has no IPv4: listening on IPv6 only");
            listeners.push(one);
        }
        (Err(error), _) | (_, Err(error)) => return Err(failed(error)),
    }
    Ok(())
}

/// Whether the host has no such family, or no such address in it.
fn is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let missing = [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].map(Errno::raw_os_error);
    error
        .raw_os_error()
        .is_some_and(|errno| missing.contains(&errno))
}

/// An IPv6 socket takes IPv6 only, so that both families can have the same port.
fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    TcpListener::from_std(socket.into())
}
