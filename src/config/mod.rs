//! Configuration: one typed tree, loaded from defaults, file, environment and command line.
//!
//! ```
//! use freehold::config::{Overrides, Sources, load};
//!
//! let overrides = Overrides { data: Some("/srv/freehold".into()), ..Overrides::default() };
//! let loaded = load(&Sources { overrides, ..Sources::default() })?;
//! assert_eq!(loaded.settings.store.data.to_str(), Some("/srv/freehold"));
//! assert_eq!(loaded.origin("store.data"), "command line --data");
//! # Ok::<(), freehold::config::ConfigError>(())
//! ```
//!
//! **Invariants.** The environment and configuration files are read only here. A later layer wins
//! over an earlier one: defaults, file, `FREEHOLD__SECTION__KEY`, command line. An unknown key is
//! an error. A message never repeats a text that an operator wrote, because it may be a secret.
//! What is known about a key stands once, at its field in `settings.rs`; `docs/configuration.md`
//! and `config/freehold.toml` are made from it.
//!
//! **Absent on purpose.** Secrets: settings hold a [`SecretRef`], and who needs the secret
//! resolves it. Reloading: a changed setting takes effect at the next start.
//!
//! | File | What |
//! | --- | --- |
//! | `settings.rs`, `provider.rs`, `telemetry.rs` | the tree: add a key here |
//! | `schema.rs` | what is known about a key; the declaring macros |
//! | `values.rs`, `network.rs`, `contact.rs`, `secret.rs`, `key_vault.rs`, `backup.rs` | types that are written as text |
//! | `platform.rs` | what Azure says in variables of its own |
//! | `load.rs`, `file.rs`, `environment.rs` | the layers |
//! | `verify.rs`, `rules.rs`, `provider_rules.rs` | single values; values together |
//! | `explain.rs`, `json_schema.rs` | show, explain, reference, the annotated file; the schema |

mod backup;
mod contact;
mod environment;
mod error;
mod explain;
mod file;
mod json_schema;
mod key_vault;
mod load;
mod network;
mod platform;
mod provider;
mod provider_rules;
mod rules;
mod schema;
pub mod secret;
mod settings;
mod telemetry;
#[cfg(test)]
mod tests;
mod values;
mod verify;

pub use backup::{Backup, BackupPlace, Container};
pub use contact::{Day, SecurityContact};
pub use error::{ConfigError, Problem, Unfit};
pub use explain::{annotated, explain, reference};
pub use json_schema::json_schema;
pub use key_vault::{Azure, Item, KekPlace, KeyAddress, PlatformIdentity, SecretAddress, is_below};
pub use load::{DEFAULT_FILE, Loaded, Overrides, Sources, load};
pub use network::Network;
pub use platform::Platform;
pub use provider::{
    ClientAuthentication, Provider, ProviderType, RoleGroups, TENANT_PLACE, TenantId,
};
pub use secret::{Secret, SecretError, SecretRef};
pub use settings::{
    Audit, Backend, Calendar, Identity, KekProvider, Limits, Log, LogFormat, Postgres, Server,
    Settings, Sqlite, SslMode, Store, Tls, Vault,
};
pub use telemetry::{CollectorUrl, OtlpProtocol, SampleBy, Telemetry};
pub use values::{Administrator, Listen, LogLevel, PublicUrl, is_protected};
