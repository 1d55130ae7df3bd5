//! The pages, on the wire.

mod desk;
mod entra;
mod grants;
mod house;
mod items;
mod month;
mod oidc;
mod provider;
mod session;
mod states;
mod tokens;

pub(crate) use provider::Provider;
