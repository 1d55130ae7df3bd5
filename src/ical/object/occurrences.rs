//! The occurrences of an object: instances of the master, as overrides leave them, and the
//! overrides themselves.

use std::ops::ControlFlow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::recur::Fuel;
use super::super::value::{CalDateTime, CalDuration, LocalTime};
use super::super::window::Window;
use super::super::zone::{after, clock, settle};
use super::item::{RDate, seconds_between};
use super::series::{Clock, Extra, Instance, Series};
use super::{CalendarObject, Item, Range};

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends, never before the start; equal when it has no length.
    pub end: Timestamp,
    /// The start in the form of the component: a day, a floating time, a time in a zone.
    pub dtstart: CalDateTime,
    /// The end in the same form; the day after the last one for days.
    pub dtend: CalDateTime,
    /// Which instance of the series it is, in the form of the master; `None` when the object has
    /// only this one.
    pub recurrence_id: Option<CalDateTime>,
    /// The component that tells its particulars: [`CalendarObject::component`].
    pub component: usize,
    /// Whether it takes whole days.
    pub is_all_day: bool,
    /// Whether a PERIOD gave it a length of its own.
    pub(crate) own_length: bool,
}

/// Whether a list of occurrences is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Completeness {
    /// It is.
    Complete,
    /// There are more than asked for.
    Limited,
    /// Finding the rest takes more work than one question may cost.
    Exhausted,
}

/// Occurrences by start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrences {
    /// The occurrences.
    pub list: Vec<Occurrence>,
    /// Whether these are all.
    pub completeness: Completeness,
}

impl CalendarObject {
    /// The occurrences that overlap the window (RFC 4791 §9.9), by start, at most `limit`.
    /// `default` is the zone for days, floating times and names that nobody knows. Tasks without
    /// any date and free/busy components have no occurrence.
    #[must_use]
    pub fn occurrences(&self, window: Window, default: &TimeZone, limit: usize) -> Occurrences {
        let mut list = Vec::new();
        let plan = Plan::new(self, default);
        let outcome = plan.walk(plan.reach(window), |occurrence| {
            if self.overlaps_occurrence(&occurrence, window) {
                list.push(occurrence);
            }
            // Overrides come first, whenever they are; instances come by start.
            if list.len() > limit.saturating_add(plan.overrides.len()) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        list.sort_by_key(|occurrence| occurrence.start);
        let completeness = if list.len() > limit {
            Completeness::Limited
        } else {
            outcome
        };
        list.truncate(limit);
        Occurrences { list, completeness }
    }

    /// The item whose component this is.
    pub(crate) fn item(&self, component: usize) -> Option<&Item> {
        self.items.iter().find(|item| item.component == component)
    }

    /// The series of a master.
    pub(crate) fn series<'o>(
        &'o self,
        master: &'o Item,
        anchor: &CalDateTime,
        default: &'o TimeZone,
    ) -> Series<'o> {
        let zones = &self.zones;
        let clock = Clock::of(anchor, zones.zone_of(anchor, default));
        let start = anchor.local();
        let local_of = |at: &CalDateTime| clock.local_of(at, zones.zone_of(at, default), start);
        let mut extras: Vec<Extra> = Vec::with_capacity(master.rdates.len());
        for date in &master.rdates {
            let (begin, length) = match date {
                RDate::At(at) => (at, None),
                RDate::Period(period) => {
                    let (from, to) = zones.period(period, default);
                    (&period.start, Some(seconds_between(from, to)))
                }
            };
            let local = local_of(begin);
            extras.push(Extra {
                at: settle(local, clock.zone()),
                local,
                length,
            });
        }
        extras.sort_unstable();
        let mut excluded = Vec::new();
        let mut excluded_days = Vec::new();
        for at in &master.exdates {
            match (clock, at) {
                (Clock::Days(_), _) | (_, CalDateTime::Date(_)) => {
                    excluded_days.push(local_of(at).day());
                }
                _ => excluded.push(zones.instant(at, default)),
            }
        }
        excluded.sort_unstable();
        excluded_days.sort_unstable();
        Series {
            clock,
            start,
            rules: &master.rules,
            extras,
            excluded,
            excluded_days,
        }
    }
}

/// An override and what it does.
struct Override<'o> {
    item: &'o Item,
    /// The instant of its RECURRENCE-ID, in the zone of the master.
    replaces: Timestamp,
    /// For `THISANDFUTURE`: by how many seconds of the clock later instances move.
    shift: i64,
    length: CalDuration,
}

/// All that is needed to list the occurrences of an object.
pub(crate) struct Plan<'o> {
    object: &'o CalendarObject,
    default: &'o TimeZone,
    master: Option<(&'o Item, &'o CalDateTime, CalDuration)>,
    overrides: Vec<Override<'o>>,
    /// No occurrence lasts longer than so many seconds.
    pub(crate) longest: i64,
    /// No instance moves by more than so many seconds.
    farthest: i64,
}

/// A change of the clocks may lengthen what is told in days.
const SLACK: i64 = 86_400;

