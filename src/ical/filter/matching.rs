//! Holds filters against objects.

use jiff::tz::TimeZone;

use super::super::object::{CalendarObject, Kind};
use super::super::text::{Component, ContentLine, unescape_text};
use super::super::value::CalDateTime;
use super::super::window::Window;
use super::{CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest};

/// Where in the object a component stands.
#[derive(Clone, Copy)]
enum Place {
    Calendar,
    /// Its place among the components of the calendar.
    Item(usize),
    /// The place of its item, and its own place in there.
    Inner(usize, usize),
    Deeper,
}

impl Place {
    const fn inside(self, index: usize) -> Self {
        match self {
            Self::Calendar => Self::Item(index),
            Self::Item(item) => Self::Inner(item, index),
            Self::Inner(..) | Self::Deeper => Self::Deeper,
        }
    }
}

#[derive(Clone, Copy)]
struct Subject<'o> {
    object: &'o CalendarObject,
    default: &'o TimeZone,
}

impl CompFilter {
    /// Whether the object satisfies the filter; `default` is the zone for days, floating times and
    /// names that nobody knows.
    #[must_use]
    pub fn matches(&self, object: &CalendarObject, default: &TimeZone) -> bool {
        let subject = Subject { object, default };
        subject.comp(self, &[(Place::Calendar, object.calendar())])
    }

    /// A window that every object satisfying the filter overlaps, if the filter tells one: what an
    /// index of bounds can be asked. Time ranges of alarms tell none.
    #[must_use]
    pub fn required_window(&self) -> Option<Window> {
        self.inner_of_calendar()
            .find_map(|inner| match &inner.test {
                CompTest::Matches { time_range, .. } => *time_range,
                CompTest::NotDefined => None,
            })
    }

    /// The kind that every object satisfying the filter has, if the filter tells one.
    #[must_use]
    pub fn required_kind(&self) -> Option<Kind> {
        self.inner_of_calendar()
            .filter(|inner| inner.test != CompTest::NotDefined)
            .find_map(|inner| Kind::of(&inner.name))
    }

    fn inner_of_calendar(&self) -> impl Iterator<Item = &Self> {
        let comps = match &self.test {
            CompTest::Matches { comps, .. } => comps.as_slice(),
            CompTest::NotDefined => &[],
        };
        comps.iter()
    }
}

impl Subject<'_> {
    /// Whether one of the candidates satisfies the filter.
    fn comp(self, filter: &CompFilter, candidates: &[(Place, &Component)]) -> bool {
        let mut named = candidates
            .iter()
            .filter(|(_, component)| component.is(&filter.name));
        match &filter.test {
            CompTest::NotDefined => named.next().is_none(),
            CompTest::Matches {
                time_range,
                props,
                comps,
            } => named.any(|(place, component)| {
                // Cheap questions first.
                props.iter().all(|prop| self.prop(prop, component))
                    && self.comps(comps, *place, component)
                    && time_range.is_none_or(|window| self.time_range(*place, window))
            }),
        }
    }

    fn comps(self, filters: &[CompFilter], place: Place, component: &Component) -> bool {
        if filters.is_empty() {
            return true;
        }
        let inner = component.components().enumerate();
        let inner: Vec<_> = inner
            .map(|(index, inner)| (place.inside(index), inner))
            .collect();
        filters.iter().all(|filter| self.comp(filter, &inner))
    }

    fn time_range(self, place: Place, window: Window) -> bool {
        match place {
            Place::Calendar => self.object.overlaps_any(window, self.default),
            Place::Item(item) => self.object.overlaps(item, window, self.default),
            Place::Inner(item, alarm) => self.object.alarm_fires(item, alarm, window, self.default),
            Place::Deeper => false,
        }
    }

    fn prop(self, filter: &PropFilter, component: &Component) -> bool {
        let mut named = component.lines().filter(|line| line.is(&filter.name));
        match &filter.test {
            PropTest::NotDefined => named.next().is_none(),
            PropTest::Matches {
                time_range,
                text,
                params,
            } => named.any(|line| {
                text.as_ref()
                    .is_none_or(|text| text.matches(&unescape_text(line.value())))
                    && params.iter().all(|filter| param(filter, line))
                    && time_range.is_none_or(|window| self.tells_time_in(line, window))
            }),
        }
    }

    fn tells_time_in(self, line: &ContentLine, window: Window) -> bool {
        let times = CalDateTime::list_from_line(line).unwrap_or_default();
        times
            .iter()
            .any(|at| window.contains(self.object.zones().instant(at, self.default)))
    }
}

fn param(filter: &ParamFilter, line: &ContentLine) -> bool {
    let value = line.param(&filter.name);
    match &filter.test {
        ParamTest::NotDefined => value.is_none(),
        ParamTest::Defined => value.is_some(),
        ParamTest::Text(text) => value.is_some_and(|value| text.matches(&value)),
    }
}
