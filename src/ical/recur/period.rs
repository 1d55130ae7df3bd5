//! One rule's clock readings, period by period: which days and times of a year, month, week, day,
//! hour, minute or second the rule names.
//!
//! A period is a number: the year, the month since year 0, the week, day, hour, minute or second
//! since 1970. Jumping to a window is a division.

use super::super::value::{LocalTime, SECONDS_PER_DAY, day_of, year_month_day};
use super::rule::{Frequency, Recur, Until};
use super::{Fuel, days::DayFilter};

/// The last year that can be told.
const LAST_YEAR: i64 = 9999;

/// What an attempt to find the next clock reading ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A reading the rule names, later than all before.
    At(LocalTime),
    /// There is none any more.
    End,
    /// The fuel is spent.
    Exhausted,
}

/// The clock readings of a rule from its start on; `COUNT` is left to the caller.
pub(crate) struct RuleDates<'r> {
    rule: &'r Recur,
    filter: DayFilter<'r>,
    start: LocalTime,
    until: LocalTime,
    /// The period that holds the start.
    origin: i64,
    /// How many intervals behind the origin the next period is.
    steps: i64,
    /// Days of the present period, since 1970.
    days: Vec<i64>,
    /// Seconds of the day or hour or minute, added to `base`.
    times: Vec<i64>,
    base: i64,
    /// Which combinations of day and time count; unused without `BYSETPOS`.
    positions: Vec<i64>,
    next: i64,
    total: i64,
}

impl<'r> RuleDates<'r> {
    pub(crate) fn new(rule: &'r Recur, start: LocalTime) -> Self {
        let until = match rule.until {
            None => LocalTime(i64::MAX),
            Some(Until::Date(date)) => {
                LocalTime::from_civil(date.to_datetime(jiff::civil::Time::midnight()))
                    .plus(SECONDS_PER_DAY - 1)
            }
            Some(Until::Local(at) | Until::Utc(at)) => LocalTime::from_civil(at),
        };
        Self {
            rule,
            filter: DayFilter::new(rule, start),
            start,
            until,
            origin: period_of(rule, start),
            steps: 0,
            days: Vec::new(),
            times: times(rule, start),
            base: 0,
            positions: Vec::new(),
            next: 0,
            total: 0,
        }
    }

    /// The last reading allowed, when it is not what [`Recur::until`] says on its face.
    pub(crate) fn end_at(&mut self, until: LocalTime) {
        self.until = until;
    }

    /// Goes on with the period that holds `target`; never back.
    pub(crate) fn jump(&mut self, target: LocalTime) {
        let distance = period_of(self.rule, target) - self.origin;
        let steps = distance.div_euclid(i64::from(self.rule.interval));
        if steps > self.steps {
            self.steps = steps;
            self.next = self.total;
        }
    }

    pub(crate) fn next(&mut self, fuel: &mut Fuel) -> Step {
        loop {
            while let Some(at) = self.candidate() {
                if !fuel.burn(1) {
                    return Step::Exhausted;
                }
                if at > self.until {
                    return Step::End;
                }
                if at >= self.start {
                    return Step::At(at);
                }
            }
            if !fuel.burn(1) {
                return Step::Exhausted;
            }
            let period = self.origin + self.steps * i64::from(self.rule.interval);
            if self.is_beyond(period) {
                return Step::End;
            }
            self.steps += 1;
            self.load(period);
            if !fuel.burn(u32::try_from(self.days.len() / 8).unwrap_or(0)) {
                return Step::Exhausted;
            }
        }
    }

    /// The next combination of day and time in the present period.
    fn candidate(&mut self) -> Option<LocalTime> {
        if self.next >= self.total {
            return None;
        }
        let index = if self.rule.by_set_pos.is_empty() {
            self.next
        } else {
            *self.positions.get(usize::try_from(self.next).ok()?)?
        };
        self.next += 1;
        let times = i64::try_from(self.times.len()).ok()?;
        let day = self.days.get(usize::try_from(index / times).ok()?)?;
        let time = self.times.get(usize::try_from(index % times).ok()?)?;
        Some(LocalTime(day * SECONDS_PER_DAY + self.base + time))
    }

    /// Whether `period` begins after the end of the rule or of the years.
    fn is_beyond(&self, period: i64) -> bool {
        let begin = match self.rule.freq {
            Frequency::Yearly => day_of(period, 1, 1) * SECONDS_PER_DAY,
            Frequency::Monthly => {
                day_of(period.div_euclid(12), period.rem_euclid(12) + 1, 1) * SECONDS_PER_DAY
            }
            Frequency::Weekly => self.week_begin(period) * SECONDS_PER_DAY,
            _ => period.saturating_mul(unit_seconds(self.rule.freq)),
        };
        begin > self.until.0 || begin >= day_of(LAST_YEAR + 1, 1, 1) * SECONDS_PER_DAY
    }

    /// The day a week begins with; day 0 is a Thursday.
    fn week_begin(&self, week: i64) -> i64 {
        week * 7 - 3 + i64::from(self.rule.week_start)
    }

