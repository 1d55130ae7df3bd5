//! The one integration binary. It runs twice: `FREEHOLD_TEST_BACKEND=sqlite` (the default) and
//! `postgres`, where `FREEHOLD_TEST_POSTGRES=HOST:PORT:USER` says which cluster to make databases in.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests say what they expect"
)]

mod access;
mod admin;
mod api;
mod architecture;
mod audit;
mod azure;
mod backup;
mod bodies;
mod caldav;
mod calendar;
mod cli;
mod compose;
mod data;
mod docs;
mod deploy;
mod durability;
mod headers;
mod ical;
mod import;
mod jobs;
mod keys;
mod memory;
mod peers;
mod limits;
mod roles;
mod scopes;
mod security;
mod server;
mod silence;
mod smuggling;
mod store;
mod support;
mod telemetry;
mod tidy;
mod tls;
mod upgrade;
mod web;
