//! What the service says about itself: log lines, metrics, traces, and the words for its health.
//!
//! - [`log`]: lines on standard error, and to a collector when there is one.
//! - [`trace`]: which requests are followed, and the trace context that comes and goes with them.
//! - [`metrics`]: the table of all metrics; [`Meters`] measure them.
//! - [`otlp`]: the senders of all three to a collector, each behind a bounded queue ([`Drops`]).
//! - [`Span`]: plain values until it is sent.
//! - [`Health`], [`Report`]: what `/readyz` and `freehold doctor` answer.
//!
//! **Invariants.** Nothing is sent anywhere unless a collector is configured. Lines go to standard
//! error, so that standard output stays for what a command answers. Neither a line, nor an attribute,
//! nor a label carries titles, addresses, tokens or bodies: what is sent is on a list (`allowed`), and
//! messages are words of ours; [`Redacted`] is for values that must be passed along and never shown.
//! No request waits for telemetry. A request that is not sampled makes no span. Colours only on a
//! terminal.
//!
//! **Absent on purpose.** Exemplars: version 0.33 of the SDK has none. Values that only rooms know: they
//! count them, and `server` reads them when somebody asks.

mod allowed;
pub mod health;
pub mod log;
mod meters;
pub mod metrics;
pub mod otlp;
mod queue;
mod redacted;
mod spans;
#[cfg(test)]
mod tests;
pub mod trace;

pub use allowed::{OF_LOGS, OF_SPANS};
pub use health::{Check, Health, Report};
pub use meters::{Answered, LabelValue, Meters, MetricsError, Reading, Scraping};
pub use queue::{Drops, Loss};
pub use redacted::Redacted;
pub use spans::Span;
