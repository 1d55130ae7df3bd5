//! Wall-clock arithmetic in whole numbers, without a zone: what the expander counts with.

use jiff::{SignedDuration, Timestamp, civil};

pub(crate) const SECONDS_PER_DAY: i64 = 86_400;

/// A wall-clock reading: seconds since 1970-01-01T00:00:00 on that clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LocalTime(pub(crate) i64);

impl LocalTime {
    pub(crate) fn from_civil(at: civil::DateTime) -> Self {
        let day = day_of(at.year().into(), at.month().into(), at.day().into());
        let (hour, minute) = (i64::from(at.hour()), i64::from(at.minute()));
        Self(day * SECONDS_PER_DAY + hour * 3600 + minute * 60 + i64::from(at.second()))
    }

    pub(crate) fn from_day(day: i64) -> Self {
        Self(day.saturating_mul(SECONDS_PER_DAY))
    }

    /// The civil reading; the nearest one when the year is outside of -9999 to 9999.
    pub(crate) fn to_civil(self) -> civil::DateTime {
        let (year, month, day) = year_month_day(self.day());
        let second = self.second_of_day();
        let parts = (
            i16::try_from(year),
            i8::try_from(month),
            i8::try_from(day),
            i8::try_from(second / 3600),
            i8::try_from(second / 60 % 60),
            i8::try_from(second % 60),
        );
        let nearest = if self.0 < 0 {
            civil::DateTime::MIN
        } else {
            civil::DateTime::MAX
        };
        match parts {
            (Ok(year), Ok(month), Ok(day), Ok(hour), Ok(minute), Ok(second)) => {
                civil::DateTime::new(year, month, day, hour, minute, second, 0).unwrap_or(nearest)
            }
            _ => nearest,
        }
    }

    /// Days since 1970-01-01.
    pub(crate) fn day(self) -> i64 {
        self.0.div_euclid(SECONDS_PER_DAY)
    }

    pub(crate) fn second_of_day(self) -> i64 {
        self.0.rem_euclid(SECONDS_PER_DAY)
    }

    pub(crate) fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar; `month` counts from 1.
///
/// Years are counted from March, so that the leap day is the last of its year.
pub(crate) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// Year, month and day of a number of days since 1970-01-01; the inverse of [`day_of`].
pub(crate) fn year_month_day(day: i64) -> (i64, i64, i64) {
    let from_origin = day + 719_468;
    let era = from_origin.div_euclid(146_097);
    let in_era = from_origin.rem_euclid(146_097);
    let year_in_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + year_in_era + i64::from(month <= 2);
    (year, month, in_year - (153 * from_march + 2) / 5 + 1)
}

/// The weekday of a number of days since 1970-01-01: Monday is 0, Sunday 6.
pub(crate) fn weekday_of(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// `at` moved by `seconds`, at most to the ends of what can be told.
pub(crate) fn add_seconds(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}