    /// Makes `period` the present one.
    fn load(&mut self, period: i64) {
        self.days.clear();
        self.base = 0;
        self.next = 0;
        match self.rule.freq {
            Frequency::Yearly => self.filter.days_of_year(period, &mut self.days),
            Frequency::Monthly => {
                let (year, month) = (period.div_euclid(12), period.rem_euclid(12) + 1);
                self.filter.days_of_month(year, month, &mut self.days);
            }
            Frequency::Weekly => {
                let begin = self.week_begin(period);
                self.days
                    .extend((begin..begin + 7).filter(|day| self.filter.passes(*day)));
            }
            Frequency::Daily => self.load_day(period),
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => self.load_time(period),
        }
        let days = i64::try_from(self.days.len()).unwrap_or(0);
        self.total = days * i64::try_from(self.times.len()).unwrap_or(0);
        if !self.rule.by_set_pos.is_empty() {
            self.choose_positions();
        }
    }

    fn load_day(&mut self, day: i64) {
        if self.filter.passes(day) {
            self.days.push(day);
        } else {
            self.skip_to(self.filter.next_possible(day));
        }
    }

    /// An hour, minute or second: its day must pass, then its own number.
    fn load_time(&mut self, period: i64) {
        let begin = LocalTime(period * unit_seconds(self.rule.freq));
        let (day, second) = (begin.day(), begin.second_of_day());
        let is_in = |list: &[u8], number: i64| {
            list.is_empty() || list.iter().any(|known| i64::from(*known) == number)
        };
        let is_below = |freq| self.rule.freq < freq;
        if !self.filter.passes(day) {
            self.skip_to(self.filter.next_possible(day));
        } else if !is_in(&self.rule.by_hour, second / 3600) {
            self.skip_to_second(begin.0 - begin.0.rem_euclid(3600) + 3600);
        } else if is_below(Frequency::Hourly) && !is_in(&self.rule.by_minute, second / 60 % 60) {
            self.skip_to_second(begin.0 - begin.0.rem_euclid(60) + 60);
        } else if is_below(Frequency::Minutely) && !is_in(&self.rule.by_second, second % 60) {
            // The next second may do.
        } else {
            self.days.push(day);
            self.base = second;
        }
    }

    fn skip_to(&mut self, day: i64) {
        self.skip_to_second(day * SECONDS_PER_DAY);
    }

    /// Leaves out the periods that begin before `second`.
    fn skip_to_second(&mut self, second: i64) {
        let unit = unit_seconds(self.rule.freq);
        let interval = i64::from(self.rule.interval);
        let period = second.div_euclid(unit) + i64::from(second.rem_euclid(unit) > 0);
        let steps = (period - self.origin + interval - 1).div_euclid(interval);
        self.steps = self.steps.max(steps);
    }

    /// `BYSETPOS`: counts over the whole period, also before the start.
    fn choose_positions(&mut self) {
        self.positions.clear();
        for position in &self.rule.by_set_pos {
            let position = i64::from(*position);
            let index = if position > 0 {
                position - 1
            } else {
                self.total + position
            };
            if (0..self.total).contains(&index) {
                self.positions.push(index);
            }
        }
        self.positions.sort_unstable();
        self.positions.dedup();
        self.total = i64::try_from(self.positions.len()).unwrap_or(0);
    }
}

/// The length of a day, hour, minute or second.
fn unit_seconds(freq: Frequency) -> i64 {
    match freq {
        Frequency::Secondly => 1,
        Frequency::Minutely => 60,
        Frequency::Hourly => 3600,
        _ => SECONDS_PER_DAY,
    }
}

/// The period of the rule that holds `at`.
fn period_of(rule: &Recur, at: LocalTime) -> i64 {
    match rule.freq {
        Frequency::Yearly => year_month_day(at.day()).0,
        Frequency::Monthly => {
            let (year, month, _) = year_month_day(at.day());
            year * 12 + month - 1
        }
        Frequency::Weekly => (at.day() + 3 - i64::from(rule.week_start)).div_euclid(7),
        freq => at.0.div_euclid(unit_seconds(freq)),
    }
}

/// The seconds within a day, hour, minute or second that the rule names; what it does not name is
/// as in the start.
fn times(rule: &Recur, start: LocalTime) -> Vec<i64> {
    let second = start.second_of_day();
    let or_start = |list: &[u8], of_start: i64| match list {
        [] => vec![of_start],
        list => list.iter().map(|number| i64::from(*number)).collect(),
    };
    let seconds = match rule.freq {
        Frequency::Secondly => vec![0],
        _ => or_start(&rule.by_second, second % 60),
    };
    let minutes = match rule.freq {
        Frequency::Secondly | Frequency::Minutely => vec![0],
        _ => or_start(&rule.by_minute, second / 60 % 60),
    };
    let hours = match rule.freq {
        Frequency::Secondly | Frequency::Minutely | Frequency::Hourly => vec![0],
        _ => or_start(&rule.by_hour, second / 3600),
    };
    let mut times = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
    for hour in hours {
        for minute in &minutes {
            times.extend(
                seconds
                    .iter()
                    .map(|second| hour * 3600 + minute * 60 + second),
            );
        }
    }
    times
}
