//! A series: DTSTART, rules and RDATEs, less EXDATEs, as instants (RFC 5545 §3.8.5).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::recur::{Fuel, Recur, RuleDates, Step, Until};
use super::super::value::{CalDateTime, CalDuration, LocalTime};
use super::super::zone::{clock, settle, settle_existing};

/// How the clock readings of a series become instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock<'z> {
    /// Days: each begins at midnight, or when the day really begins.
    Days(&'z TimeZone),
    /// Floating times: each exists, wherever the reader is.
    Floating(&'z TimeZone),
    /// Times in a zone: what the clock skips is dropped.
    Zoned(&'z TimeZone),
}

impl<'z> Clock<'z> {
    /// The clock of a series that begins with `start`, told in `zone`.
    pub(crate) const fn of(start: &CalDateTime, zone: &'z TimeZone) -> Self {
        match start {
            CalDateTime::Date(_) => Self::Days(zone),
            CalDateTime::Floating(_) => Self::Floating(zone),
            CalDateTime::Utc(_) | CalDateTime::Zoned { .. } => Self::Zoned(zone),
        }
    }

    pub(crate) const fn zone(self) -> &'z TimeZone {
        match self {
            Self::Days(zone) | Self::Floating(zone) | Self::Zoned(zone) => zone,
        }
    }

    fn of_rule(self, local: LocalTime) -> Option<Timestamp> {
        match self {
            Self::Days(zone) | Self::Floating(zone) => Some(settle(local, zone)),
            Self::Zoned(zone) => settle_existing(local, zone),
        }
    }

    /// Brings a date of another type or zone onto this clock; `start` gives a day its time.
    pub(crate) fn local_of(
        self,
        at: &CalDateTime,
        told_in: &TimeZone,
        start: LocalTime,
    ) -> LocalTime {
        let written = at.local();
        match (self, at) {
            (Self::Days(_), CalDateTime::Date(_)) | (_, CalDateTime::Floating(_)) => {
                LocalTime::from_day(written.day()).plus(match self {
                    Self::Days(_) => 0,
                    _ => written.second_of_day(),
                })
            }
            // Midnight UTC is how writers without days write a day; other times are instants.
            (Self::Days(_), CalDateTime::Utc(_)) if written.second_of_day() != 0 => {
                LocalTime::from_day(clock(settle(written, told_in), self.zone()).day())
            }
            (Self::Days(_), _) => LocalTime::from_day(written.day()),
            (_, CalDateTime::Date(_)) => {
                LocalTime::from_day(written.day()).plus(start.second_of_day())
            }
            (_, CalDateTime::Zoned { .. } | CalDateTime::Utc(_)) if told_in == self.zone() => {
                written
            }
            _ => clock(settle(written, told_in), self.zone()),
        }
    }
}

/// An RDATE on the clock of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Extra {
    pub(crate) at: Timestamp,
    pub(crate) local: LocalTime,
    /// The length in seconds that a PERIOD gives.
    pub(crate) length: Option<i64>,
}

/// One instance of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instance {
    /// When it begins.
    pub(crate) at: Timestamp,
    /// The same on the clock of the series.
    pub(crate) local: LocalTime,
    /// Its own length, when a PERIOD gives one.
    pub(crate) length: Option<CalDuration>,
}

/// All that makes up a series.
pub(crate) struct Series<'o> {
    pub(crate) clock: Clock<'o>,
    pub(crate) start: LocalTime,
    pub(crate) rules: &'o [Recur],
    /// Sorted.
    pub(crate) extras: Vec<Extra>,
    /// Instants of EXDATEs, sorted.
    pub(crate) excluded: Vec<Timestamp>,
    /// Days (since 1970) of EXDATEs that exclude a whole day, sorted.
    pub(crate) excluded_days: Vec<i64>,
}

