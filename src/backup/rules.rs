//! When the next backup is due, and how backups are. Pure.

use std::time::Duration;

use jiff::SignedDuration;

use super::{BackupError, Status};
use crate::base::Timestamp;
use crate::config::{Backend, Settings};
use crate::telemetry::Health;

/// A backup that failed is tried again after this time, if that is sooner than the next one.
const AGAIN_MINS: u32 = 5;

/// How long to wait for the next backup. A service that is new here waits for nothing.
#[must_use]
pub fn next_in(status: &Status, every_mins: u32, now: Timestamp) -> Duration {
    let mins = |mins: u32| SignedDuration::from_mins(mins.into());
    let since = |at: Timestamp| now.duration_since(at);
    let left = match (&status.failed, &status.last_success) {
        (Some((at, _)), _) => mins(AGAIN_MINS.min(every_mins)) - since(*at),
        (None, Some(last)) => mins(every_mins) - since(last.at),
        (None, None) => SignedDuration::ZERO,
    };
    // A clock that was set back does not make anybody wait for longer than one time.
    let left = left.clamp(SignedDuration::ZERO, mins(every_mins));
    left.unsigned_abs()
}

/// How backups are: never worse than degraded, since the service works without them.
#[must_use]
pub fn health(status: &Status, every_mins: u32, now: Timestamp) -> Health {
    let old = SignedDuration::from_mins(i64::from(every_mins) * 2);
    let from = status.last_success.as_ref().map(|last| last.at);
    let is_old = |at: Timestamp| now.duration_since(at) > old;
    let why = match &status.failed {
        Some((_, why)) => why.as_str(),
        None => "none was made since; see the log",
    };
    match (from.or(status.since), &status.failed) {
        (Some(at), _) if is_old(at) => {
            let last = match from {
                Some(at) => format!("the last backup is of {at:.0}"),
                None => "there is no backup yet".to_owned(),
            };
            Health::Degraded(format!(
                "{last}, and one is due every {every_mins} minutes: {why}"
            ))
        }
        (_, Some((at, why))) => Health::Degraded(format!("the backup of {at:.0} failed: {why}")),
        _ => Health::Ok,
    }
}

/// Why no backup can be made with these settings, if so.
pub(super) fn refusal(settings: &Settings) -> Option<BackupError> {
    if settings.store.backend == Backend::Postgres {
        return Some(BackupError::Postgres);
    }
    settings.backup.to.is_none().then_some(BackupError::NoPlace)
}
