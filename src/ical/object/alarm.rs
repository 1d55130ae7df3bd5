//! `VALARM` (RFC 5545 §3.6.6): when it goes off.

use jiff::Timestamp;

use super::super::error::IcalError;
use super::super::text::Component;
use super::super::value::{CalDateTime, CalDuration};
use super::super::window::Window;

/// An alarm inside an item.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    /// Its place among the components of the item.
    pub(crate) component: usize,
    pub(crate) trigger: Trigger,
    /// How often it goes off again.
    repeat: i64,
    /// Seconds between two repetitions.
    every: i64,
}

/// When an alarm goes off first.
#[derive(Debug, Clone)]
pub(crate) enum Trigger {
    /// Once, whatever the item does.
    Absolute(CalDateTime),
    /// So long after the start of each instance, before when negative.
    FromStart(CalDuration),
    /// So long after the end of each instance.
    FromEnd(CalDuration),
}

impl Alarm {
    /// Reads an alarm; `None` when it has no trigger and so never goes off.
    pub(crate) fn read(component: &Component, index: usize) -> Result<Option<Self>, IcalError> {
        let Some(line) = component.first("TRIGGER") else {
            return Ok(None);
        };
        let trigger = match CalDuration::parse(line.value()) {
            None => Trigger::Absolute(CalDateTime::from_line(line).map_err(|_| {
                line.error("a duration such as -PT15M or a time in UTC such as 20270201T085000Z")
            })?),
            Some(offset) => {
                let related = line.param("RELATED");
                if related.is_some_and(|related| related.eq_ignore_ascii_case("END")) {
                    Trigger::FromEnd(offset)
                } else {
                    Trigger::FromStart(offset)
                }
            }
        };
        let number = |name| {
            component
                .first(name)
                .and_then(|line| line.value().trim().parse().ok())
        };
        let every = component
            .first("DURATION")
            .and_then(|line| CalDuration::parse(line.value()));
        let every = every.map_or(0, CalDuration::nominal_seconds).max(0);
        let repeat = if every > 0 {
            number("REPEAT").unwrap_or(0_i64).clamp(0, 1_000_000)
        } else {
            0
        };
        Ok(Some(Self {
            component: index,
            trigger,
            repeat,
            every,
        }))
    }

    pub(crate) fn absolute(&self) -> Option<&CalDateTime> {
        match &self.trigger {
            Trigger::Absolute(at) => Some(at),
            Trigger::FromStart(_) | Trigger::FromEnd(_) => None,
        }
    }

    /// Seconds from the first time it goes off to the last.
    pub(crate) fn span_seconds(&self) -> i64 {
        self.repeat.saturating_mul(self.every)
    }

    /// Whether it goes off inside the window when `first` is the first time.
    pub(crate) fn fires(&self, first: Timestamp, window: Window) -> bool {
        let (first, last) = (first.as_second(), first.as_second() + self.span_seconds());
        // The first repetition that is not before the window.
        let from = window
            .from
            .map_or(first, |from| from.as_second().max(first));
        let missed = if self.every > 0 {
            (from - first + self.every - 1) / self.every
        } else {
            0
        };
        let at = first + missed * self.every;
        at <= last && Timestamp::from_second(at).is_ok_and(|at| window.contains(at))
    }
}
