//! Whether a way out leads anywhere from here: its name, its addresses, a connection.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Way;

/// So long a name service or a host may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a way leads from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The address that took the connection.
    pub address: IpAddr,
    /// Whether it is one of a private network (RFC 1918, RFC 4193), a link or this machine, and so no
    /// address on the internet.
    pub is_private: bool,
}

/// Why a way leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// The name service does not know the host, or does not answer.
    #[error("the name {0} has no address here: is the name service right, and the zone linked?")]
    Name(String),
    /// No address of the host takes a connection.
    #[error(
        "{host} has the address {address} and takes no connection: look at firewalls, network rules \
         and routes between this machine and it"
    )]
    Connection {
        /// Host and port.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
}

/// Looks up the host of `way` and connects to it, over TCP, without a word.
///
/// # Errors
/// [`Unreached`], after at most five seconds for each step.
pub async fn reach(way: &Way) -> Result<Reached, Unreached> {
    let unknown = || Unreached::Name(way.host.clone());
    let host = way.host.trim_matches(['[', ']']);
    let found = timeout(PATIENCE, lookup_host((host, way.port))).await;
    let addresses: Vec<_> = found
        .map_err(|_| unknown())?
        .map_err(|_| unknown())?
        .collect();
    for address in &addresses {
        if let Ok(Ok(_connection)) = timeout(PATIENCE, TcpStream::connect(address)).await {
            return Ok(Reached {
                address: address.ip(),
                is_private: is_private(address.ip()),
            });
        }
    }
    let first = addresses.first().ok_or_else(unknown)?;
    Err(Unreached::Connection {
        host: way.address(),
        address: first.ip(),
    })
}

/// Whether no router of the internet leads there.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
        }
    }
}
