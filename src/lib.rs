//! Freehold: an organisation's calendars and inventory in one program.
//!
//! *A module may use only modules declared above it.* The order of the `mod` lines below is the
//! architecture, and `tests/it/tidy.rs` holds it. `ARCHITECTURE.md` draws it.
//!
//! - **Ground** knows nothing of the product: [`base`], [`config`], [`telemetry`], [`outbound`],
//!   [`azure`], [`crypto`], [`ical`].
//! - **Cellar** holds the only database handles: [`store`], [`audit`], [`jobs`].
//! - **Rooms** are what the product is: [`identity`], [`calendar`], [`inventory`].
//! - **Workshop** works across rooms: [`backup`].
//! - **Doors** are the wire: [`edge`], [`dav`], [`api`], [`web`].
//! - **Roof** puts it together: [`server`], [`cli`].

pub mod base;
pub mod config;
pub mod telemetry;
pub mod outbound;
pub mod azure;
pub mod crypto;
pub mod ical;
pub mod store;
pub mod audit;
pub mod jobs;
pub mod identity;
pub mod calendar;
pub mod inventory;
pub mod backup;
pub mod edge;
pub mod dav;
pub mod api;
pub mod web;
pub mod server;
pub mod cli;

// Unit tests share a file with the integration tests, which know this crate by its name.
#[cfg(test)]
extern crate self as freehold;
