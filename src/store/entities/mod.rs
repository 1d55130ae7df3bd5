//! One sea-orm entity per table. Columns hold `i64`, `f64`, text or bytes only.

pub(crate) mod job;
