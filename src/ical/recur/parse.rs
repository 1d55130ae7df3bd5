//! Reads the RECUR value (RFC 5545 §3.3.10; RFC 7529 §4 as far as Gregorian).

use std::str::FromStr;

use super::super::value::CalDateTime;
use super::{Frequency, Recur, Until, WeekdayNum};

type Refusal = &'static str;

impl Recur {
    /// Reads a rule. Letter case, blanks and empty parts do not matter, unknown parts are skipped.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let parts = || {
            text.split(';')
                .filter_map(|part| part.split_once('='))
                .map(|(name, value)| (name.trim(), value.trim()))
        };
        let freq = parts().find(|(name, _)| name.eq_ignore_ascii_case("FREQ"));
        let freq = frequency(freq.ok_or("a rule with FREQ")?.1)?;
        let mut rule = Self::every(freq);
        for (name, value) in parts() {
            rule.set(&name.to_ascii_uppercase(), value)?;
        }
        Ok(rule)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "INTERVAL" => {
                let interval = value.parse::<u32>().ok().filter(|interval| *interval > 0);
                self.interval = interval.ok_or("INTERVAL as a number from 1")?;
            }
            "COUNT" => self.count = Some(value.parse().map_err(|_| "COUNT as a number")?),
            "UNTIL" => self.until = Some(until(value)?),
            "WKST" => self.week_start = weekday(value).ok_or("WKST as MO, TU, … SU")?,
            "BYDAY" => self.by_day = by_day(value)?,
            "BYSECOND" => {
                let mut seconds = list(value, 0..=60, "BYSECOND as numbers from 0 to 60")?;
                for second in &mut seconds {
                    *second = u8::min(*second, 59);
                }
                seconds.dedup();
                self.by_second = seconds;
            }
            "BYMINUTE" => self.by_minute = list(value, 0..=59, "BYMINUTE from 0 to 59")?,
            "BYHOUR" => self.by_hour = list(value, 0..=23, "BYHOUR from 0 to 23")?,
            "BYMONTH" => self.by_month = list(value, 1..=12, "BYMONTH from 1 to 12")?,
            "BYMONTHDAY" => {
                self.by_month_day =
                    signed(value, -31..=31, "BYMONTHDAY from 1 to 31 or -31 to -1")?;
            }
            "BYYEARDAY" => {
                self.by_year_day =
                    signed(value, -366..=366, "BYYEARDAY from 1 to 366 or negative")?;
            }
            "BYWEEKNO" => {
                self.by_week_no = signed(value, -53..=53, "BYWEEKNO from 1 to 53 or -53 to -1")?;
            }
            "BYSETPOS" => {
                self.by_set_pos = signed(value, -366..=366, "BYSETPOS from 1 to 366 or negative")?;
            }
            "RSCALE" if !value.eq_ignore_ascii_case("GREGORIAN") => {
                return Err("a rule of the Gregorian calendar; no other RSCALE is supported");
            }
            "SKIP" if !value.eq_ignore_ascii_case("OMIT") => {
                return Err("SKIP=OMIT; other ways to skip are not supported");
            }
            _ => {}
        }
        Ok(())
    }
}

fn frequency(text: &str) -> Result<Frequency, Refusal> {
    use Frequency::{Daily, Hourly, Minutely, Monthly, Secondly, Weekly, Yearly};
    const NAMES: [(&str, Frequency); 7] = [
        ("YEARLY", Yearly),
        ("MONTHLY", Monthly),
        ("WEEKLY", Weekly),
        ("DAILY", Daily),
        ("HOURLY", Hourly),
        ("MINUTELY", Minutely),
        ("SECONDLY", Secondly),
    ];
    let found = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found
        .map(|(_, freq)| *freq)
        .ok_or("FREQ as YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, …")
}

fn weekday(text: &str) -> Option<u8> {
    const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let at = NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text.trim()))?;
    u8::try_from(at).ok()
}

fn until(text: &str) -> Result<Until, Refusal> {
    match CalDateTime::parse(text, None) {
        Some(CalDateTime::Date(date)) => Ok(Until::Date(date)),
        Some(CalDateTime::Utc(at)) => Ok(Until::Utc(at)),
        Some(at) => Ok(Until::Local(at.civil())),
        None => Err("UNTIL as 20271231 or 20271231T225959Z"),
    }
}

fn by_day(text: &str) -> Result<Vec<WeekdayNum>, Refusal> {
    const EXPECTED: &str = "BYDAY as MO, 1MO or -1MO";
    let read = |text: &str| {
        let text = text.trim();
        let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let nth = match number.trim() {
            "" => 0,
            number => number
                .parse::<i16>()
                .ok()
                .filter(|nth| (-53..=53).contains(nth))?,
        };
        Some(WeekdayNum {
            nth,
            weekday: weekday(name)?,
        })
    };
    let days = items(text).map(read).collect::<Option<Vec<_>>>();
    Ok(sorted(days.ok_or(EXPECTED)?))
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

/// Numbers within `range`.
fn list<T: FromStr + Ord>(
    text: &str,
    range: std::ops::RangeInclusive<T>,
    expected: Refusal,
) -> Result<Vec<T>, Refusal> {
    let read = |item: &str| item.parse().ok().filter(|number| range.contains(number));
    let numbers = items(text).map(read).collect::<Option<Vec<T>>>();
    Ok(sorted(numbers.ok_or(expected)?))
}

/// Numbers within `range`, but not 0.
fn signed<T: FromStr + Ord + Default>(
    text: &str,
    range: std::ops::RangeInclusive<T>,
    expected: Refusal,
) -> Result<Vec<T>, Refusal> {
    let numbers = list(text, range, expected)?;
    if numbers.contains(&T::default()) {
        Err(expected)
    } else {
        Ok(numbers)
    }
}
