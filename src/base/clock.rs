//! Time as an argument: [`Clock`] is the only reader of the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;

/// An instant in UTC; stored as microseconds since 1970-01-01T00:00:00Z.
pub type Timestamp = jiff::Timestamp;

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, cut to whole microseconds so that it survives a round trip through
    /// the store.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the wall clock"
    )]
    fn now(&self) -> Timestamp {
        cut(Timestamp::now())
    }
}

/// A clock that stands still until it is moved; for tests and for replaying.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_microsecond()))
    }

    /// Moves the clock by `seconds`, backwards when negative.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The instant `micros` microseconds after the epoch; what lies outside jiff's range (years -9999
/// to 9999) becomes the nearest end of it.
#[must_use]
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// `span` after `at`, before it when negative; the nearest end of time where there is no such instant.
#[must_use]
pub fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    let end = if span.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    };
    let micros = i64::try_from(span.as_micros()).unwrap_or(end);
    from_micros(at.as_microsecond().saturating_add(micros))
}

fn cut(at: Timestamp) -> Timestamp {
    from_micros(at.as_microsecond())
}
