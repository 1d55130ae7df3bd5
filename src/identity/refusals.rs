//! Refused credentials: counted per source, limited, and audited once per source and minute, so
//! that a stranger cannot buy a durable write per request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

use super::{Identity, IdentityError};
use crate::audit::{self, Event};
use crate::base::Timestamp;

/// So many refusals a minute and source are answered as what they are; later ones are told to wait.
const ALLOWED: u64 = 30;
/// So many sources are told apart in a minute; the rest is counted together.
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
    const fn as_str(self) -> &'static str {
        match self {
            Self::Caldav => "caldav",
            Self::Api => "api",
            Self::SignIn => "sign-in",
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    minute: i64,
    source: Source,
    door: Door,
}

/// The refusals that are not in the audit yet.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    counts: Mutex<HashMap<Key, u64>>,
}

impl Refusals {
    fn note(&self, now: Timestamp, source: IpAddr, door: Door) -> Option<u32> {
        let minute = now.as_second().div_euclid(MINUTE_SECS);
        let mut counts = self.counts.lock();
        let source = Source::One(network(source, 64, 32));
        let mut key = Key {
            minute,
            source,
            door,
        };
        if counts.len() >= SOURCES_MAX && !counts.contains_key(&key) {
            key.source = Source::Others;
        }
        let count = counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        let rest = MINUTE_SECS - now.as_second().rem_euclid(MINUTE_SECS);
        (*count > ALLOWED).then(|| u32::try_from(rest).unwrap_or(60))
    }

    /// Takes out what is of a minute before `now`; everything when `now` is `None`.
    fn take(&self, now: Option<Timestamp>) -> Vec<(Key, u64)> {
        let minute = now.map(|now| now.as_second().div_euclid(MINUTE_SECS));
        let mut counts = self.counts.lock();
        let over = |key: &Key| minute.is_none_or(|minute| key.minute < minute);
        let mut taken: Vec<_> = counts.extract_if(|key, _| over(key)).collect();
        taken.sort_by_key(|(key, _)| (key.minute, key.door));
        taken
    }
}

/// Counts a refused credential. `Some`: this source had too many; the answer is to try again after
/// so many seconds.
#[must_use]
pub fn note(identity: &Identity, source: IpAddr, door: Door) -> Option<u32> {
    let now = identity.store.clock().now();
    identity.refusals.note(now, source, door)
}

/// Minute, door and network, and how often.
type Refused = ((i64, Door, String), u64);

/// When to write the counts into the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// Those of minutes that are over.
    Past,
    /// All, because the service stops.
    All,
}

/// Writes the counts into the audit: one entry per network, door and minute. Gives their number.
///
/// # Errors
/// What the store refuses; the counts it did not take are lost then, and the log says how many.
pub async fn flush(identity: &Identity, which: Flush) -> Result<usize, IdentityError> {
    let now = (which == Flush::Past).then(|| identity.store.clock().now());
    let mut merged: HashMap<(i64, Door, String), u64> = HashMap::new();
    for (key, count) in identity.refusals.take(now) {
        let source = match key.source {
            Source::One(IpAddr::V4(at)) => format!("{}/24", network(at.into(), 48, 24)),
            Source::One(IpAddr::V6(at)) => format!("{}/48", network(at.into(), 48, 24)),
            Source::Others => "others".to_owned(),
        };
        *merged.entry((key.minute, key.door, source)).or_insert(0) += count;
    }
    let mut entries: Vec<Refused> = merged.into_iter().collect();
    if entries.is_empty() {
        return Ok(0);
    }
    entries.sort();
    let number = entries.len();
    let written = identity
        .store
        .write(entries, |tx, entries: Arc<Vec<Refused>>| async move {
            for ((minute, door, source), count) in entries.iter() {
                let event = Event {
                    action: "identity.credential.refused",
                    actor: "system".to_owned(),
                    subject: format!("source:{source}"),
                    detail: json!({
                        "door": door.as_str(),
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
fn network(address: IpAddr, v6_bits: u32, v4_bits: u32) -> IpAddr {
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
