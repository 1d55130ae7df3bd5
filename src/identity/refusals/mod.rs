//! Refused credentials and sign-ins: counted per source, limited, and audited once per source, reason
//! and minute, so that a stranger cannot buy a durable write per request.
//!
//! Two limits, both about a source and never about an account: a source with many refusals is told to
//! wait, and a credential that was refused again and again from a source is not looked up any more for
//! a while (`locks`). A good credential is good from everywhere, so nobody can shut another out.

mod locks;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

pub use locks::Mark;

use super::{Identity, IdentityError};
use crate::audit::{self, Event};
use crate::base::Timestamp;
use locks::Locks;

/// So many refusals a minute and source are answered as what they are; later ones are told to wait.
const ALLOWED: u64 = 30;
/// So many sources and reasons are told apart in a minute; the rest is counted together.
const SOURCES_MAX: usize = 4096;
const MINUTE_SECS: i64 = 60;

/// Where a credential was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// CalDAV.
    Caldav,
    /// The REST API.
    Api,
    /// The sign-in of the pages.
    SignIn,
}

impl Door {
    /// Its name: `caldav`, `api`, `sign-in`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caldav => "caldav",
            Self::Api => "api",
            Self::SignIn => "sign-in",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Caldav | Self::Api => "identity.credential.refused",
            Self::SignIn => "identity.sign-in.refused",
        }
    }
}

/// What was refused, and why, in words of ours: nothing that a stranger wrote is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refused {
    /// Where.
    pub door: Door,
    /// Why: `token`, `state`, `nonce`, …
    pub reason: &'static str,
    /// The provider's id in the configuration, where one was asked.
    pub provider: Option<String>,
}

impl Refused {
    /// A personal token.
    #[must_use]
    pub const fn token(door: Door) -> Self {
        Self {
            door,
            reason: "token",
            provider: None,
        }
    }

    /// A sign-in, or an end of one that a provider asked for.
    #[must_use]
    pub const fn sign_in(reason: &'static str, provider: Option<String>) -> Self {
        Self {
            door: Door::SignIn,
            reason,
            provider,
        }
    }
}

/// A network, not a person: the audit keeps IPv4 addresses to /24 and IPv6 addresses to /48, the
/// limit tells /32 and /64 apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    One(IpAddr),
    Others,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    minute: i64,
    source: Source,
    what: Refused,
}

/// The refusals of this minute, and those that are not in the audit yet.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    tallies: Mutex<Tallies>,
    locks: Mutex<Locks>,
}

#[derive(Debug, Default)]
struct Tallies {
    /// The minute that `limits` is about.
    minute: i64,
    limits: HashMap<(Source, Door), u64>,
    counts: HashMap<Key, u64>,
    /// All since the start, by door and reason.
    totals: BTreeMap<(Door, &'static str), u64>,
}

impl Refusals {
    fn note(&self, now: Timestamp, source: IpAddr, what: Refused) -> Option<u32> {
        let minute = now.as_second().div_euclid(MINUTE_SECS);
        let source = Source::One(network(source, 64, 32));
        let door = what.door;
        let mut tallies = self.tallies.lock();
        *tallies.totals.entry((door, what.reason)).or_insert(0) += 1;
        let mut key = Key {
            minute,
            source,
            what,
        };
        if tallies.counts.len() >= SOURCES_MAX && !tallies.counts.contains_key(&key) {
            key.source = Source::Others;
        }
        let count = tallies.counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        if tallies.minute != minute {
            tallies.limits.clear();
            tallies.minute = minute;
        }
        let mut of = (source, door);
        if tallies.limits.len() >= SOURCES_MAX && !tallies.limits.contains_key(&of) {
            of.0 = Source::Others;
        }
        let count = tallies.limits.entry(of).or_insert(0);
        *count = count.saturating_add(1);
        let rest = MINUTE_SECS - now.as_second().rem_euclid(MINUTE_SECS);
        (*count > ALLOWED).then(|| u32::try_from(rest).unwrap_or(60))
    }

