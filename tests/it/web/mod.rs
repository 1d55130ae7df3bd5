//! The pages, on the wire.

mod cases;
mod client;
mod connect;
pub(crate) mod desk;
mod entra;
mod grants;
mod graph;
pub(crate) mod house;
mod items;
mod logout;
mod month;
mod oidc;
mod people;
pub(crate) mod provider;
mod session;
mod sessions;
mod standing;
mod states;
mod tokens;

pub(crate) use desk::Desk;
pub(crate) use house::House;
pub(crate) use provider::Provider;
