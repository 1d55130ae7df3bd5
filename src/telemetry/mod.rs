//! What the service says about itself: log lines, and the words for its health.
//!
//! **Invariants.** Logs go to standard error, so that standard output stays for what a command
//! answers. A line carries no titles, addresses, tokens or bodies; [`Redacted`] is for values that
//! must be passed along and never shown. Colours only on a terminal.
//!
//! **Absent on purpose.** Metrics and traces come with their own issue. Nothing is sent anywhere.

pub mod health;
pub mod log;
mod redacted;
#[cfg(test)]
mod tests;

pub use health::{Check, Health, Report};
pub use redacted::Redacted;
