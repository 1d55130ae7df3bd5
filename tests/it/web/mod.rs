//! The pages, on the wire.

mod house;
mod items;
mod month;
mod oidc;
pub(crate) mod provider;
mod session;
mod tokens;

pub(crate) use provider::Provider;
