//! Why the service does not start.

use crate::azure::UnresolvedSecret;
use crate::config::{Listen, SecretError};
use crate::crypto::{KekError, RecoveryError};
use crate::identity::IdentityError;
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

/// The rooms of a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its principals.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its keys.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// The key-encryption key.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The recovery key.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// A secret that the settings refer to.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A secret that the settings refer to, in Key Vault perhaps.
    #[error(transparent)]
    Unresolved(#[from] UnresolvedSecret),
}

/// The service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The rooms cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nobody could sign in.
    #[error("{UNCONFIGURED}")]
    Unconfigured,
    /// An evaluation would be reachable from other machines.
    #[error(
        "--evaluation signs in whoever has the printed link, over plain HTTP, so it listens on \
         this machine only, and {0} is not only this machine: use --listen 127.0.0.1:8080, or, \
         where something else keeps others away (such as a container whose port is published on \
         127.0.0.1), add --evaluation-on-all-addresses"
    )]
    EvaluationInPublic(Listen),
    /// Others could read along.
    #[error(
        "{0} is reachable from other machines and nothing encrypts: set server.tls.certificate and \
         server.tls.key, or server.tls.key_vault_certificate, or, if a proxy in front encrypts, set server.public_url to its https \
         address"
    )]
    PlainInPublic(Listen),
    /// An address cannot be had.
    #[error(
        "cannot listen on {address} (server.listen or --listen): {source}; check that nothing else \
         listens there and that this machine has the address"
    )]
    Bind {
        /// The address.
        address: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The address of the metrics cannot be had.
    #[error(
        "cannot listen on {address} (telemetry.metrics_listen): {source}; check that nothing else \
         listens there and that this machine has the address"
    )]
    BindMetrics {
        /// The address.
        address: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Something the start needs from a room.
    #[error(transparent)]
    Room(#[from] Box<dyn std::error::Error + Send + Sync>),
}

const UNCONFIGURED: &str = "\
Freehold serves calendars and inventory, and nobody could sign in: no OpenID Connect provider is
configured. Either

  look at it on this machine, with a link that signs you in:
      freehold serve --evaluation --sample

  look at it in a container, published on this machine only:
      docker run --rm -p 127.0.0.1:8080:8080 IMAGE \\
          serve --evaluation --evaluation-on-all-addresses --listen '*:8080' --sample

  or configure it: name a provider under [[identity.providers]] in config/freehold.toml, or set
  FREEHOLD__IDENTITY__PROVIDERS; `freehold config explain identity.providers` says how, and
  `freehold config check` checks it";
