//! Server: opens the rooms, mounts the doors, listens, drains.
//!
//! - [`Rooms`]: everything below the doors, opened from the settings; commands use it too.
//! - [`App`]: what doors are given, and every route; [`endpoints`] lists them.
//! - [`egress`]: every way out of a configuration.
//! - [`admin`]: the operator's commands, beside the service and without it.
//! - [`Certificate`]: what is served over TLS, watched on disk or in Key Vault.
//! - [`Telemetry`]: what observes the service; `metrics` reads what the rooms count.
//! - [`serve`]: the whole service, from the settings to a clean end.
//!
//! **Invariants.** Nothing listens before the database is open and migrated. Plain HTTP is served
//! on loopback, or where `server.public_url` says that a proxy in front encrypts. An evaluation is
//! on loopback, unless it is said twice. On SIGTERM and SIGINT no connection is accepted any more,
//! running requests end, the counts of refused credentials are written, the queue of writes is
//! finished. A connection has one of a fixed number of seats, and loses it when it does nothing.

pub mod admin;
mod app;
mod auditing;
mod backups;
mod certificate;
mod connections;
pub mod egress;
mod error;
mod evaluation;
mod gate;
mod health;
mod listen;
mod metrics;
mod pair;
mod pkcs12;
pub mod probe;
mod rooms;
mod sample;
mod seats;
mod security_txt;
mod serve;
#[cfg(test)]
mod tests;
mod telemetry;
mod tls;

pub use app::{App, endpoints};
pub use backups::{bring_key_file, opening_key};
pub use certificate::Certificate;
pub use error::{OpenError, ServeError};
pub use evaluation::Evaluation;
pub use listen::try_listen;
pub use metrics::RoomMetrics;
pub use rooms::Rooms;
pub use serve::{Mode, serve};
pub use telemetry::{Telemetry, TelemetryError};
