//! The operator's commands, beside a running service or on a folder that nobody serves.
//!
//! A command is a [`Command`] and is carried out by one function. Beside a running service the
//! command line reaches it over `<data>/admin.sock`; on a folder that nobody serves it opens the
//! rooms itself and speaks to the same function through memory. Both ways are a [`Session`].
//!
//! One connection is one command: a line with the version and the command, then lines both ways,
//! each a JSON value of at most [`LINE_MAX`] bytes, until the answer or the failure. Both sides are of
//! one version, but for a backup: before an upgrade the new program asks the old one for it.
//!
//! **Invariants.** The socket has mode 0600 from the instant it exists. Only its own user and root
//! are listened to, whatever the mode says. A socket that is left over is replaced only by who holds
//! the folder's lock. Secrets pass here and nowhere else, and have no printable form. When the
//! service drains, a command ends between two transactions and says so.
//!
//! **Absent on purpose.** Rules: a command asks the rooms as the operator.

mod audit;
mod backup;
mod command;
mod import;
mod keys;
mod listener;
mod run;
mod session;
mod socket;
#[cfg(test)]
mod tests;
mod wire;

pub use command::{
    Answer, Body, Command, Examined, Fate, ImportInto, Input, NewTokenFor, Output, Part, ShownOnce,
    TokenLine,
};
pub use listener::AdminSocket;
pub use session::{Session, SessionError};
pub use wire::{LINE_MAX, WireError};
