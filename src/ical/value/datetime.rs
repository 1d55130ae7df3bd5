//! DATE, DATE-TIME and PERIOD (RFC 5545 §3.3.4, §3.3.5, §3.3.9).

use std::fmt;
use std::sync::Arc;

use jiff::civil;

use super::super::error::IcalError;
use super::super::text::ContentLine;
use super::{CalDuration, LocalTime};

/// A date or a date with time, in the form it was written in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CalDateTime {
    /// A day (`VALUE=DATE`).
    Date(civil::Date),
    /// The same clock reading wherever the reader is.
    Floating(civil::DateTime),
    /// A time in UTC (`Z`).
    Utc(civil::DateTime),
    /// A clock reading in a zone.
    Zoned {
        /// The clock reading.
        at: civil::DateTime,
        /// The zone as named in the `TZID` parameter.
        tzid: Arc<str>,
    },
}

const EXPECTED: &str = "a date such as 20270131 or a date with time such as 20270131T090000Z";

impl CalDateTime {
    /// Reads a property with one date or date with time (`DTSTART`, `DUE`, `RECURRENCE-ID`, …).
    /// The text decides between the two, not `VALUE`, which writers forget.
    ///
    /// # Errors
    /// When the value is neither.
    pub fn from_line(line: &ContentLine) -> Result<Self, IcalError> {
        let tzid = Self::tzid_of(line);
        Self::parse(line.value(), tzid.as_ref()).ok_or_else(|| line.error(EXPECTED))
    }

    /// Reads a property with a list of them (`EXDATE`).
    ///
    /// # Errors
    /// When one of the values is neither; an empty list is none.
    pub fn list_from_line(line: &ContentLine) -> Result<Vec<Self>, IcalError> {
        let tzid = Self::tzid_of(line);
        let texts = line
            .value()
            .split(',')
            .filter(|text| !text.trim().is_empty());
        texts
            .map(|text| Self::parse(text, tzid.as_ref()).ok_or_else(|| line.error(EXPECTED)))
            .collect()
    }

    pub(crate) fn tzid_of(line: &ContentLine) -> Option<Arc<str>> {
        let tzid = line.param("TZID")?;
        let tzid = tzid.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        (!tzid.is_empty()).then(|| Arc::from(tzid))
    }

    /// Reads `YYYYMMDD` or `YYYYMMDDTHHMMSS[Z]`; `tzid` is the zone of a time without `Z`.
    /// Tolerates a lower-case `t`, a time without seconds, second 60, and hyphens and colons.
    #[must_use]
    pub fn parse(text: &str, tzid: Option<&Arc<str>>) -> Option<Self> {
        let mut buffer = [0_u8; 16];
        let mut len = 0;
        for byte in text
            .trim()
            .bytes()
            .filter(|byte| !matches!(byte, b'-' | b':'))
        {
            *buffer.get_mut(len)? = byte.to_ascii_uppercase();
            len += 1;
        }
        let (date, time) = buffer.get(..len)?.split_at_checked(8)?;
        let date = civil::Date::new(
            i16::try_from(number(date.get(..4)?)?).ok()?,
            i8::try_from(number(date.get(4..6)?)?).ok()?,
            i8::try_from(number(date.get(6..)?)?).ok()?,
        )
        .ok()?;
        let (time, utc) = match time {
            [] => return Some(Self::Date(date)),
            [b'T', time @ .., b'Z'] => (time, true),
            [b'T', time @ ..] => (time, false),
            _ => return None,
        };
        let at = date.to_datetime(time_of(time)?);
        Some(match (utc, tzid) {
            (true, _) => Self::Utc(at),
            (false, Some(tzid)) => Self::Zoned {
                at,
                tzid: Arc::clone(tzid),
            },
            (false, None) => Self::Floating(at),
        })
    }

    /// Whether it is a day without a time.
    #[must_use]
    pub const fn is_date(&self) -> bool {
        matches!(self, Self::Date(_))
    }

    /// The clock reading as written; midnight for a day.
    #[must_use]
    pub fn civil(&self) -> civil::DateTime {
        match self {
            Self::Date(date) => date.to_datetime(civil::Time::midnight()),
            Self::Floating(at) | Self::Utc(at) | Self::Zoned { at, .. } => *at,
        }
    }

    pub(crate) fn local(&self) -> LocalTime {
        LocalTime::from_civil(self.civil())
    }

    /// The same form with another clock reading.
    #[must_use]
    pub fn with_civil(&self, at: civil::DateTime) -> Self {
        match self {
            Self::Date(_) => Self::Date(at.date()),
            Self::Floating(_) => Self::Floating(at),
            Self::Utc(_) => Self::Utc(at),
            Self::Zoned { tzid, .. } => Self::Zoned {
                at,
                tzid: Arc::clone(tzid),
            },
        }
    }

    /// The property `name` with this value.
    #[must_use]
    pub fn to_line(&self, name: &str) -> ContentLine {
        let value = self.to_string();
        match self {
            Self::Date(_) => ContentLine::build(name, &[("VALUE", "DATE")], &value),
            Self::Floating(_) | Self::Utc(_) => ContentLine::build(name, &[], &value),
            Self::Zoned { tzid, .. } => ContentLine::build(name, &[("TZID", tzid)], &value),
        }
    }
}

/// `HHMMSS` or `HHMM`.
fn time_of(digits: &[u8]) -> Option<civil::Time> {
    let second = match digits.len() {
        4 => 0,
        6 => number(digits.get(4..)?)?.min(59),
        _ => return None,
    };
    let hour = i8::try_from(number(digits.get(..2)?)?).ok()?;
    let minute = i8::try_from(number(digits.get(2..4)?)?).ok()?;
    civil::Time::new(hour, minute, i8::try_from(second).ok()?, 0).ok()
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// The value alone, without `VALUE` and `TZID`.
impl fmt::Display for CalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        write!(f, "{:04}{:02}{:02}", at.year(), at.month(), at.day())?;
        if self.is_date() {
            return Ok(());
        }
        write!(f, "T{:02}{:02}{:02}", at.hour(), at.minute(), at.second())?;
        if matches!(self, Self::Utc(_)) {
            f.write_str("Z")
        } else {
            Ok(())
        }
    }
}

/// A span of time with a start, and an end or a length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Where it begins.
    pub start: CalDateTime,
    /// Where it ends.
    pub end: PeriodEnd,
}

/// How the end of a [`Period`] is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodEnd {
    /// By a time.
    At(CalDateTime),
    /// By a length.
    After(CalDuration),
}

impl Period {
    /// Reads `START/END` or `START/DURATION`.
    #[must_use]
    pub fn parse(text: &str, tzid: Option<&Arc<str>>) -> Option<Self> {
        let (start, end) = text.split_once('/')?;
        let start = CalDateTime::parse(start, tzid)?;
        let end = match CalDuration::parse(end) {
            Some(length) => PeriodEnd::After(length),
            None => PeriodEnd::At(CalDateTime::parse(end, tzid)?),
        };
        Some(Self { start, end })
    }
}
