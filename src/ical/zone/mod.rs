//! Time zones: from a `TZID` to rules, and from clock readings to instants (RFC 5545 §3.2.19,
//! §3.3.5, §3.6.5; RFC 7809 §3).
//!
//! **Invariants.** A name is looked up in this order: the zone database compiled into the program,
//! CLDR's names of Windows zones, the tail of a path-like name (`/vendor/2005/Europe/Berlin`), the
//! `VTIMEZONE` in the same text. What stays unknown is read in the zone the caller gives; no name
//! is ever refused. Nothing is read from the machine, so the same text means the same everywhere.
//!
//! A clock reading that does not exist is read with the offset before the gap, one that exists
//! twice is the first (§3.3.5). That recurrences skip the former (§3.3.10) is decided in
//! [`super::recur`].

mod custom;
#[cfg(test)]
mod tests;
mod windows;

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::text::Component;
use super::value::{CalDateTime, CalDuration, LocalTime, Period, PeriodEnd, add_seconds};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of an IANA name, a Windows name, or a path-like name that ends in an IANA name.
#[must_use]
pub fn by_name(name: &str) -> Option<TimeZone> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '"');
    if matches!(name, "Z" | "z" | "UTC" | "Etc/UTC") {
        return Some(TimeZone::UTC);
    }
    let iana = |name: &str| DATABASE.get(name).ok();
    iana(name)
        .or_else(|| windows::iana_name(name).and_then(iana))
        .or_else(|| {
            // "/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia"
            let tails = name
                .match_indices('/')
                .filter_map(|(at, _)| name.get(at + 1..));
            tails.filter(|tail| tail.contains('/')).find_map(iana)
        })
}

/// The zone that a calendar text with one `VTIMEZONE` tells, by its name or by the rules in it; the
/// text may also be just a name.
#[must_use]
pub fn of_calendar(text: &str) -> Option<TimeZone> {
    let Ok(roots) = Component::parse_all(text.as_bytes()) else {
        return by_name(text);
    };
    let calendar = roots.first()?;
    let definition = calendar.components().find(|inner| inner.is("VTIMEZONE"))?;
    let tzid = definition.first("TZID")?.value().trim();
    by_name(tzid).or_else(|| custom::in_calendar(calendar, tzid))
}

/// The zones that one calendar text refers to.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    known: Vec<Known>,
}

#[derive(Debug, Clone)]
struct Known {
    tzid: Arc<str>,
    zone: Option<TimeZone>,
}

impl Zones {
    /// Makes the zone of `at` known; `calendar` is where its `VTIMEZONE` may be.
    pub(crate) fn learn(&mut self, at: &CalDateTime, calendar: &Component) {
        let CalDateTime::Zoned { tzid, .. } = at else {
            return;
        };
        if self.known.iter().all(|known| known.tzid != *tzid) {
            let zone = by_name(tzid).or_else(|| custom::in_calendar(calendar, tzid));
            self.known.push(Known {
                tzid: Arc::clone(tzid),
                zone,
            });
        }
    }

    /// The zone that `at` is told in; `default` for days, floating times and unknown names.
    #[must_use]
    pub fn zone_of<'z>(&'z self, at: &CalDateTime, default: &'z TimeZone) -> &'z TimeZone {
        match at {
            CalDateTime::Utc(_) => &UTC,
            CalDateTime::Date(_) | CalDateTime::Floating(_) => default,
            CalDateTime::Zoned { tzid, .. } => self
                .known
                .iter()
                .find(|known| known.tzid == *tzid)
                .and_then(|known| known.zone.as_ref())
                .unwrap_or(default),
        }
    }

    /// The names that stand for no zone this program knows.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.known
            .iter()
            .filter(|known| known.zone.is_none())
            .map(|known| known.tzid.as_ref())
    }

    /// The instant of `at`; days begin at midnight.
    #[must_use]
    pub fn instant(&self, at: &CalDateTime, default: &TimeZone) -> Timestamp {
        settle(at.local(), self.zone_of(at, default))
    }

    /// The instant `length` after `at`: days on the clock, seconds exactly (§3.3.6).
    #[must_use]
    pub fn after(&self, at: &CalDateTime, length: CalDuration, default: &TimeZone) -> Timestamp {
        after(at.local(), length, self.zone_of(at, default))
    }

    /// Start and end of a period; the end is never before the start.
    #[must_use]
    pub fn period(&self, period: &Period, default: &TimeZone) -> (Timestamp, Timestamp) {
        let start = self.instant(&period.start, default);
        let end = match &period.end {
            PeriodEnd::At(end) => self.instant(end, default),
            PeriodEnd::After(length) => self.after(&period.start, *length, default),
        };
        (start, end.max(start))
    }
}

static UTC: TimeZone = TimeZone::UTC;

/// The instant at which a clock in `zone` shows `local` (§3.3.5).
pub(crate) fn settle(local: LocalTime, zone: &TimeZone) -> Timestamp {
    match zone.to_ambiguous_timestamp(local.to_civil()).offset() {
        AmbiguousOffset::Unambiguous { offset }
        | AmbiguousOffset::Gap { before: offset, .. }
        | AmbiguousOffset::Fold { before: offset, .. } => from_offset(local, offset.seconds()),
    }
}

/// The same, but `None` where the clock skips `local` (§3.3.10).
pub(crate) fn settle_existing(local: LocalTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local.to_civil()).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            Some(from_offset(local, offset.seconds()))
        }
        AmbiguousOffset::Gap { .. } => None,
    }
}

/// `length` after the clock in `zone` shows `local`.
pub(crate) fn after(local: LocalTime, length: CalDuration, zone: &TimeZone) -> Timestamp {
    let day = settle(local.plus(length.days.saturating_mul(86_400)), zone);
    add_seconds(day, length.seconds)
}

/// What a clock in `zone` shows at `at`.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> LocalTime {
    LocalTime(at.as_second() + i64::from(zone.to_offset(at).seconds()))
}

fn from_offset(local: LocalTime, offset_seconds: i32) -> Timestamp {
    let second = local.0 - i64::from(offset_seconds);
    let nearest = if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_second(second).unwrap_or(nearest)
}
