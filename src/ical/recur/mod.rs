//! Recurrence rules on the clock (RFC 5545 §3.3.10): what a rule says, and the clock readings it
//! names from a given one on.
//!
//! **Invariants.** Work is bounded by [`Fuel`]: what cannot be finished says so and never hangs.
//! The readings are ascending and distinct, and finding the first one in a window costs a division,
//! not a walk from the start. Parts that the rule leaves open are as in the start.
//!
//! **Absent on purpose.** Zones, `COUNT`, RDATE and EXDATE: a series has them
//! ([`super::object`]). Calendars other than the Gregorian (RFC 7529 `RSCALE`): such a rule is
//! refused, never misread.

mod days;
mod fuel;
#[cfg(test)]
mod oracle;
mod parse;
mod period;
mod rule;
#[cfg(test)]
mod tests;

pub use fuel::Fuel;
pub(crate) use period::{RuleDates, Step};
pub use rule::{Frequency, Recur, Until, WeekdayNum};
