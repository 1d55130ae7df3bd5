//! `freehold egress`: every way out of the configuration, for people, programs and firewalls.
//!
//! Nobody is called and nothing is looked up: the list follows from the settings. What only knows
//! addresses (`NetworkPolicy`, network security groups) cannot name hosts, so those formats say which
//! addresses to put in.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Failure, out};
use crate::config::{Platform, Settings};
use crate::outbound::{Protocol, Way};
use crate::server::egress;

/// Service tags of Azure, by the end of the hosts' names that are behind them.
const SERVICE_TAGS: [(&str, &str); 5] = [
    ("login.microsoftonline.com", "AzureActiveDirectory"),
    (".vault.azure.net", "AzureKeyVault"),
    (".managedhsm.azure.net", "AzureKeyVault"),
    (".blob.core.windows.net", "Storage"),
    (".postgres.database.azure.com", "VirtualNetwork"),
];
/// The priority of the first rule of a network security group; the next ones are 10 apart.
const PRIORITY: usize = 1000;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// `text` for people, `json` for programs, `networkpolicy` for Kubernetes, `nsg` for a network
    /// security group of Azure
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    #[value(name = "networkpolicy")]
    NetworkPolicy,
    Nsg,
}

pub(super) fn run(options: &Options, settings: &Settings) -> Result<ExitCode, Failure> {
    let ways = egress::ways(settings, &Platform::of_process());
    out::text(&match options.format {
        Format::Text => text(&ways),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&ways)?),
        Format::NetworkPolicy => network_policy(&ways),
        Format::Nsg => format!("{}\n", serde_json::to_string_pretty(&rules(&ways))?),
    });
    Ok(ExitCode::SUCCESS)
}

fn text(ways: &[Way]) -> String {
    if ways.is_empty() {
        return "nothing: with this configuration the service calls nobody\n".to_owned();
    }
    let width = |of: fn(&Way) -> String| ways.iter().map(|way| of(way).len()).max().unwrap_or(0);
    let (host, key) = (width(Way::address), width(|way| way.setting.clone()));
    let line = |way: &Way| {
        let (address, protocol) = (way.address(), way.protocol.word());
        let (setting, reason) = (&way.setting, &way.reason);
        format!("{address:<host$}  {protocol:<8}  {setting:<key$}  {reason}\n")
    };
    ways.iter().map(line).collect()
}

/// Ways that leave this machine, each address once, with everything that it is for.
fn leaving(ways: &[Way]) -> Vec<(&Way, String)> {
    let mut found: Vec<(&Way, String)> = Vec::new();
    for way in ways.iter().filter(|way| !way.is_here()) {
        let reason = format!("{} ({})", way.reason, way.setting);
        match found.last_mut() {
            Some((last, reasons)) if last.address() == way.address() => {
                let _ = write!(reasons, "; {reason}");
            }
            _ => found.push((way, reason)),
        }
    }
    found
}

/// A `NetworkPolicy` of Kubernetes (`networking.k8s.io/v1`): it knows addresses and no names, so a host is
/// a comment with the rule to complete.
fn network_policy(ways: &[Way]) -> String {
    let mut rules = String::new();
    for (way, reasons) in leaving(ways) {
        let _ = writeln!(rules, "    # {way}: {reasons}");
        match (way.protocol, way.ip()) {
            (Protocol::Dns, _) => rules.push_str(CLUSTER_DNS),
            (_, Some(ip)) => rules.push_str(&rule(&block(ip), way.port, "")),
            (_, None) => {
                rules.push_str(NO_NAMES);
                rules.push_str(&rule("ADDRESS/32", way.port, "#"));
            }
        }
    }
    let none = rules.lines().all(|line| line.trim_start().starts_with('#'));
    let egress = if none { "  egress: []" } else { "  egress:" };
    format!("{POLICY}{egress}\n{rules}")
}

