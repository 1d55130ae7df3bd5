//! One component of a calendar object with its times as values.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::error::IcalError;
use super::super::recur::Recur;
use super::super::text::{Component, ContentLine, unescape_text};
use super::super::value::{CalDateTime, CalDuration, Period, PeriodEnd};
use super::super::zone::Zones;
use super::alarm::Alarm;

/// The components that a calendar is made of (RFC 5545 §3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `VEVENT`.
    Event,
    /// `VTODO`.
    Todo,
    /// `VJOURNAL`.
    Journal,
    /// `VFREEBUSY`.
    FreeBusy,
}

impl Kind {
    /// The kind of a component name, in any letter case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Event, Self::Todo, Self::Journal, Self::FreeBusy];
        all.into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The component name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
            Self::Journal => "VJOURNAL",
            Self::FreeBusy => "VFREEBUSY",
        }
    }
}

/// What an override replaces (RFC 5545 §3.2.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// The one instance.
    This,
    /// The instance and all later ones.
    ThisAndFuture,
}

/// An RDATE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RDate {
    At(CalDateTime),
    Period(Period),
}

/// A component of one of the four kinds, its times read.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its place among the components of the calendar.
    pub component: usize,
    /// Which kind it is.
    pub kind: Kind,
    /// `UID`, unescaped and without blanks around it.
    pub uid: Option<String>,
    /// `RECURRENCE-ID`: which instance it replaces; `None` for a master.
    pub recurrence_id: Option<CalDateTime>,
    /// How far an override reaches.
    pub range: Range,
    /// `DTSTART`.
    pub start: Option<CalDateTime>,
    /// `DTEND`, or `DUE` of a task.
    pub end: Option<CalDateTime>,
    /// `DURATION`.
    pub duration: Option<CalDuration>,
    /// `COMPLETED`.
    pub completed: Option<CalDateTime>,
    /// `CREATED`.
    pub created: Option<CalDateTime>,
    pub(crate) rules: Vec<Recur>,
    pub(crate) rdates: Vec<RDate>,
    pub(crate) exdates: Vec<CalDateTime>,
    pub(crate) free_busy: Vec<Period>,
    pub(crate) alarms: Vec<Alarm>,
}

impl Item {
    /// Reads a component of this kind.
    ///
    /// # Errors
    /// The first property that tells a time and cannot be read.
    pub(crate) fn read(component: &Component, index: usize, kind: Kind) -> Result<Self, IcalError> {
        let mut item = Self {
            component: index,
            kind,
            uid: None,
            recurrence_id: None,
            range: Range::This,
            start: None,
            end: None,
            duration: None,
            completed: None,
            created: None,
            rules: Vec::new(),
            rdates: Vec::new(),
            exdates: Vec::new(),
            free_busy: Vec::new(),
            alarms: Vec::new(),
        };
        for line in component.lines() {
            item.read_line(line)?;
        }
        for (index, inner) in component.components().enumerate() {
            if inner.is("VALARM") {
                item.alarms.extend(Alarm::read(inner, index)?);
            }
        }
        Ok(item)
    }

