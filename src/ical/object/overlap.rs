//! Does a component overlap a time range? (RFC 4791 §9.9, one table for each component.)

use std::ops::ControlFlow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::value::CalDuration;
use super::super::window::Window;
use super::super::zone::after;
use super::alarm::Trigger;
use super::occurrences::Plan;
use super::{CalendarObject, Completeness, Item, Kind, Occurrence};

impl CalendarObject {
    /// Whether the item whose component this is, or an occurrence it tells the particulars of,
    /// overlaps the window. `false` for other components; `true` when finding out would take more
    /// work than one question may cost, so that nothing is hidden by a rule that is too dense.
    #[must_use]
    pub fn overlaps(&self, component: usize, window: Window, default: &TimeZone) -> bool {
        let Some(item) = self.item(component) else {
            return false;
        };
        match item.kind {
            Kind::FreeBusy => self.free_busy_overlaps(item, window, default),
            Kind::Todo if item.anchor().is_none() => self.undated_overlaps(item, window, default),
            Kind::Event | Kind::Todo | Kind::Journal => {
                let plan = Plan::new(self, default);
                let mut found = false;
                let walked = plan.walk(plan.reach(window), |occurrence| {
                    found |= occurrence.component == component
                        && self.overlaps_occurrence(&occurrence, window);
                    if found {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                found || walked == Completeness::Exhausted
            }
        }
    }

    /// Whether any item of the object overlaps the window.
    #[must_use]
    pub fn overlaps_any(&self, window: Window, default: &TimeZone) -> bool {
        self.items
            .iter()
            .any(|item| self.overlaps(item.component, window, default))
    }

    /// Whether an alarm goes off inside the window, in any occurrence that its item tells the
    /// particulars of. `alarm` is its place among the components of the item. What would take too
    /// much work to find out goes off, as in [`Self::overlaps`].
    #[must_use]
    pub fn alarm_fires(
        &self,
        component: usize,
        alarm: usize,
        window: Window,
        default: &TimeZone,
    ) -> bool {
        let Some(item) = self.item(component) else {
            return false;
        };
        let alarm = item.alarms.iter().find(|known| known.component == alarm);
        let Some(alarm) = alarm else { return false };
        let (offset, from_end) = match &alarm.trigger {
            Trigger::Absolute(at) => return alarm.fires(self.zones.instant(at, default), window),
            Trigger::FromStart(offset) => (*offset, false),
            Trigger::FromEnd(offset) => (*offset, true),
        };
        let plan = Plan::new(self, default);
        let seconds = offset.nominal_seconds();
        let latest = seconds + alarm.span_seconds() + plan.longest;
        let mut found = false;
        let walked = plan.walk(window.widened(latest, 86_400 - seconds), |occurrence| {
            if occurrence.component == component {
                let first = self.trigger_time(&occurrence, offset, from_end, default);
                found |= alarm.fires(first, window);
            }
            if found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        found || walked == Completeness::Exhausted
    }

    fn trigger_time(
        &self,
        occurrence: &Occurrence,
        offset: CalDuration,
        from_end: bool,
        default: &TimeZone,
    ) -> Timestamp {
        let base = if from_end {
            &occurrence.dtend
        } else {
            &occurrence.dtstart
        };
        if offset.days == 0 {
            let base = if from_end {
                occurrence.end
            } else {
                occurrence.start
            };
            return super::super::value::add_seconds(base, offset.seconds);
        }
        after(base.local(), offset, self.zones.zone_of(base, default))
    }

    /// Whether an occurrence overlaps the window, by the row of the table that its item is in.
    pub(crate) fn overlaps_occurrence(&self, occurrence: &Occurrence, window: Window) -> bool {
        let (start, end) = (occurrence.start, occurrence.end);
        let Some(item) = self.item(occurrence.component) else {
            return false;
        };
        if item.kind != Kind::Todo {
            return window.overlaps(start, end);
        }
        match (&item.start, &item.end, item.duration) {
            (Some(_), Some(_), _) => {
                (window.starts_before(end) || window.starts_by(start))
                    && (window.ends_after(start) || window.ends_from(end))
            }
            (Some(_), None, Some(_)) => {
                window.starts_by(end) && (window.ends_after(start) || window.ends_from(end))
            }
            (Some(_), None, None) => window.contains(start),
            (None, ..) => window.starts_before(end) && window.ends_from(end),
        }
    }

    /// A task with neither DTSTART nor DUE.
    fn undated_overlaps(&self, item: &Item, window: Window, default: &TimeZone) -> bool {
        let instant = |at| self.zones.instant(at, default);
        match (
            item.created.as_ref().map(instant),
            item.completed.as_ref().map(instant),
        ) {
            (Some(created), Some(completed)) => {
                (window.starts_by(created) || window.starts_by(completed))
                    && (window.ends_from(created) || window.ends_from(completed))
            }
            (None, Some(completed)) => window.starts_by(completed) && window.ends_from(completed),
            (Some(created), None) => window.ends_after(created),
            (None, None) => true,
        }
    }

    fn free_busy_overlaps(&self, item: &Item, window: Window, default: &TimeZone) -> bool {
        if let (Some(start), Some(end)) = (&item.start, &item.end) {
            return window.starts_by(self.zones.instant(end, default))
                && window.ends_after(self.zones.instant(start, default));
        }
        item.free_busy.iter().any(|period| {
            let (start, end) = self.zones.period(period, default);
            window.starts_before(end) && window.ends_after(start)
        })
    }
}
