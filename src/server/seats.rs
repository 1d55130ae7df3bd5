//! How many connections are served at a time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// More than this many are not served at once, whatever the process may open.
const MOST: usize = 10_000;
/// So few are served even where the process may open hardly any files.
const FEWEST: usize = 16;
/// File descriptors for everything else: the database, its pool, calls to providers.
const RESERVE: u64 = 256;
/// The log says at most so often that all seats are taken.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// One seat for each connection, over all listeners.
#[derive(Clone)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    most: usize,
    told: Arc<Mutex<Option<Instant>>>,
}

/// A taken seat; it is free again when this is dropped.
pub(super) type Seat = OwnedSemaphorePermit;

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
            told: Arc::default(),
        }
    }

    /// As many as this process can have files open; raises its own limit as far as it may.
    pub(super) fn of_this_process() -> Self {
        let found = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: found.maximum,
            ..found
        };
        let raised = setrlimit(Resource::Nofile, raised).map(|()| raised.current);
        Self::new(fitting(raised.unwrap_or(found.current)))
    }

    /// Waits for a seat. `None` never comes: nobody closes the semaphore.
    pub(super) async fn take(&self) -> Option<Seat> {
        if let Ok(seat) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(seat);
        }
        self.tell();
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    fn tell(&self) {
        let mut told = self.told.lock();
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            *told = Some(Instant::now());
            let connections = self.most;
            tracing::warn!(
                connections,
                "as many connections are open as can be served: new ones wait until one ends; \
                 raise the limit of open files (ulimit -n), or find out who holds so many"
            );
        }
    }
}

/// How many connections fit beside everything else into so many descriptors; `None` is no limit.
pub(super) fn fitting(descriptors: Option<u64>) -> usize {
    let beside = descriptors.map_or(u64::MAX, |number| number.saturating_sub(RESERVE));
    usize::try_from(beside).map_or(MOST, |number| number.clamp(FEWEST, MOST))
}
