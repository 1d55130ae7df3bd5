//! Soft locks: a credential that is refused again and again from one source is not looked up there for
//! a while, one second at first, twice as long after each further refusal, a quarter of an hour at
//! most.
//!
//! The lock is about this very credential, user name included, from this very network. Whoever has
//! another credential, or comes from elsewhere, does not notice, the owner of the account above all.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::base::Timestamp;
use crate::crypto::sha256;

/// So often a credential may be refused before it is locked: clients try some times by themselves.
const FREE: u32 = 10;
/// The longest lock, and how long a refusal is remembered after it.
const LONGEST_SECS: i64 = 900;
/// So many credentials are remembered.
const MARKS_MAX: usize = 4096;

/// What tells refused credentials apart: the beginning of a digest over user name and secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark([u8; 8]);

impl Mark {
    /// Of a secret that was presented for a user name, if there was one.
    #[must_use]
    pub fn of(user: Option<&str>, secret: &str) -> Self {
        let user = user.unwrap_or_default();
        let mut whole = zeroize::Zeroizing::new(Vec::with_capacity(user.len() + secret.len() + 1));
        whole.extend_from_slice(user.as_bytes());
        // No user name has one (RFC 7617 §2).
        whole.push(b':');
        whole.extend_from_slice(secret.as_bytes());
        let digest = sha256(&whole);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// The credentials that were refused lately.
#[derive(Debug, Default)]
pub(super) struct Locks(HashMap<(IpAddr, Mark), Lock>);

#[derive(Debug, Clone, Copy)]
struct Lock {
    refused: u32,
    until_secs: i64,
}

impl Locks {
    /// The seconds for which the credential is not looked up.
    pub(super) fn wait(&self, now: Timestamp, of: (IpAddr, Mark)) -> Option<u32> {
        let left = self.0.get(&of)?.until_secs - now.as_second();
        // A clock that was set back locks nothing for longer than a lock lasts.
        let left = (1..=LONGEST_SECS).contains(&left).then_some(left)?;
        u32::try_from(left).ok()
    }

    /// The credential was looked up and refused: gives the lock that follows.
    pub(super) fn refuse(&mut self, now: Timestamp, of: (IpAddr, Mark)) -> Option<u32> {
        let now = now.as_second();
        if self.0.len() >= MARKS_MAX && !self.0.contains_key(&of) {
            self.0
                .retain(|_, lock| now < lock.until_secs + LONGEST_SECS);
            if self.0.len() >= MARKS_MAX {
                // The limit of the source is still there.
                return None;
            }
        }
        let lock = self.0.entry(of).or_insert(Lock {
            refused: 0,
            until_secs: now,
        });
        if now >= lock.until_secs + LONGEST_SECS {
            lock.refused = 0;
        }
        lock.refused = lock.refused.saturating_add(1);
        let doubled = lock.refused.checked_sub(FREE)?.min(10);
        let secs = (1_i64 << doubled).min(LONGEST_SECS);
        lock.until_secs = now + secs;
        u32::try_from(secs).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::from_micros;

    fn at(secs: i64) -> Timestamp {
        from_micros(secs * 1_000_000)
    }

    #[test]
    fn a_lock_grows_from_a_second_to_a_quarter_of_an_hour_and_is_forgotten() {
        let mut locks = Locks::default();
        let here: IpAddr = [192, 0, 2, 7].into();
        let of = (here, Mark::of(Some("ann"), "wrong"));
        assert!((1..10).all(|_| locks.refuse(at(0), of).is_none()));
        let mut now = 0;
        let mut grown = Vec::new();
        for _ in 0..12 {
            let secs = locks.refuse(at(now), of).unwrap_or_default();
            assert_eq!(locks.wait(at(now), of), Some(secs));
            grown.push(secs);
            now += i64::from(secs);
            assert_eq!(locks.wait(at(now), of), None);
        }
        assert_eq!(grown, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(locks.wait(at(-now), of), None, "a clock that was set back");
        now += LONGEST_SECS;
        assert_eq!(locks.refuse(at(now), of), None, "long ago");
    }

    #[test]
    fn a_lock_is_about_one_credential_of_one_user_from_one_source() {
        let mut locks = Locks::default();
        let (here, there): (IpAddr, IpAddr) = ([192, 0, 2, 7].into(), [192, 0, 2, 8].into());
        let wrong = Mark::of(Some("ann"), "wrong");
        for _ in 0..20 {
            let _wait = locks.refuse(at(0), (here, wrong));
        }
        assert!(locks.wait(at(0), (here, wrong)).is_some());
        for other in [
            (there, wrong),
            (here, Mark::of(Some("ann"), "right")),
            (here, Mark::of(Some("ben"), "wrong")),
            (here, Mark::of(None, "wrong")),
        ] {
            assert_eq!(locks.wait(at(0), other), None);
        }
    }

    #[test]
    fn the_memory_for_locks_is_bounded() {
        let mut locks = Locks::default();
        for n in 0..10_000_u32 {
            let of = (IpAddr::V4(n.into()), Mark::of(None, "wrong"));
            let _wait = locks.refuse(at(0), of);
        }
        assert_eq!(locks.0.len(), MARKS_MAX);
    }
}
