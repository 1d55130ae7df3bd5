//! The pages, on the wire.

mod house;
mod items;
mod month;
mod oidc;
pub(crate) mod provider;
mod session;
mod sessions;
mod connect;

pub(crate) use provider::Provider;
