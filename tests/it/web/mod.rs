//! The pages, on the wire.

mod desk;
mod entra;
mod house;
mod items;
mod month;
mod oidc;
mod provider;
mod session;
mod tokens;

pub(crate) use provider::Provider;