impl Series<'_> {
    /// The instances that begin at `from` or later. `fuel` is shared by all rules.
    pub(crate) fn instances(&self, from: Timestamp, fuel: Fuel) -> Instances<'_> {
        let first = Instance {
            at: settle(self.start, self.clock.zone()),
            local: self.start,
            length: None,
        };
        let target = match self.clock {
            // What the clock shows now and again, it showed first before `from`.
            Clock::Zoned(zone) => clock(from, zone),
            // A reading that the clock skips counts as a later instant; no gap is longer than a day
            // and a second.
            Clock::Days(zone) | Clock::Floating(zone) => clock(from, zone).plus(-86_401),
        };
        let mut instances = Instances {
            series: self,
            from,
            first: Some(first),
            rules: Vec::with_capacity(self.rules.len()),
            extras: self.extras.iter(),
            pending_extra: None,
            last: None,
            fuel,
            exhausted: false,
        };
        instances.pending_extra = instances.extras.next();
        for rule in self.rules {
            let mut dates = RuleDates::new(rule, self.start);
            if let Some(until) = rule.until {
                dates.end_at(self.until(until));
            }
            if rule.count.is_none() {
                dates.jump(target);
            }
            // DTSTART is the first one counted, whether the rule names it or not.
            let left = rule.count.map(|count| count.saturating_sub(1));
            let mut stream = Stream {
                dates,
                left,
                pending: None,
            };
            instances.exhausted |= stream.advance(self, &mut instances.fuel);
            instances.rules.push(stream);
        }
        instances
    }

    /// The last clock reading that UNTIL allows.
    fn until(&self, until: Until) -> LocalTime {
        let day_end = |local: LocalTime| LocalTime::from_day(local.day()).plus(86_399);
        match (self.clock, until) {
            (_, Until::Date(date)) => day_end(CalDateTime::Date(date).local()),
            (Clock::Days(_), Until::Local(at) | Until::Utc(at)) => {
                day_end(LocalTime::from_civil(at))
            }
            (_, Until::Local(at)) => LocalTime::from_civil(at),
            (_, Until::Utc(at)) => clock(
                settle(LocalTime::from_civil(at), &TimeZone::UTC),
                self.clock.zone(),
            ),
        }
    }

    fn is_excluded(&self, instance: &Instance) -> bool {
        (!self.excluded.is_empty() && self.excluded.binary_search(&instance.at).is_ok())
            || (!self.excluded_days.is_empty()
                && self
                    .excluded_days
                    .binary_search(&instance.local.day())
                    .is_ok())
    }

    /// An upper bound of the start of the last instance; `None` when there is no last one, or when
    /// finding it takes more than `fuel`.
    pub(crate) fn last(&self, fuel: Fuel) -> Option<Timestamp> {
        if self.rules.iter().any(Recur::is_endless) {
            return None;
        }
        if self.rules.iter().any(|rule| rule.count.is_some()) {
            let mut instances = self.instances(Timestamp::MIN, fuel);
            let last = instances.by_ref().map(|instance| instance.at).last();
            let start = settle(self.start, self.clock.zone());
            return (!instances.exhausted()).then(|| last.unwrap_or(start));
        }
        let untils = self.rules.iter().filter_map(|rule| rule.until);
        let rules = untils
            .map(|until| settle(self.until(until), self.clock.zone()))
            .max();
        let extras = self.extras.last().map(|extra| extra.at);
        let start = settle(self.start, self.clock.zone());
        [Some(start), rules, extras].into_iter().flatten().max()
    }
}

/// One rule on its way.
struct Stream<'r> {
    dates: RuleDates<'r>,
    left: Option<u32>,
    pending: Option<Instance>,
}

impl Stream<'_> {
    /// Finds the next instance; `true` when the fuel is spent.
    fn advance(&mut self, series: &Series<'_>, fuel: &mut Fuel) -> bool {
        self.pending = None;
        if self.left == Some(0) {
            return false;
        }
        loop {
            match self.dates.next(fuel) {
                Step::End => return false,
                Step::Exhausted => return true,
                Step::At(local) if local == series.start => {}
                Step::At(local) => {
                    if let Some(at) = series.clock.of_rule(local) {
                        self.left = self.left.map(|left| left - 1);
                        self.pending = Some(Instance {
                            at,
                            local,
                            length: None,
                        });
                        return false;
                    }
                }
            }
        }
    }
}

/// The instances of a series, ascending and distinct.
pub(crate) struct Instances<'s> {
    series: &'s Series<'s>,
    from: Timestamp,
    first: Option<Instance>,
    rules: Vec<Stream<'s>>,
    extras: std::slice::Iter<'s, Extra>,
    pending_extra: Option<&'s Extra>,
    last: Option<Timestamp>,
    fuel: Fuel,
    exhausted: bool,
}

impl Instances<'_> {
    /// Whether the fuel was spent before the end.
    pub(crate) fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// Takes the earliest of what is at hand.
    fn take_earliest(&mut self) -> Option<Instance> {
        let pending = self.rules.iter().enumerate();
        let rule = pending
            .filter_map(|(index, stream)| Some((stream.pending?.at, index)))
            .min();
        let extra = self.pending_extra.map(|extra| extra.at);
        let first = self.first.map(|first| first.at);
        let earliest = [first, extra, rule.map(|(at, _)| at)]
            .into_iter()
            .flatten()
            .min()?;
        // A PERIOD tells a length, so the RDATE goes before its equals.
        if extra == Some(earliest) {
            let extra = self.pending_extra.take()?;
            self.pending_extra = self.extras.next();
            let length = extra.length.map(CalDuration::from_seconds);
            return Some(Instance {
                at: extra.at,
                local: extra.local,
                length,
            });
        }
        if first == Some(earliest) {
            return self.first.take();
        }
        let stream = self.rules.get_mut(rule?.1)?;
        let instance = stream.pending.take();
        self.exhausted |= stream.advance(self.series, &mut self.fuel);
        instance
    }
}

impl Iterator for Instances<'_> {
    type Item = Instance;

    fn next(&mut self) -> Option<Instance> {
        loop {
            let instance = self.take_earliest()?;
            let repeats = self.last == Some(instance.at);
            self.last = Some(instance.at);
            if repeats || instance.at < self.from || self.series.is_excluded(&instance) {
                // Excluding everything is work too.
                if !self.fuel.burn(1) {
                    self.exhausted = true;
                    return None;
                }
                continue;
            }
            return Some(instance);
        }
    }
}
