//! The earliest start and the latest end of an object: what an index needs.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::recur::Fuel;
use super::super::value::{CalDuration, add_seconds};
use super::{CalendarObject, Item, Kind};

/// No occurrence of the object begins before `first_start` or ends after `last_end`. The bounds may
/// be wider than need be, never narrower. Alarms may go off outside of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The earliest start; [`Timestamp::MIN`] for what has no date and overlaps any range.
    pub first_start: Timestamp,
    /// The latest end; `None` when there is none.
    pub last_end: Option<Timestamp>,
}

impl CalendarObject {
    /// The bounds of the object; `default` is the zone for days, floating times and unknown names.
    #[must_use]
    pub fn bounds(&self, default: &TimeZone) -> Bounds {
        let mut bounds: Option<Bounds> = None;
        for item in &self.items {
            let of_item = self.item_bounds(item, default);
            bounds = Some(match bounds {
                None => of_item,
                Some(all) => Bounds {
                    first_start: all.first_start.min(of_item.first_start),
                    last_end: all.last_end.zip(of_item.last_end).map(|(a, b)| a.max(b)),
                },
            });
        }
        bounds.unwrap_or(Bounds {
            first_start: Timestamp::MIN,
            last_end: None,
        })
    }

    fn item_bounds(&self, item: &Item, default: &TimeZone) -> Bounds {
        let everything = Bounds {
            first_start: Timestamp::MIN,
            last_end: None,
        };
        if item.kind == Kind::FreeBusy {
            return self.free_busy_bounds(item, default).unwrap_or(everything);
        }
        let Some(anchor) = item.anchor() else {
            return everything;
        };
        let start = self.zones.instant(anchor, default);
        let length = item.length(&self.zones, default);
        let ends = |at: Timestamp, length: CalDuration| {
            // A nominal day has at most 25 hours, give or take.
            let slack = if length.days == 0 || item.is_recurring() {
                0
            } else {
                7200
            };
            add_seconds(at, length.nominal_seconds() + slack)
        };
        if !item.is_recurring() {
            let end = self.zones.after(anchor, length, default).max(start);
            return self.reaching(
                item,
                Bounds {
                    first_start: start,
                    last_end: Some(end),
                },
                default,
            );
        }
        let series = self.series(item, anchor, default);
        let first = series
            .extras
            .first()
            .map_or(start, |extra| extra.at.min(start));
        let last = series.last(Fuel::default());
        let longest_extra = series.extras.iter().filter_map(|extra| extra.length).max();
        let last_end = last.map(|last| {
            let by_extra = add_seconds(last, longest_extra.unwrap_or(0));
            let nominal_slack = if length.days == 0 { 0 } else { 7200 };
            add_seconds(ends(last, length), nominal_slack).max(by_extra)
        });
        Bounds {
            first_start: first,
            last_end,
        }
    }

    /// An override of this and all later instances moves and lengthens those of the master.
    fn reaching(&self, item: &Item, of_item: Bounds, default: &TimeZone) -> Bounds {
        if item.range == super::Range::This {
            return of_item;
        }
        let id = item.recurrence_id.as_ref();
        let shift = id
            .zip(item.anchor())
            .map_or(0, |(id, at)| at.local().0 - id.local().0);
        let length = item.length(&self.zones, default).nominal_seconds() + 7200;
        let last_end = self.master().and_then(|master| {
            let master = self.item_bounds(master, default);
            Some(add_seconds(master.last_end?, shift.max(0) + length).max(of_item.last_end?))
        });
        Bounds {
            last_end,
            ..of_item
        }
    }

    fn free_busy_bounds(&self, item: &Item, default: &TimeZone) -> Option<Bounds> {
        if let (Some(start), Some(end)) = (&item.start, &item.end) {
            let first_start = self.zones.instant(start, default);
            return Some(Bounds {
                first_start,
                last_end: Some(self.zones.instant(end, default)),
            });
        }
        let spans = item
            .free_busy
            .iter()
            .map(|period| self.zones.period(period, default));
        let whole = spans.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        whole.map(|(start, end)| Bounds {
            first_start: start,
            last_end: Some(end),
        })
    }
}