impl<'o> Plan<'o> {
    pub(crate) fn new(object: &'o CalendarObject, default: &'o TimeZone) -> Self {
        let zones = &object.zones;
        let master = object.master().and_then(|item| {
            item.anchor()
                .map(|anchor| (item, anchor, item.length(zones, default)))
        });
        let mut overrides: Vec<Override<'o>> = Vec::new();
        for item in &object.items {
            let (Some(id), Some(anchor)) = (&item.recurrence_id, item.anchor()) else {
                continue;
            };
            let replaces = object.instant_of_id(id, master.map(|(_, anchor, _)| anchor), default);
            let shift = match item.range {
                Range::This => 0,
                Range::ThisAndFuture => anchor.local().0 - id.local().0,
            };
            overrides.push(Override {
                item,
                replaces,
                shift,
                length: item.length(zones, default),
            });
        }
        overrides.sort_by_key(|entry| entry.replaces);
        let lengths = overrides.iter().map(|entry| entry.length);
        let lengths = lengths.chain(master.map(|(.., length)| length));
        let periods = object
            .items
            .iter()
            .flat_map(|item| &item.rdates)
            .map(|date| match date {
                RDate::At(_) => 0,
                RDate::Period(period) => {
                    let (from, to) = zones.period(period, default);
                    seconds_between(from, to)
                }
            });
        let longest = lengths
            .map(CalDuration::nominal_seconds)
            .chain(periods)
            .max()
            .unwrap_or(0);
        let farthest = overrides
            .iter()
            .map(|entry| entry.shift.abs())
            .max()
            .unwrap_or(0);
        Self {
            object,
            default,
            master,
            overrides,
            longest: longest + SLACK,
            farthest,
        }
    }

    /// Where what overlaps `window` begins. A task also counts when it is due at the very end
    /// (RFC 4791 §9.9: `end >= DUE`).
    pub(crate) fn reach(&self, window: Window) -> Window {
        window.widened(self.longest, 1)
    }

    /// Shows every occurrence that begins in `window` to `visit`, and perhaps some outside of it,
    /// until `visit` breaks. Overrides come first.
    pub(crate) fn walk(
        &self,
        window: Window,
        mut visit: impl FnMut(Occurrence) -> ControlFlow<()>,
    ) -> Completeness {
        for entry in &self.overrides {
            let Some(anchor) = entry.item.anchor() else {
                continue;
            };
            let id = entry.item.recurrence_id.clone();
            let at = self.object.zones.instant(anchor, self.default);
            if window.contains(at)
                && visit(self.occurrence(entry.item, anchor, anchor.local(), entry.length, id))
                    .is_break()
            {
                return Completeness::Complete;
            }
        }
        self.walk_master(window, visit)
    }

    fn walk_master(
        &self,
        window: Window,
        mut visit: impl FnMut(Occurrence) -> ControlFlow<()>,
    ) -> Completeness {
        let Some((master, anchor, length)) = self.master else {
            return Completeness::Complete;
        };
        let recurs = master.is_recurring();
        let series = self.object.series(master, anchor, self.default);
        let reach = window.widened(self.farthest, self.farthest);
        let from = reach.from.unwrap_or(Timestamp::MIN);
        let mut instances = series.instances(from, Fuel::default());
        for instance in instances.by_ref() {
            if !reach.ends_after(instance.at) {
                break;
            }
            if self
                .overrides
                .binary_search_by_key(&instance.at, |entry| entry.replaces)
                .is_ok()
            {
                continue;
            }
            let id = recurs.then(|| anchor.with_civil(instance.local.to_civil()));
            let length = instance.length.unwrap_or(length);
            let mut occurrence = match self.governing(&instance) {
                None => self.occurrence(master, anchor, instance.local, length, id),
                Some((entry, anchor)) => {
                    let local = instance.local.plus(entry.shift);
                    self.occurrence(entry.item, anchor, local, entry.length, id)
                }
            };
            occurrence.own_length = instance.length.is_some();
            if visit(occurrence).is_break() {
                return Completeness::Complete;
            }
        }
        if instances.exhausted() {
            Completeness::Exhausted
        } else {
            Completeness::Complete
        }
    }

    /// The last `THISANDFUTURE` override that an instance falls under.
    fn governing(&self, instance: &Instance) -> Option<(&Override<'o>, &'o CalDateTime)> {
        let earlier = self
            .overrides
            .iter()
            .rev()
            .filter(|entry| entry.replaces < instance.at);
        let entry = earlier
            .into_iter()
            .find(|entry| entry.item.range == Range::ThisAndFuture)?;
        Some((entry, entry.item.anchor()?))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of its own about one instance"
    )]
    /// The occurrence of `item` that begins when the clock of `anchor` shows `local`.
    fn occurrence(
        &self,
        item: &Item,
        anchor: &CalDateTime,
        local: LocalTime,
        length: CalDuration,
        recurrence_id: Option<CalDateTime>,
    ) -> Occurrence {
        let zone = self.object.zones.zone_of(anchor, self.default);
        let start = settle(local, zone);
        let end = if length.days == 0 {
            super::super::value::add_seconds(start, length.seconds)
        } else {
            after(local, length, zone)
        };
        let dtend = match anchor {
            CalDateTime::Date(_) => local.plus(length.nominal_seconds()),
            _ => clock(end, zone),
        };
        Occurrence {
            start,
            end: end.max(start),
            dtstart: anchor.with_civil(local.to_civil()),
            dtend: anchor.with_civil(dtend.to_civil()),
            recurrence_id,
            component: item.component,
            is_all_day: anchor.is_date(),
            own_length: false,
        }
    }
}

impl CalendarObject {
    /// The instant that a RECURRENCE-ID means: read on the clock of the master when the types
    /// differ (a day for a timed series, a time for a series of days).
    pub(crate) fn instant_of_id(
        &self,
        id: &CalDateTime,
        master: Option<&CalDateTime>,
        default: &TimeZone,
    ) -> Timestamp {
        let Some(master) = master else {
            return self.zones.instant(id, default);
        };
        let clock = Clock::of(master, self.zones.zone_of(master, default));
        let local = clock.local_of(id, self.zones.zone_of(id, default), master.local());
        settle(local, clock.zone())
    }
}
