//! iCalendar: text and values, time zones, recurrence, calendar objects, filters, splitting for
//! import (RFC 5545, RFC 6868, RFC 7986; the calendar parts of RFC 4791).
//!
//! ```text
//! text    content lines and components, every line kept
//! value   dates, times, durations, periods
//! recur   rules on the clock
//! zone    names -> zones, clock readings -> instants
//! object  master and overrides: occurrences, bounds, expand, validation
//! filter  CALDAV:filter as data
//! split   a file -> one text for each object
//! ```
//! Each uses only those above it.
//!
//! **Invariants.** Pure: no clock, no environment, no files, no network; the zone database is part
//! of the program. Bounded: nesting, fuel, sizes. Nothing panics on any input. The client's bytes
//! are the truth; what is read here is derived from them and never written back over them.
//!
//! **Absent on purpose.** Scheduling messages (RFC 5546), XML, storage. Why the parser is our own:
//! `src/decisions/0002-ical-parser.md`; why an event may be without start: `0003-event-without-start.md`.
//!
//! | Standard | Tests |
//! | --- | --- |
//! | RFC 5545 §3.1, §3.2; RFC 6868 | `text/tests.rs` |
//! | RFC 5545 §3.3.4 to §3.3.9 | `value/tests.rs` |
//! | RFC 5545 §3.3.5, §3.6.5 | `zone/tests.rs` |
//! | RFC 5545 §3.3.10, §3.8.5.3 | `recur/tests.rs`, `recur/oracle.rs` |
//! | RFC 4791 §4.1, §9.6, §9.9 | `object/tests.rs` |
//! | RFC 4791 §9.7; RFC 4790; RFC 5051 | `filter/tests.rs` |
//! | all of the fixtures | `tests/it/ical.rs` |

mod error;
pub mod text;
pub mod value;
pub mod recur;
pub mod zone;
mod window;
pub mod object;
pub mod filter;
pub mod split;

pub use error::{IcalError, Reason};
pub use object::CalendarObject;
pub use value::CalDateTime;
pub use window::Window;
