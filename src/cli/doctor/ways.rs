//! Every way out, from where the program runs: does its name have an address, is it a private one, does
//! it take a connection.

use super::Finding;
use crate::azure::Azure;
use crate::outbound::{Protocol, Reached, Way, reach};

/// Services of Azure that a private endpoint can bring into a network, by the end of their hosts' names,
/// and the zone that then has their addresses.
const PRIVATE_ZONES: [(&str, &str); 6] = [
    (".vault.azure.net", "privatelink.vaultcore.azure.net"),
    (".managedhsm.azure.net", "privatelink.managedhsm.azure.net"),
    (
        ".blob.core.windows.net",
        "privatelink.blob.core.windows.net",
    ),
    (
        ".postgres.database.azure.com",
        "privatelink.postgres.database.azure.com",
    ),
    (".monitor.azure.com", "privatelink.monitor.azure.com"),
    (
        ".applicationinsights.azure.com",
        "privatelink.monitor.azure.com",
    ),
];

pub(super) async fn examine(azure: &Azure) -> Vec<Finding> {
    let mut ways = azure.outbound().ways();
    ways.retain(|way| way.protocol != Protocol::Dns);
    ways.dedup_by_key(|way| way.address());
    if ways.is_empty() {
        let none = "none: with this configuration the service calls nobody";
        return vec![Finding::ok("way out", none)];
    }
    let tried = ways.into_iter().map(|way| {
        let again = way.clone();
        (way, tokio::spawn(async move { reach(&again).await }))
    });
    let mut findings = Vec::new();
    // All of them are on their way before the first is waited for.
    for (way, reached) in tried.collect::<Vec<_>>() {
        findings.push(match reached.await {
            Ok(Ok(reached)) => found(&way, &reached),
            Ok(Err(why)) => Finding::fail("way out", format!("{why} ({})", way.setting)),
            Err(broken) => Finding::fail("way out", broken.to_string()),
        });
    }
    findings
}

fn found(way: &Way, reached: &Reached) -> Finding {
    let (address, host, setting) = (reached.address, way.address(), &way.setting);
    let zone = PRIVATE_ZONES
        .iter()
        .find(|(end, _)| way.host.ends_with(end));
    match zone {
        Some((_, zone)) if !reached.is_private => Finding::warn(
            "way out",
            format!(
                "{host} answers at {address}, which is on the internet ({setting}): with a private \
                 endpoint, link the zone {zone} to this network"
            ),
        ),
        _ => {
            let kind = if reached.is_private {
                "a private address"
            } else {
                "on the internet"
            };
            let text = format!("{host} answers at {address}, {kind} ({setting})");
            Finding::ok("way out", text)
        }
    }
}
