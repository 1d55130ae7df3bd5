//! A network of addresses, as operators write one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Unfit, schema::written_as_text};

/// Addresses with a common prefix; a single address is one of full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

written_as_text!(
    Network,
    "a network (`10.0.0.0/8`, `2001:db8::/32`) or an address (`10.0.0.7`)"
);

impl Network {
    /// Whether `address` is one of them; an IPv4-mapped IPv6 address counts as the IPv4 one.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| single()).map_err(|_| {
            Unfit::because(
                "write a network or one address: such as `10.0.4.0/24`, `2001:db8::/32`, `10.0.4.7`",
            )
        })?;
        let mapped = matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some());
        if network.prefix_len() == 0 || mapped {
            return Err(Unfit::because(
                "everybody, and IPv4 written as IPv6, cannot be named: write the networks of your \
                 proxies, such as `10.0.4.0/24`",
            ));
        }
        Ok(Self(network.trunc()))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
