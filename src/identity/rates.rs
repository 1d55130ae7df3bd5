//! Rates: how many requests are answered, for each personal token, for each network that they come
//! from (a /64 of IPv6, an address of IPv4), and in all; and how many sign-ins a network begins.
//!
//! Each is a bucket that holds a burst and is filled at a rate. It is kept as the one instant at which
//! it will be full again (the generic cell rate algorithm), in memory: with several processes each has
//! its own, so that together they answer as many times as much.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::refusals::network;
use super::tokens::PersonalToken;
use super::{Identity, IdentityError};
use crate::base::{Id, Timestamp};
use crate::config::Limits;

/// So many buckets are kept apart; when all of them are in use, newcomers share one.
const BUCKETS_MAX: usize = 65_536;
const SECOND_MICROS: i64 = 1_000_000;

/// What one bucket holds and how it is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many at once; 0 is no limit at all.
    pub burst: u32,
    /// So many each second in the long run.
    pub per_sec: u32,
}

/// The rates of all kinds of buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests with one personal token.
    pub token: Rate,
    /// Requests from one network.
    pub source: Rate,
    /// Requests to this process.
    pub all: Rate,
    /// Sign-ins that one network begins.
    pub sign_in: Rate,
}

impl From<&Limits> for Rates {
    fn from(of: &Limits) -> Self {
        let rate = |burst, per_sec| Rate { burst, per_sec };
        Self {
            token: rate(of.token_burst, of.token_per_sec),
            source: rate(of.source_burst, of.source_per_sec),
            all: rate(of.all_burst, of.all_per_sec),
            sign_in: rate(of.sign_in_burst, of.sign_in_per_sec),
        }
    }
}

impl Default for Rates {
    /// Those of the configuration.
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Token(Id<PersonalToken>),
    Source(IpAddr),
    SignIn(IpAddr),
    All,
    /// Whoever came when there was no bucket left.
    Others,
}

/// All buckets that are not full: when each will be.
#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) rates: Rates,
    full_at: Mutex<HashMap<Key, i64>>,
    refused: Refused,
}

/// How many were refused, by the kind of bucket that was empty.
#[derive(Debug, Default)]
struct Refused {
    token: AtomicU64,
    source: AtomicU64,
    all: AtomicU64,
    sign_in: AtomicU64,
}

impl Buckets {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            rates,
            full_at: Mutex::default(),
            refused: Refused::default(),
        }
    }

    fn take(&self, now: Timestamp, key: Key, rate: Rate) -> Result<(), IdentityError> {
        if rate.burst == 0 {
            return Ok(());
        }
        let now = now.as_microsecond();
        let each = SECOND_MICROS / i64::from(rate.per_sec.max(1));
        let whole = each.saturating_mul(rate.burst.into());
        let mut full_at = self.full_at.lock();
        if full_at.len() >= BUCKETS_MAX && !full_at.contains_key(&key) {
            full_at.retain(|_, at| *at > now);
        }
        let place = if full_at.len() >= BUCKETS_MAX && !full_at.contains_key(&key) {
            Key::Others
        } else {
            key
        };
        let at = full_at.entry(place).or_insert(now);
        // What is emptier than empty was filled before the clock was set back.
        let begin = if *at > now.saturating_add(whole) {
            now
        } else {
            (*at).max(now)
        };
        let next = begin.saturating_add(each);
        let missing = next.saturating_sub(now).saturating_sub(whole);
        if missing > 0 {
            let secs = missing.div_euclid(SECOND_MICROS).saturating_add(1);
            let retry_after_secs = u32::try_from(secs).unwrap_or(u32::MAX);
            self.refused.of(key).fetch_add(1, Ordering::Relaxed);
            return Err(IdentityError::TooMany { retry_after_secs });
        }
        *at = next;
        Ok(())
    }
}

