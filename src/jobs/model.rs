//! What a job is.

use crate::base::{Id, Timestamp};

/// A job to be enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which handler runs it: `room.verb`.
    pub kind: &'static str,
    /// What the handler needs to know; ids, never contents.
    pub payload: String,
    /// Not before.
    pub run_at: Timestamp,
    /// Attempts before it is given up, at least 1.
    pub attempts_max: u32,
}

/// A job that was claimed or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its identifier.
    pub id: Id<Self>,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler needs to know.
    pub payload: String,
    /// Attempts made, this one included.
    pub attempts: i64,
    /// Attempts before it is given up.
    pub attempts_max: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Waiting for their time or a worker.
    pub waiting: i64,
    /// Claimed.
    pub running: i64,
    /// Given up after the last attempt.
    pub given_up: i64,
}

/// The pause before the next attempt, in seconds: 2, 4, 8 … up to an hour.
pub(super) fn pause_secs(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(12);
    2_i64.pow(doublings).min(3_600)
}
