//! A month laid out: weeks from Monday to Sunday, what lasts several days as a bar in one lane.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use crate::calendar::Entry;

/// How many lines a day of the grid has.
const LINES: usize = 4;

/// The weeks that a month touches.
pub(super) struct Grid<'a> {
    pub(super) weeks: Vec<Vec<Day<'a>>>,
}

/// A day of the grid.
pub(super) struct Day<'a> {
    pub(super) date: Date,
    pub(super) lines: Vec<Line<'a>>,
    /// How many entries are not among the lines.
    pub(super) more: usize,
}

/// What stands in one line of a day.
#[derive(Clone, Copy)]
pub(super) enum Line<'a> {
    /// Keeps a bar of this week in its lane.
    Gap,
    /// A part of a day.
    Timed(&'a Entry),
    /// Whole days, or beyond midnight.
    Bar {
        entry: &'a Entry,
        /// It begins on this day.
        begins: bool,
        /// It ends on this day.
        ends: bool,
        /// Its name is written here: where it begins, and on Mondays.
        named: bool,
    },
}

/// The first and the last day of `entry` in `zone`, both inclusive.
pub(super) fn days_of(entry: &Entry, zone: &TimeZone) -> (Date, Date) {
    let first = entry.start.to_zoned_datetime(zone.clone()).date();
    let before_end = entry.end - jiff::SignedDuration::from_nanos(1);
    let last = before_end
        .max(entry.start)
        .to_zoned_datetime(zone.clone())
        .date();
    (first, last)
}

/// The first Monday and the last Sunday of the weeks that the month of `date` touches.
pub(super) fn around(date: Date) -> (Date, Date) {
    let back = date.first_of_month().weekday().since(Weekday::Monday);
    let last = date.last_of_month();
    let on = Weekday::Sunday.since(last.weekday());
    (
        shifted(date.first_of_month(), -i64::from(back)),
        shifted(last, i64::from(on)),
    )
}

/// `days` later; the end of the calendar where there is no such day.
pub(super) fn shifted(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

/// Lays out the month of `date`.
pub(super) fn lay_out<'a>(date: Date, entries: &'a [Entry], zone: &TimeZone) -> Grid<'a> {
    let (first, last) = around(date);
    let placed: Vec<Placed<'a>> = entries
        .iter()
        .map(|entry| {
            let (first, last) = days_of(entry, zone);
            Placed { entry, first, last }
        })
        .collect();
    let mut weeks = Vec::with_capacity(6);
    let mut monday = first;
    while monday <= last && weeks.len() < 6 {
        weeks.push(week(monday, &placed));
        monday = monday.saturating_add(1.week());
    }
    Grid { weeks }
}

struct Placed<'a> {
    entry: &'a Entry,
    first: Date,
    last: Date,
}

impl Placed<'_> {
    fn is_bar(&self) -> bool {
        self.entry.all_day || self.first != self.last
    }

    fn touches(&self, from: Date, to: Date) -> bool {
        self.first <= to && self.last >= from
    }
}

fn week<'a>(monday: Date, placed: &[Placed<'a>]) -> Vec<Day<'a>> {
    let days: Vec<Date> = (0..7).map(|number| shifted(monday, number)).collect();
    let sunday = shifted(monday, 6);
    let mut bars: Vec<&Placed<'a>> = placed
        .iter()
        .filter(|one| one.is_bar() && one.touches(monday, sunday))
        .collect();
    // Earlier first, longer first: fewest gaps, and a stable picture from week to week.
    bars.sort_by_key(|bar| (bar.first, std::cmp::Reverse(bar.last), bar.entry.start));
    let lanes = lanes(&bars);
    days.into_iter()
        .map(|date| {
            let held = bars
                .iter()
                .zip(&lanes)
                .filter(|(bar, _)| bar.touches(date, date))
                .map(|(bar, lane)| (*lane, line(bar, date, monday)));
            let timed = placed
                .iter()
                .filter(|one| !one.is_bar() && one.first == date);
            day(date, held.collect(), timed.map(|one| one.entry))
        })
        .collect()
}

/// The lane of each bar: the lowest that is free on all its days.
fn lanes(bars: &[&Placed<'_>]) -> Vec<usize> {
    let mut ends: Vec<Date> = Vec::new();
    bars.iter()
        .map(|bar| {
            // Bars come in the order of their first day, so a lane is free once its last ended.
            let free = ends.iter().position(|end| *end < bar.first);
            let lane = free.unwrap_or(ends.len());
            if let Some(end) = ends.get_mut(lane) {
                *end = bar.last;
            } else {
                ends.push(bar.last);
            }
            lane
        })
        .collect()
}

fn line<'a>(bar: &Placed<'a>, date: Date, monday: Date) -> Line<'a> {
    let begins = bar.first == date;
    Line::Bar {
        entry: bar.entry,
        begins,
        ends: bar.last == date,
        named: begins || date == monday,
    }
}

/// Bars keep their lanes, timed entries fill the gaps and the rest; what does not fit is counted.
fn day<'a>(
    date: Date,
    mut held: BTreeMap<usize, Line<'a>>,
    timed: impl Iterator<Item = &'a Entry>,
) -> Day<'a> {
    let mut free = 0;
    for entry in timed {
        while held.contains_key(&free) {
            free += 1;
        }
        held.insert(free, Line::Timed(entry));
    }
    let highest = held.last_key_value().map_or(0, |(lane, _)| lane + 1);
    let visible = if highest > LINES { LINES - 1 } else { highest };
    let more = held.range(visible..).count();
    let mut lines: Vec<Line<'a>> = (0..visible)
        .map(|lane| held.get(&lane).copied().unwrap_or(Line::Gap))
        .collect();
    while matches!(lines.last(), Some(Line::Gap)) {
        lines.pop();
    }
    Day { date, lines, more }
}