impl Refused {
    const fn of(&self, key: Key) -> &AtomicU64 {
        match key {
            Key::Token(_) => &self.token,
            Key::Source(_) => &self.source,
            Key::SignIn(_) => &self.sign_in,
            Key::All | Key::Others => &self.all,
        }
    }
}

/// How many were refused since the start because there were too many: the limit's name and the number.
#[must_use]
pub fn refused(identity: &Identity) -> [(&'static str, u64); 4] {
    let refused = &identity.buckets.refused;
    [
        ("token", &refused.token),
        ("source", &refused.source),
        ("all", &refused.all),
        ("sign-in", &refused.sign_in),
    ]
    .map(|(limit, number)| (limit, number.load(Ordering::Relaxed)))
}

/// Takes a request from `source` into account, before anything is done for it.
///
/// # Errors
/// [`IdentityError::TooMany`], with when there will be room for one more.
pub fn admit(identity: &Identity, source: IpAddr) -> Result<(), IdentityError> {
    let (now, buckets) = (identity.store.clock().now(), &identity.buckets);
    let source = network(source, 64, 32);
    buckets.take(now, Key::Source(source), buckets.rates.source)?;
    buckets.take(now, Key::All, buckets.rates.all)
}

/// Takes a sign-in that `source` begins into account.
///
/// # Errors
/// [`IdentityError::TooMany`].
pub fn begin_sign_in(identity: &Identity, source: IpAddr) -> Result<(), IdentityError> {
    let (now, buckets) = (identity.store.clock().now(), &identity.buckets);
    let source = network(source, 64, 32);
    buckets.take(now, Key::SignIn(source), buckets.rates.sign_in)
}

/// Takes a request with a personal token into account.
pub(super) fn use_token(
    identity: &Identity,
    id: Id<PersonalToken>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let buckets = &identity.buckets;
    buckets.take(now, Key::Token(id), buckets.rates.token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::from_micros;

    fn wait(answer: Result<(), IdentityError>) -> Option<u32> {
        match answer {
            Ok(()) => None,
            Err(IdentityError::TooMany { retry_after_secs }) => Some(retry_after_secs),
            Err(error) => unreachable!("{error}"),
        }
    }

    #[test]
    fn a_bucket_holds_its_burst_and_is_filled_at_its_rate() {
        let buckets = Buckets::new(Rates::default());
        let rate = Rate {
            burst: 20,
            per_sec: 2,
        };
        let take = |secs: i64| {
            let now = from_micros(secs * SECOND_MICROS);
            wait(buckets.take(now, Key::All, rate))
        };
        assert!((0..20).all(|_| take(1000).is_none()));
        assert_eq!(take(1000), Some(1), "the first too many is told when");
        assert_eq!([take(1001), take(1001)], [None, None]);
        assert_eq!(take(1001), Some(1));
        assert!(
            (0..20).all(|_| take(2000).is_none()),
            "full again, not more"
        );
        assert_eq!(take(2000), Some(1));
        assert_eq!(take(10), None, "a clock that is set back locks nobody out");
        let unlimited = Rate { burst: 0, ..rate };
        let now = from_micros(0);
        assert!((0..100).all(|_| buckets.take(now, Key::Others, unlimited).is_ok()));
    }

    #[test]
    fn the_memory_for_buckets_is_bounded() {
        let buckets = Buckets::new(Rates::default());
        let rate = buckets.rates.source;
        let at = |n: u32| Key::Source(IpAddr::V4(n.into()));
        let now = from_micros(SECOND_MICROS);
        for n in 0..70_000 {
            buckets.take(now, at(n), rate).unwrap_or_default();
        }
        assert!(buckets.full_at.lock().len() <= BUCKETS_MAX + 1);
        let later = from_micros(10 * SECOND_MICROS);
        assert!(buckets.take(later, at(80_000), rate).is_ok());
        assert_eq!(
            buckets.full_at.lock().len(),
            1,
            "full buckets are forgotten"
        );
    }
}
