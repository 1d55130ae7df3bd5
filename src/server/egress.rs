//! Every way out of a configuration: [`ways`] is the one list.
//!
//! `outbound` calls no host that is not in it, `freehold egress` prints it, and the rules for a
//! firewall are made from it. What opens sockets by itself, as the driver of PostgreSQL does, stands
//! here all the same.
//!
//! **Invariants.** The list follows from the settings and the platform's variables alone: nobody is
//! asked for it, and nothing that a host says adds to it. A part of the program that calls somebody
//! has a function here, which names the setting for each host.

use std::sync::Arc;

use url::Url;

use crate::azure::{Azure, Source};
use crate::base::SystemClock;
use crate::config::{Backend, ClientAuthentication, Platform, Provider, ProviderType, Settings};
use crate::outbound::{Outbound, Protocol, Way};

const GOOGLE: &str = "https://accounts.google.com";
/// Where Google publishes what it does not have at its issuer's host: token endpoint and keys.
const OF_GOOGLE: [&str; 2] = [
    "https://oauth2.googleapis.com",
    "https://www.googleapis.com",
];

/// The handle on Azure of this process, with the ways out of `settings` and no other.
#[must_use]
pub fn azure(settings: &Settings) -> Azure {
    let outbound = Outbound::new(ways(settings, &Platform::of_process()));
    Azure::of_process(&settings.azure, outbound)
}

/// Every way out of `settings` on `platform`, in the order of hosts, each with its setting; a host
/// that several settings name is there as often. Ways that stay on this machine are among them.
#[must_use]
pub fn ways(settings: &Settings, platform: &Platform) -> Vec<Way> {
    let mut ways = [
        providers(settings),
        vaults(settings),
        backups(settings),
        Vec::from_iter(collector(settings)),
        Vec::from_iter(identity(settings, platform)),
        Vec::from_iter(database(settings)),
    ]
    .concat();
    ways.extend(names(&ways));
    ways.sort();
    ways.dedup();
    ways
}

/// Sign-in: the issuer, where it publishes its endpoints, Microsoft Graph.
fn providers(settings: &Settings) -> Vec<Way> {
    let all = settings.identity.providers.iter().enumerate();
    all.flat_map(|(index, provider)| of_provider(index, provider))
        .collect()
}

fn of_provider(index: usize, provider: &Provider) -> Vec<Way> {
    let key = |name: &str| format!("identity.providers[{index}].{name}");
    let id = &provider.id;
    let known = provider.issuer.is_empty();
    let issuer = if known { key("type") } else { key("issuer") };
    let mut found = Vec::new();
    let mut add = |url: Option<Url>, setting: &str, reason: String| {
        found.extend(url.and_then(|url| Way::to(&url, setting, &reason).ok()));
    };
    let reason = format!("sign-in with the provider {id}: metadata, keys, tokens");
    add(provider.address().ok(), &issuer, reason);
    let published = || format!("sign-in with the provider {id}: what it publishes there");
    if provider.r#type == ProviderType::Google && provider.issuer() == GOOGLE {
        for host in OF_GOOGLE {
            add(host.parse().ok(), &issuer, published());
        }
    }
    for host in &provider.endpoint_hosts {
        add(
            Some(host.url().clone()),
            &key("endpoint_hosts"),
            published(),
        );
    }
    let reason = format!("Microsoft Graph: groups of people who sign in with the provider {id}");
    add(provider.graph(), &key("graph"), reason);
    found
}

/// Key Vault: keys, secrets, the certificate of the service.
fn vaults(settings: &Settings) -> Vec<Way> {
    let reason = |key: &str| match key {
        "vault.key_vault_key" => "Key Vault: the key-encryption key",
        "server.tls.key_vault_certificate" => "Key Vault: the certificate of the service",
        _ => "Key Vault: a secret",
    };
    let named = settings.vaults().into_iter();
    named
        .filter_map(|(key, vault)| Way::to(vault, &key, reason(&key)).ok())
        .collect()
}

/// The collector of telemetry.
fn collector(settings: &Settings) -> Option<Way> {
    let url = settings.collector()?.url();
    Way::to(
        url,
        "telemetry.otlp_endpoint",
        "the collector: traces, metrics, logs",
    )
    .ok()
}

/// Blob storage: where backups go.
fn backups(settings: &Settings) -> Vec<Way> {
    let named = settings.backup_hosts().into_iter();
    named
        .filter_map(|(key, host)| Way::to(host, key, "Blob storage: backups").ok())
        .collect()
}

/// Who gives tokens of the platform's identity, where some are needed.
fn identity(settings: &Settings, platform: &Platform) -> Option<Way> {
    let clock = Arc::new(SystemClock);
    let azure = Azure::new(
        &settings.azure,
        platform.clone(),
        Outbound::default(),
        clock,
    );
    if !settings.vaults().is_empty() {
        return azure.identity_way("the platform's identity: tokens for Key Vault");
    }
    if !settings.backup_hosts().is_empty() {
        return azure.identity_way("the platform's identity: tokens for Blob storage");
    }
    let mut providers = settings.identity.providers.iter();
    let shown = |one: &Provider| one.client_authentication() == ClientAuthentication::AzureIdentity;
    // The token of a workload identity is a file, and shown as it is.
    let asks = !matches!(azure.source(), Ok(Source::Workload { .. }));
    (asks && providers.any(shown))
        .then(|| azure.identity_way("the platform's identity: what a provider takes for a secret"))
        .flatten()
}

/// PostgreSQL, unless it is a socket in a folder.
fn database(settings: &Settings) -> Option<Way> {
    let postgres = &settings.store.postgres;
    let is_used = settings.store.backend == Backend::Postgres && !postgres.host.starts_with('/');
    is_used.then(|| Way {
        host: postgres.host.clone(),
        port: postgres.port,
        protocol: Protocol::Postgres,
        setting: "store.postgres.host".to_owned(),
        reason: "the database".to_owned(),
    })
}

/// The name servers of this machine, where `ways` has a host that is no address.
fn names(ways: &[Way]) -> Option<Way> {
    let named = |way: &&Way| way.ip().is_none() && !way.is_here();
    let first = ways.iter().find(named)?;
    Some(Way {
        host: "the name servers of this machine".to_owned(),
        port: 53,
        protocol: Protocol::Dns,
        setting: first.setting.clone(),
        reason: "the addresses of the hosts that settings name, this one and others".to_owned(),
    })
}
