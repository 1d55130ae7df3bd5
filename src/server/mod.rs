//! The roof: opens the rooms, listens, drains.

pub mod admin;
pub mod rooms;
