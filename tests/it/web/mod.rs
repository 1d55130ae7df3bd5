//! The pages, on the wire.

mod client;
mod connect;
mod desk;
mod entra;
mod grants;
mod house;
mod items;
mod logout;
mod month;
mod oidc;
pub(crate) mod provider;
mod session;
mod sessions;
mod states;
mod tokens;

pub(crate) use provider::Provider;