fn rule(cidr: &str, port: u16, comment: &str) -> String {
    [
        "    - to:".to_owned(),
        "        - ipBlock:".to_owned(),
        format!("            cidr: {cidr}"),
        "      ports:".to_owned(),
        format!("        - port: {port}"),
        "          protocol: TCP".to_owned(),
    ]
    .map(|line| match comment {
        "" => format!("{line}\n"),
        _ => format!("    #{}\n", line.strip_prefix("    ").unwrap_or(&line)),
    })
    .concat()
}

fn block(ip: IpAddr) -> String {
    let length = if ip.is_ipv4() { 32 } else { 128 };
    format!("{ip}/{length}")
}

const POLICY: &str = "\
# Made by `freehold egress --format networkpolicy`.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: freehold-egress
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: freehold
  policyTypes: [Egress]
";
const NO_NAMES: &str = "    # A NetworkPolicy knows no names: put the addresses of this host in.\n";
const CLUSTER_DNS: &str = "    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
";

/// A rule of a network security group, in Azure's words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecurityRule {
    description: String,
    direction: &'static str,
    access: &'static str,
    priority: usize,
    protocol: &'static str,
    source_address_prefix: &'static str,
    source_port_range: &'static str,
    #[serde(flatten)]
    destination: Destination,
    destination_port_range: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Destination {
    DestinationAddressPrefix(String),
    /// No address, which Azure refuses until somebody puts it in.
    DestinationAddressPrefixes([&'static str; 0]),
}

#[derive(Serialize)]
struct Named {
    name: String,
    properties: SecurityRule,
}

/// `securityRules` of a network security group, the last one of which refuses everything else. Azure
/// lets the name servers and the metadata service of the platform through by itself.
fn rules(ways: &[Way]) -> Vec<Named> {
    let of_platform = |way: &Way| matches!(way.ip(), Some(IpAddr::V4(ip)) if ip.is_link_local());
    let leaving = leaving(ways).into_iter();
    let asked = leaving.filter(|(way, _)| !of_platform(way));
    let allowed = asked.enumerate().map(|(index, (way, reasons))| {
        let is_dns = way.protocol == Protocol::Dns;
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let host: String = way
            .host
            .trim_matches(['[', ']'])
            .chars()
            .map(letter)
            .collect();
        let host = if is_dns { "names" } else { host.as_str() };
        // A description has at most 140 characters.
        let description = format!("{way}: {reasons}").chars().take(140).collect();
        Named {
            name: format!("Allow-{host}-{}", way.port),
            properties: SecurityRule {
                description,
                access: "Allow",
                priority: PRIORITY + 10 * index,
                protocol: if is_dns { "*" } else { "Tcp" },
                destination: destination(way),
                destination_port_range: way.port.to_string(),
                ..SecurityRule::everything()
            },
        }
    });
    let last = Named {
        name: "Deny-everything-else".to_owned(),
        properties: SecurityRule::everything(),
    };
    allowed.chain([last]).collect()
}

impl SecurityRule {
    /// Refuses everything on the way out, after all others.
    fn everything() -> Self {
        Self {
            description: "No other way out is configured".to_owned(),
            direction: "Outbound",
            access: "Deny",
            priority: 4096,
            protocol: "*",
            source_address_prefix: "*",
            source_port_range: "*",
            destination: Destination::DestinationAddressPrefix("*".to_owned()),
            destination_port_range: "*".to_owned(),
        }
    }
}

/// The address, or the service tag of a known host.
fn destination(way: &Way) -> Destination {
    let mut tags = SERVICE_TAGS.iter();
    let tag = tags.find(|(end, _)| way.host.ends_with(end));
    let prefix = match (way.protocol, way.ip(), tag) {
        (Protocol::Dns, ..) => "VirtualNetwork".to_owned(),
        (_, Some(ip), _) => block(ip),
        (_, None, Some((_, tag))) => (*tag).to_owned(),
        (_, None, None) => return Destination::DestinationAddressPrefixes([]),
    };
    Destination::DestinationAddressPrefix(prefix)
}
