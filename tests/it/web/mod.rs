//! The pages, on the wire.

mod house;
mod items;
mod month;
mod oidc;
mod provider;
mod session;

pub(crate) use provider::Provider;
