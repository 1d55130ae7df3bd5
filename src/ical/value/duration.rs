//! DURATION (RFC 5545 §3.3.6): nominal days and exact seconds, kept apart.

use std::fmt;

/// A duration. Days are nominal (a day across a change of the clocks has 23 or 25 hours), the rest
/// is exact. Both parts have the same sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct CalDuration {
    /// Nominal days; a week is seven.
    pub days: i64,
    /// Exact seconds.
    pub seconds: i64,
}

/// More than the calendar's 20,000 years in seconds: no sum of two such numbers overflows.
const LIMIT: i64 = 700_000_000_000;

impl CalDuration {
    /// A duration of nominal days.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self { days, seconds: 0 }
    }

    /// An exact duration.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { days: 0, seconds }
    }

    /// Reads `-P1DT2H` and the like: also lower case, weeks mixed with days, a missing `T`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, text) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let text = text.strip_prefix(['P', 'p'])?;
        let (mut days, mut seconds, mut number) = (0_i64, 0_i64, None::<i64>);
        let mut parts = 0;
        for byte in text.bytes() {
            if byte.is_ascii_digit() {
                let shifted = number.unwrap_or(0).checked_mul(10)?;
                number = Some(shifted.checked_add(i64::from(byte - b'0'))?);
                continue;
            }
            let unit = byte.to_ascii_uppercase();
            if unit == b'T' && number.is_none() {
                continue;
            }
            let count = number.take()?;
            parts += 1;
            match unit {
                b'W' => days = days.checked_add(count.checked_mul(7)?)?,
                b'D' => days = days.checked_add(count)?,
                b'H' => seconds = seconds.checked_add(count.checked_mul(3600)?)?,
                b'M' => seconds = seconds.checked_add(count.checked_mul(60)?)?,
                b'S' => seconds = seconds.checked_add(count)?,
                _ => return None,
            }
        }
        let sane = number.is_none() && parts > 0 && days < LIMIT / 86_400 && seconds < LIMIT;
        sane.then_some(Self {
            days: sign * days,
            seconds: sign * seconds,
        })
    }

    /// The length in seconds when every day has 24 hours.
    #[must_use]
    pub const fn nominal_seconds(self) -> i64 {
        self.days * 86_400 + self.seconds
    }
}

/// As in a DURATION property.
impl fmt::Display for CalDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.days.abs(), self.seconds.abs());
        if self.days < 0 || self.seconds < 0 {
            f.write_str("-")?;
        }
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if seconds > 0 || days == 0 {
            f.write_str("T")?;
        }
        if seconds >= 3600 {
            write!(f, "{}H", seconds / 3600)?;
        }
        if seconds / 60 % 60 > 0 {
            write!(f, "{}M", seconds / 60 % 60)?;
        }
        if seconds % 60 > 0 || (seconds == 0 && days == 0) {
            write!(f, "{}S", seconds % 60)?;
        }
        Ok(())
    }
}
