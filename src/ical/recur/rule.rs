//! A recurrence rule as values (RFC 5545 §3.3.10).

use jiff::civil;

/// `FREQ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    /// Every second.
    Secondly,
    /// Every minute.
    Minutely,
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
}

/// `UNTIL`: the last moment an instance may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Until {
    /// Any time of this day, on the clock of the series.
    Date(civil::Date),
    /// This reading of the clock of the series.
    Local(civil::DateTime),
    /// This time in UTC.
    Utc(civil::DateTime),
}

/// An entry of `BYDAY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeekdayNum {
    /// Which one of the month or year, from the end when negative; 0: each.
    pub nth: i16,
    /// Monday is 0, Sunday 6.
    pub weekday: u8,
}

/// A recurrence rule. Its lists are sorted and hold nothing twice; an empty one is an absent part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recur {
    /// `FREQ`.
    pub freq: Frequency,
    /// `INTERVAL`, at least 1.
    pub interval: u32,
    /// `COUNT`.
    pub count: Option<u32>,
    /// `UNTIL`.
    pub until: Option<Until>,
    /// `BYSECOND`, 0 to 59.
    pub by_second: Vec<u8>,
    /// `BYMINUTE`, 0 to 59.
    pub by_minute: Vec<u8>,
    /// `BYHOUR`, 0 to 23.
    pub by_hour: Vec<u8>,
    /// `BYDAY`.
    pub by_day: Vec<WeekdayNum>,
    /// `BYMONTHDAY`, ±1 to ±31.
    pub by_month_day: Vec<i8>,
    /// `BYYEARDAY`, ±1 to ±366.
    pub by_year_day: Vec<i16>,
    /// `BYWEEKNO`, ±1 to ±53.
    pub by_week_no: Vec<i8>,
    /// `BYMONTH`, 1 to 12.
    pub by_month: Vec<u8>,
    /// `BYSETPOS`, ±1 to ±366.
    pub by_set_pos: Vec<i16>,
    /// `WKST`: Monday is 0, Sunday 6.
    pub week_start: u8,
}

impl Recur {
    /// A rule with nothing but its frequency: interval 1, endless, weeks from Monday.
    #[must_use]
    pub const fn every(freq: Frequency) -> Self {
        Self {
            freq,
            interval: 1,
            count: None,
            until: None,
            by_second: Vec::new(),
            by_minute: Vec::new(),
            by_hour: Vec::new(),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            by_week_no: Vec::new(),
            by_month: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: 0,
        }
    }

    /// Whether neither `COUNT` nor `UNTIL` ends it.
    #[must_use]
    pub const fn is_endless(&self) -> bool {
        self.count.is_none() && self.until.is_none()
    }
}
