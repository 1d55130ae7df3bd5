//! Which days a rule names: the `BYMONTH`, `BYWEEKNO`, `BYYEARDAY`, `BYMONTHDAY` and `BYDAY` parts
//! together (RFC 5545 §3.3.10, the table of expand and limit).

use super::super::value::{LocalTime, day_of, weekday_of, year_month_day};
use super::rule::{Frequency, Recur, WeekdayNum};

/// A test for days. What the rule leaves open is as in the start: a yearly rule without any day
/// keeps month and day of month, a monthly one the day of month, a weekly one the weekday.
pub(crate) struct DayFilter<'r> {
    rule: &'r Recur,
    month: Option<i64>,
    month_day: Option<i64>,
    weekday: Option<i64>,
    /// Whether `BYDAY` numbers count within the year instead of the month.
    nth_of_year: bool,
    /// Whether `BYDAY` numbers mean something (only in months and years).
    nth_counts: bool,
}

/// A day with what the parts look at.
#[expect(
    clippy::struct_field_names,
    reason = "a month has days, and so has a year"
)]
struct Day {
    number: i64,
    year: i64,
    month: i64,
    month_day: i64,
}

impl<'r> DayFilter<'r> {
    pub(crate) fn new(rule: &'r Recur, start: LocalTime) -> Self {
        let (_, month, month_day) = year_month_day(start.day());
        let open = rule.by_week_no.is_empty()
            && rule.by_year_day.is_empty()
            && rule.by_month_day.is_empty()
            && rule.by_day.is_empty();
        let yearly = rule.freq == Frequency::Yearly;
        let by_week = yearly
            && !rule.by_week_no.is_empty()
            && rule.by_day.is_empty()
            && rule.by_year_day.is_empty()
            && rule.by_month_day.is_empty();
        let by_month_day = open && (yearly || rule.freq == Frequency::Monthly);
        let by_weekday = by_week || (rule.freq == Frequency::Weekly && rule.by_day.is_empty());
        Self {
            rule,
            month: (open && yearly && rule.by_month.is_empty()).then_some(month),
            month_day: by_month_day.then_some(month_day),
            weekday: by_weekday.then(|| weekday_of(start.day())),
            nth_of_year: yearly && rule.by_month.is_empty(),
            nth_counts: rule.freq >= Frequency::Monthly && rule.by_week_no.is_empty(),
        }
    }

    /// Adds the days of a year that pass.
    pub(crate) fn days_of_year(&self, year: i64, to: &mut Vec<i64>) {
        for month in 1..=12 {
            if self.month_passes(month) {
                self.days_of_month(year, month, to);
            }
        }
    }

    /// Adds the days of a month that pass.
    pub(crate) fn days_of_month(&self, year: i64, month: i64, to: &mut Vec<i64>) {
        if !self.month_passes(month) {
            return;
        }
        let first = day_of(year, month, 1);
        let mut add = |month_day: i64| {
            let day = Day {
                number: first + month_day - 1,
                year,
                month,
                month_day,
            };
            if self.day_passes(&day) {
                to.push(day.number);
            }
        };
        match self.month_day {
            Some(month_day) if month_day <= days_in(year, month) => add(month_day),
            Some(_) => {}
            None => (1..=days_in(year, month)).for_each(add),
        }
    }

    /// Whether the day, counted from 1970-01-01, passes.
    pub(crate) fn passes(&self, number: i64) -> bool {
        let (year, month, month_day) = year_month_day(number);
        self.month_passes(month)
            && self.day_passes(&Day {
                number,
                year,
                month,
                month_day,
            })
    }

    /// A day after `number`, with none between that passes.
    pub(crate) fn next_possible(&self, number: i64) -> i64 {
        let (year, month, _) = year_month_day(number);
        if self.month_passes(month) {
            return number + 1;
        }
        day_of(year, month, 1) + days_in(year, month)
    }

    fn month_passes(&self, month: i64) -> bool {
        let named = || {
            self.rule
                .by_month
                .iter()
                .any(|named| i64::from(*named) == month)
        };
        match self.month {
            Some(of_start) => of_start == month,
            None => self.rule.by_month.is_empty() || named(),
        }
    }

    fn day_passes(&self, day: &Day) -> bool {
        let rule = self.rule;
        self.month_day
            .is_none_or(|of_start| of_start == day.month_day)
            && self
                .weekday
                .is_none_or(|of_start| of_start == weekday_of(day.number))
            && (rule.by_month_day.is_empty() || self.month_day_passes(day))
            && (rule.by_day.is_empty() || self.weekday_passes(day))
            && (rule.by_year_day.is_empty() || self.year_day_passes(day))
            && (rule.by_week_no.is_empty() || self.week_passes(day))
    }

    fn month_day_passes(&self, day: &Day) -> bool {
        let from_end = day.month_day - days_in(day.year, day.month) - 1;
        let is_named = |named: &i8| [day.month_day, from_end].contains(&i64::from(*named));
        self.rule.by_month_day.iter().any(is_named)
    }

    fn year_day_passes(&self, day: &Day) -> bool {
        let from_start = day.number - day_of(day.year, 1, 1) + 1;
        let from_end = day.number - day_of(day.year + 1, 1, 1);
        let is_named = |named: &i16| [from_start, from_end].contains(&i64::from(*named));
        self.rule.by_year_day.iter().any(is_named)
    }

    fn weekday_passes(&self, day: &Day) -> bool {
        let weekday = weekday_of(day.number);
        let is_named = |named: &WeekdayNum| {
            i64::from(named.weekday) == weekday
                && (named.nth == 0
                    || !self.nth_counts
                    || self.nth_passes(i64::from(named.nth), day))
        };
        self.rule.by_day.iter().any(is_named)
    }

    /// Whether the day is the `nth` of its weekday in the year or month.
    fn nth_passes(&self, nth: i64, day: &Day) -> bool {
        let (first, last) = if self.nth_of_year {
            (day_of(day.year, 1, 1), day_of(day.year + 1, 1, 1) - 1)
        } else {
            let first = day.number - day.month_day + 1;
            (first, first + days_in(day.year, day.month) - 1)
        };
        if nth > 0 {
            (day.number - first) / 7 + 1 == nth
        } else {
            (last - day.number) / 7 + 1 == -nth
        }
    }

    /// Weeks begin at `WKST`; the first has at least four days in its year.
    fn week_passes(&self, day: &Day) -> bool {
        let week_start = i64::from(self.rule.week_start);
        let in_week = (weekday_of(day.number) - week_start).rem_euclid(7);
        // The fourth day of the week tells the year that the week belongs to.
        let middle = day.number - in_week + 3;
        let (year, ..) = year_month_day(middle);
        let week = (middle - day_of(year, 1, 1)) / 7 + 1;
        let last = week + (day_of(year + 1, 1, 1) - 1 - middle) / 7;
        let is_named = |named: &i8| [week, week - last - 1].contains(&i64::from(*named));
        self.rule.by_week_no.iter().any(is_named)
    }
}

/// How many days a month has.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
