//! What the store counts about its writes: a few atomic additions for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The counters; the store and its commands on the way share them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    asked: AtomicU64,
    begun: AtomicU64,
    repeated: AtomicU64,
    waited_nanos: AtomicU64,
}

/// The writes of a store since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// How many were asked.
    pub asked: u64,
    /// How many of them wait to begin now.
    pub waiting: u64,
    /// How many ran again.
    pub repeated: u64,
    /// How long all together waited to begin.
    pub waited: Duration,
}

impl Counters {
    pub(super) fn read(&self) -> WriteCounts {
        let begun = self.begun.load(Ordering::Relaxed);
        let asked = self.asked.load(Ordering::Relaxed);
        WriteCounts {
            asked,
            waiting: asked.saturating_sub(begun),
            repeated: self.repeated.load(Ordering::Relaxed),
            waited: Duration::from_nanos(self.waited_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// A write that was asked; it waits until it begins, or until nobody wants it any more.
pub(super) struct Asked {
    counters: Arc<Counters>,
    at: Instant,
    has_begun: bool,
}

impl Asked {
    pub(super) fn now(counters: &Arc<Counters>) -> Self {
        counters.asked.fetch_add(1, Ordering::Relaxed);
        Self {
            counters: Arc::clone(counters),
            at: Instant::now(),
            has_begun: false,
        }
    }

    /// It begins, or, when it has begun before, it runs again.
    pub(super) fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            self.counters.repeated.fetch_add(1, Ordering::Relaxed);
        } else {
            self.end_waiting();
        }
    }

    fn end_waiting(&self) {
        let waited = u64::try_from(self.at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.counters
            .waited_nanos
            .fetch_add(waited, Ordering::Relaxed);
        self.counters.begun.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.has_begun {
            self.end_waiting();
        }
    }
}
