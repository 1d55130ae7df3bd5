//! What is fetched once and used by many for a while.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use parking_lot::Mutex;

use crate::base::Timestamp;
use crate::base::clock::after;

/// So long a failure is the answer for everybody, so that nobody waits for what has just failed.
const FAILED: SignedDuration = SignedDuration::from_secs(5);

/// By name, a value with the time until which it is fresh. Who asks for the same name waits for one
/// fetch; other names are not held up.
pub(super) struct Cache<T, E> {
    slots: Mutex<HashMap<String, Shared<T, E>>>,
}

type Shared<T, E> = Arc<tokio::sync::Mutex<Slot<T, E>>>;

struct Slot<T, E> {
    kept: Option<Kept<T>>,
    failed: Option<(E, Timestamp)>,
}

/// A value and how long it may be used.
pub(super) struct Kept<T> {
    pub(super) value: Arc<T>,
    /// From then on it is fetched again.
    pub(super) fresh_until: Timestamp,
    /// Until then it is used when fetching fails.
    pub(super) good_until: Timestamp,
}

impl<T, E> Default for Cache<T, E> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<T, E> Default for Slot<T, E> {
    fn default() -> Self {
        Self {
            kept: None,
            failed: None,
        }
    }
}

impl<T, E: Clone> Cache<T, E> {
    /// The value called `name`, fetched if it is not fresh at `now`.
    pub(super) async fn get(
        &self,
        name: &str,
        now: Timestamp,
        fetch: impl AsyncFnOnce() -> Result<Kept<T>, E>,
    ) -> Result<Arc<T>, E> {
        let slot = Arc::clone(self.slots.lock().entry(name.to_owned()).or_default());
        let mut slot = slot.lock().await;
        if let Some(kept) = &slot.kept
            && now < kept.fresh_until
        {
            return Ok(Arc::clone(&kept.value));
        }
        let failed = slot.failed.as_ref().filter(|(_, until)| now < *until);
        let error = match failed.map(|(error, _)| error.clone()) {
            Some(error) => error,
            None => match fetch().await {
                Ok(kept) => {
                    slot.failed = None;
                    return Ok(Arc::clone(&slot.kept.insert(kept).value));
                }
                Err(error) => {
                    slot.failed = Some((error.clone(), after(now, FAILED)));
                    error
                }
            },
        };
        // What has expired is not kept in memory.
        slot.kept.take_if(|kept| now >= kept.good_until);
        let kept = slot.kept.as_ref();
        kept.map(|kept| Arc::clone(&kept.value)).ok_or(error)
    }

    /// Forgets the value called `name`, so that it is fetched at the next use.
    pub(super) fn forget(&self, name: &str) {
        self.slots.lock().remove(name);
    }
}