    /// Takes out what is of a minute before `now`; everything when `now` is `None`.
    fn take(&self, now: Option<Timestamp>) -> Vec<(Key, u64)> {
        let minute = now.map(|now| now.as_second().div_euclid(MINUTE_SECS));
        let mut tallies = self.tallies.lock();
        let over = |key: &Key| minute.is_none_or(|minute| key.minute < minute);
        tallies.counts.extract_if(|key, _| over(key)).collect()
    }
}

/// How much was refused since the start, by door and reason.
#[must_use]
pub fn totals(identity: &Identity) -> BTreeMap<(Door, &'static str), u64> {
    identity.refusals.tallies.lock().totals.clone()
}

/// Counts what was refused. `Some`: this source had too many; the answer is to try again after so many
/// seconds.
#[must_use]
pub fn note(identity: &Identity, source: IpAddr, what: Refused) -> Option<u32> {
    let now = identity.store.clock().now();
    identity.refusals.note(now, source, what)
}

/// Whether this credential was refused so often from this source that it is not looked up now: then
/// the seconds until it is. It is counted as refused.
#[must_use]
pub fn locked(identity: &Identity, source: IpAddr, (door, mark): (Door, Mark)) -> Option<u32> {
    let now = identity.store.clock().now();
    let of = (network(source, 64, 32), mark);
    let wait_secs = identity.refusals.locks.lock().wait(now, of)?;
    let _limited = identity.refusals.note(now, source, Refused::token(door));
    Some(wait_secs)
}

/// Counts a personal token that was refused; as [`note`], and longer when it was refused from there
/// before.
#[must_use]
pub fn note_token(identity: &Identity, source: IpAddr, (door, mark): (Door, Mark)) -> Option<u32> {
    let now = identity.store.clock().now();
    let of = (network(source, 64, 32), mark);
    let lock = identity.refusals.locks.lock().refuse(now, of);
    let limit = identity.refusals.note(now, source, Refused::token(door));
    lock.max(limit)
}

/// Minute, what and network, and how often.
type Counted = ((i64, Refused, String), u64);

/// When to write the counts into the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// Those of minutes that are over.
    Past,
    /// All, because the service stops.
    All,
}

/// Writes the counts into the audit: one entry per network, reason, provider and minute. Gives their
/// number.
///
/// # Errors
/// What the store refuses; the counts it did not take are lost then, and the log says how many.
pub async fn flush(identity: &Identity, which: Flush) -> Result<usize, IdentityError> {
    let now = (which == Flush::Past).then(|| identity.store.clock().now());
    let mut merged: HashMap<(i64, Refused, String), u64> = HashMap::new();
    for (key, count) in identity.refusals.take(now) {
        let source = match key.source {
            Source::One(IpAddr::V4(at)) => format!("{}/24", network(at.into(), 48, 24)),
            Source::One(IpAddr::V6(at)) => format!("{}/48", network(at.into(), 48, 24)),
            Source::Others => "others".to_owned(),
        };
        *merged.entry((key.minute, key.what, source)).or_insert(0) += count;
    }
    let mut entries: Vec<Counted> = merged.into_iter().collect();
    if entries.is_empty() {
        return Ok(0);
    }
    entries.sort();
    let number = entries.len();
    let written = identity
        .store
        .write(entries, |tx, entries: Arc<Vec<Counted>>| async move {
            for ((minute, what, source), count) in entries.iter() {
                let event = Event {
                    action: what.door.action(),
                    actor: "system".to_owned(),
                    subject: format!("source:{source}"),
                    detail: json!({
                        "door": what.door.as_str(),
                        "reason": what.reason,
                        "provider": what.provider,
                        "count": count,
                        "minute": minute * MINUTE_SECS,
                    }),
                };
                audit::record(&tx, event).await?;
            }
            Ok::<_, IdentityError>(())
        })
        .await;
    if let Err(error) = &written {
        tracing::warn!(%error, number, "refused credentials could not be written to the audit");
    }
    written.map(|()| number)
}

/// The address with only its first bits.
pub(super) fn network(address: IpAddr, v6_bits: u32, v4_bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(at) => {
            let mask = u32::MAX.checked_shl(32 - v4_bits).unwrap_or(0);
            IpAddr::V4((u32::from(at) & mask).into())
        }
        IpAddr::V6(at) => {
            let mask = u128::MAX.checked_shl(128 - v6_bits).unwrap_or(0);
            IpAddr::V6((u128::from(at) & mask).into())
        }
    }
}
