//! Where strangers report a weakness (RFC 9116), as operators write it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Settings, Unfit, schema::written_as_text};
use crate::base::Timestamp;

/// RFC 9116 §2.5.5 recommends less than a year.
const AHEAD_DAYS: i64 = 366;

/// An address that takes reports (RFC 9116 §2.5.3): `mailto:` or `https:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecurityContact(Url);

written_as_text!(
    SecurityContact,
    "an address that begins with `mailto:` or `https:`"
);

impl FromStr for SecurityContact {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let url = Url::parse(text).ok().filter(|url| match url.scheme() {
            "mailto" => {
                url.path()
                    .split('@')
                    .filter(|part| !part.is_empty())
                    .count()
                    == 2
            }
            "https" => url.has_host() && url.username().is_empty() && url.password().is_none(),
            _ => false,
        });
        url.map(Self).ok_or_else(|| {
            Unfit::because(
                "write a mailbox, `mailto:security@example.org`, or a page, \
                 `https://example.org/report`",
            )
        })
    }
}

impl fmt::Display for SecurityContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A day of the calendar, `2027-06-30`; where an instant is wanted, its begin in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

written_as_text!(Day, "a day in quotes, such as `2027-06-30`");

impl Day {
    /// Its begin in UTC.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        let begin = TimeZone::UTC.to_timestamp(self.0.at(0, 0, 0, 0));
        begin.unwrap_or(Timestamp::MAX)
    }
}

impl FromStr for Day {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let day = text.parse::<Date>().ok();
        day.filter(|day| day.to_string() == text)
            .map(Self)
            .ok_or_else(|| Unfit::because("write year, month and day: `2027-06-30`"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Settings {
    /// What is allowed and yet wants somebody, at `now`: sentences for the check, the start and the
    /// doctor. A day that passes must not keep a service from starting.
    #[must_use]
    pub fn advice(&self, now: Timestamp) -> Vec<String> {
        const KEY: &str = "server.security_expires";
        let Some(expires) = self.server.security_expires else {
            return Vec::new();
        };
        let wanted =
            "write a day within a year, after having made sure that the contacts are right";
        let days = (expires.begin().as_second() - now.as_second()).div_euclid(86_400);
        let mut advice = Vec::new();
        if days < 0 {
            advice.push(format!(
                "`{KEY}` is {expires}, which is over, so that nobody believes \
                 `server.security_contact` any more: {wanted}"
            ));
        } else if days > AHEAD_DAYS {
            advice.push(format!(
                "`{KEY}` is {expires}, more than a year ahead (RFC 9116 section 2.5.5): {wanted}"
            ));
        }
        if self.server.security_contact.is_empty() {
            advice.push(format!(
                "`{KEY}` has no effect without `server.security_contact`: name a contact, or \
                 remove it"
            ));
        }
        advice
    }
}
