//! Objects written anew for a REPORT: `expand` (RFC 4791 §9.6.5), `limit-recurrence-set` (§9.6.6)
//! and `limit-freebusy-set` (§9.6.7).

use jiff::tz::TimeZone;

use super::super::text::{Component, ContentLine, Entry};
use super::super::value::{CalDateTime, LocalTime, Period};
use super::super::window::Window;
use super::{CalendarObject, Completeness, Item, Kind, Occurrence, Range};

/// A calendar with one component for each occurrence.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The calendar: no recurrence properties, no `VTIMEZONE`, times in UTC.
    pub calendar: Component,
    /// Whether all occurrences are there.
    pub completeness: Completeness,
}

/// Properties that an occurrence does not keep.
const REPLACED: [&str; 8] = [
    "DTSTART",
    "DTEND",
    "DUE",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "RECURRENCE-ID",
];

impl CalendarObject {
    /// The occurrences inside the window as single components, at most `limit`.
    #[must_use]
    pub fn expand(&self, window: Window, default: &TimeZone, limit: usize) -> Expanded {
        let mut calendar = Component::new("VCALENDAR");
        for line in self.calendar.lines() {
            calendar.push(Entry::Line(line.tidied().into_owned()));
        }
        for item in &self.items {
            // What has no occurrences of its own is only told in UTC.
            let undated = item.kind == Kind::FreeBusy || item.anchor().is_none();
            if undated && self.overlaps(item.component, window, default) {
                let component = self.component(item.component);
                let single = component.map(|component| self.in_utc(component, default));
                calendar.push_all(single.map(Entry::Component));
            }
        }
        let occurrences = self.occurrences(window, default, limit);
        for occurrence in &occurrences.list {
            let single = self.single(occurrence, default);
            calendar.push_all(single.map(Entry::Component));
        }
        Expanded {
            calendar,
            completeness: occurrences.completeness,
        }
    }

    /// One occurrence as a component.
    fn single(&self, occurrence: &Occurrence, default: &TimeZone) -> Option<Component> {
        let (source, item) = (
            self.component(occurrence.component)?,
            self.item(occurrence.component)?,
        );
        let mut single = Component::new(source.name());
        let mut push = |name: &str, at: &CalDateTime| {
            single.push(Entry::Line(self.utc(at, default).to_line(name)));
        };
        if item.start.is_some() {
            push("DTSTART", &occurrence.dtstart);
        }
        if item.end.is_some() || occurrence.own_length {
            push(
                if item.kind == Kind::Todo {
                    "DUE"
                } else {
                    "DTEND"
                },
                &occurrence.dtend,
            );
        }
        if let Some(id) = &occurrence.recurrence_id {
            push("RECURRENCE-ID", id);
        }
        for entry in source.entries() {
            match entry {
                Entry::Line(line) if REPLACED.iter().any(|name| line.is(name)) => {}
                Entry::Line(line) if occurrence.own_length && line.is("DURATION") => {}
                Entry::Line(line) => single.push(Entry::Line(self.line_in_utc(line, default))),
                Entry::Component(inner) => {
                    single.push(Entry::Component(self.in_utc(inner, default)));
                }
            }
        }
        Some(single)
    }

    /// A copy of a component with its times in UTC.
    fn in_utc(&self, component: &Component, default: &TimeZone) -> Component {
        let mut copy = Component::new(component.name());
        for entry in component.entries() {
            copy.push(match entry {
                Entry::Line(line) => Entry::Line(self.line_in_utc(line, default)),
                Entry::Component(inner) => Entry::Component(self.in_utc(inner, default)),
            });
        }
        copy
    }

    fn line_in_utc(&self, line: &ContentLine, default: &TimeZone) -> ContentLine {
        let zoned = line
            .param("TZID")
            .and_then(|_| CalDateTime::from_line(line).ok());
        match zoned {
            Some(at) => self.utc(&at, default).to_line(line.name()),
            None => line.tidied().into_owned(),
        }
    }

    /// The same moment in UTC; days and floating times stay what they are.
    fn utc(&self, at: &CalDateTime, default: &TimeZone) -> CalDateTime {
        match at {
            CalDateTime::Zoned { .. } => {
                let second = self.zones.instant(at, default).as_second();
                CalDateTime::Utc(LocalTime(second).to_civil())
            }
            CalDateTime::Date(_) | CalDateTime::Floating(_) | CalDateTime::Utc(_) => at.clone(),
        }
    }

    /// The object without the overrides that touch the window neither where they are nor where
    /// the instance they replace was.
    #[must_use]
    pub fn limit_recurrence_set(&self, window: Window, default: &TimeZone) -> Component {
        let mut calendar = Component::new(self.calendar.name());
        let mut index = 0;
        for entry in self.calendar.entries() {
            let kept = match entry {
                Entry::Line(_) => true,
                Entry::Component(_) => {
                    index += 1;
                    self.item(index - 1)
                        .is_none_or(|item| self.matters(item, window, default))
                }
            };
            calendar.push_all(kept.then(|| entry.clone()));
        }
        calendar
    }

    fn matters(&self, item: &Item, window: Window, default: &TimeZone) -> bool {
        let Some(id) = &item.recurrence_id else {
            return true;
        };
        let anchor = self.master().and_then(Item::anchor);
        let was = self.instant_of_id(id, anchor, default);
        let length = self
            .master()
            .map(|master| master.length(&self.zones, default));
        let until = super::super::value::add_seconds(
            was,
            length.map_or(0, super::super::value::CalDuration::nominal_seconds),
        );
        item.range == Range::ThisAndFuture
            || window.overlaps(was, until)
            || self.overlaps(item.component, window, default)
    }

    /// The object with only those busy periods that overlap the window.
    #[must_use]
    pub fn limit_freebusy_set(&self, window: Window, default: &TimeZone) -> Component {
        let mut calendar = Component::new(self.calendar.name());
        for entry in self.calendar.entries() {
            calendar.push(match entry {
                Entry::Component(component) if component.is("VFREEBUSY") => {
                    Entry::Component(self.limited_free_busy(component, window, default))
                }
                other => other.clone(),
            });
        }
        calendar
    }

    fn limited_free_busy(
        &self,
        component: &Component,
        window: Window,
        default: &TimeZone,
    ) -> Component {
        let overlaps = |text: &&str| {
            Period::parse(text, None).is_none_or(|period| {
                let (start, end) = self.zones.period(&period, default);
                window.overlaps(start, end)
            })
        };
        let mut copy = Component::new(component.name());
        for entry in component.entries() {
            match entry {
                Entry::Line(line) if line.is("FREEBUSY") => {
                    let kept: Vec<&str> = line.value().split(',').filter(overlaps).collect();
                    copy.push_all(
                        (!kept.is_empty()).then(|| Entry::Line(line.with_value(&kept.join(",")))),
                    );
                }
                other => copy.push(other.clone()),
            }
        }
        copy
    }
}