    fn read_line(&mut self, line: &ContentLine) -> Result<(), IcalError> {
        let name = line.name();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // The first letter spares most lines the comparisons.
        match name.as_bytes().first().map(u8::to_ascii_uppercase) {
            Some(b'D') if is("DTSTART") => self.start = Some(CalDateTime::from_line(line)?),
            Some(b'D') if is("DTEND") || (self.kind == Kind::Todo && is("DUE")) => {
                self.end = Some(CalDateTime::from_line(line)?);
            }
            Some(b'D') if is("DURATION") => {
                let length = CalDuration::parse(line.value());
                self.duration = Some(length.ok_or_else(|| line.error("a duration as PT1H"))?);
            }
            Some(b'R') if is("RECURRENCE-ID") => {
                self.recurrence_id = Some(CalDateTime::from_line(line)?);
                let range = line.param("RANGE");
                if range.is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE")) {
                    self.range = Range::ThisAndFuture;
                }
            }
            Some(b'R') if is("RRULE") => {
                self.rules
                    .push(Recur::parse(line.value()).map_err(|wanted| line.error(wanted))?);
            }
            Some(b'R') if is("RDATE") => self.read_rdates(line)?,
            Some(b'E') if is("EXDATE") => self.exdates.extend(CalDateTime::list_from_line(line)?),
            Some(b'U') if is("UID") && self.uid.is_none() => {
                let uid = unescape_text(line.value()).trim().to_owned();
                self.uid = Some(uid).filter(|uid| !uid.is_empty());
            }
            // These two decide nothing but whether a task without dates is found.
            Some(b'C') if is("COMPLETED") => self.completed = CalDateTime::from_line(line).ok(),
            Some(b'C') if is("CREATED") => self.created = CalDateTime::from_line(line).ok(),
            Some(b'F') if is("FREEBUSY") => self.read_free_busy(line)?,
            _ => {}
        }
        Ok(())
    }

    fn read_rdates(&mut self, line: &ContentLine) -> Result<(), IcalError> {
        let tzid = CalDateTime::tzid_of(line);
        for text in line
            .value()
            .split(',')
            .filter(|text| !text.trim().is_empty())
        {
            let at = CalDateTime::parse(text, tzid.as_ref()).map(RDate::At);
            let date = at.or_else(|| Period::parse(text, tzid.as_ref()).map(RDate::Period));
            self.rdates
                .push(date.ok_or_else(|| line.error("dates or periods"))?);
        }
        Ok(())
    }

    fn read_free_busy(&mut self, line: &ContentLine) -> Result<(), IcalError> {
        for text in line
            .value()
            .split(',')
            .filter(|text| !text.trim().is_empty())
        {
            let period = Period::parse(text, None);
            self.free_busy
                .push(period.ok_or_else(|| line.error("periods as START/END"))?);
        }
        Ok(())
    }

    /// Makes all zones that the item's times name known.
    pub(crate) fn learn_zones(&self, zones: &mut Zones, calendar: &Component) {
        let single = [
            &self.start,
            &self.end,
            &self.recurrence_id,
            &self.completed,
            &self.created,
        ];
        single
            .into_iter()
            .flatten()
            .for_each(|at| zones.learn(at, calendar));
        self.exdates.iter().for_each(|at| zones.learn(at, calendar));
        for date in &self.rdates {
            match date {
                RDate::At(at) => zones.learn(at, calendar),
                RDate::Period(Period { start, end }) => {
                    zones.learn(start, calendar);
                    if let PeriodEnd::At(end) = end {
                        zones.learn(end, calendar);
                    }
                }
            }
        }
        self.alarms
            .iter()
            .filter_map(Alarm::absolute)
            .for_each(|at| zones.learn(at, calendar));
    }

    /// Whether it stands for several instances.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        !self.rules.is_empty() || !self.rdates.is_empty()
    }

    /// The time it hangs on: its start, or the due time of a task without one.
    #[must_use]
    pub fn anchor(&self) -> Option<&CalDateTime> {
        let due = if self.kind == Kind::Todo {
            self.end.as_ref()
        } else {
            None
        };
        self.start.as_ref().or(due)
    }

    /// The length of each instance. DTEND tells an exact length, DURATION a nominal one (RFC 5545
    /// §3.8.5.3); an event on days lasts at least one, an end before the start is none.
    pub(crate) fn length(&self, zones: &Zones, default: &TimeZone) -> CalDuration {
        let Some(start) = &self.start else {
            return CalDuration::default();
        };
        let whole_day = start.is_date() && matches!(self.kind, Kind::Event | Kind::Journal);
        let least = CalDuration::from_days(i64::from(whole_day));
        let length = match (&self.end, self.duration) {
            (Some(end), _) if start.is_date() => {
                CalDuration::from_days(end.local().day() - start.local().day())
            }
            (Some(end), _) => CalDuration::from_seconds(seconds_between(
                zones.instant(start, default),
                zones.instant(end, default),
            )),
            (None, Some(duration)) => duration,
            (None, None) => least,
        };
        if length.nominal_seconds() < least.nominal_seconds() {
            least
        } else {
            length
        }
    }
}

pub(crate) fn seconds_between(start: Timestamp, end: Timestamp) -> i64 {
    end.duration_since(start).as_secs()
}
