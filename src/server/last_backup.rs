//! When the last complete backup was made: told by whoever makes backups, read by the metrics.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::Timestamp;

/// When the last complete backup was made, if one is known. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct LastBackup(Arc<Mutex<Option<Timestamp>>>);

impl LastBackup {
    /// A complete backup of the state at `at` is there. An older one changes nothing.
    pub fn note(&self, at: Timestamp) {
        let mut last = self.0.lock();
        *last = (*last).max(Some(at));
    }

    /// The state that the last complete backup keeps; none when none is known.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        *self.0.lock()
    }
}
