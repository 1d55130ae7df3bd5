//! Typed values of properties: dates and times, durations, periods (RFC 5545 §3.3).
//!
//! **Invariants.** A [`CalDateTime`] keeps the form it was written in: a day, a floating time, a
//! time in UTC, a time in a named zone. Turning one into an instant needs a zone and is done in
//! [`super::zone`]; it never fails, what lies outside of years -9999 to 9999 becomes the nearest
//! instant that can be told.
//!
//! **Absent on purpose.** Value types that the product only hands through (BINARY, URI, GEO).

mod datetime;
mod duration;
mod local;
#[cfg(test)]
mod tests;

pub use datetime::{CalDateTime, Period, PeriodEnd};
pub use duration::CalDuration;
pub(crate) use local::{
    LocalTime, SECONDS_PER_DAY, add_seconds, day_of, weekday_of, year_month_day,
};
