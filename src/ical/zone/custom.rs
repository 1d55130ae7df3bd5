//! Zones that a calendar brings along as `VTIMEZONE` (RFC 5545 §3.6.5), for names nobody else
//! knows.
//!
//! The onsets of all its observances become one list of transitions, handed to jiff as `TZif`
//! (RFC 9636 §3). After [`LAST_YEAR`] the last offset stays; before the first onset the offset that
//! it changes from holds.

use jiff::tz::TimeZone;

use super::super::recur::{Fuel, Recur, RuleDates, Step, Until};
use super::super::text::{Component, ContentLine};
use super::super::value::{CalDateTime, LocalTime};

/// Onsets of rules without an end are written out up to here.
const LAST_YEAR: i16 = 2200;
/// A rule's onsets beyond this number are left out; one a year would need centuries for it.
const MAX_ONSETS: usize = 1000;

/// One change of the clocks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Onset {
    /// Seconds since 1970-01-01T00:00:00Z.
    at: i64,
    from: i32,
    to: i32,
    is_daylight: bool,
}

/// The zone that `calendar` defines under this name.
pub(super) fn in_calendar(calendar: &Component, tzid: &str) -> Option<TimeZone> {
    let named = |component: &&Component| {
        component.is("VTIMEZONE")
            && component
                .first("TZID")
                .is_some_and(|line| line.value().trim() == tzid)
    };
    let definition = calendar.components().find(named)?;
    let location = definition
        .first("X-LIC-LOCATION")
        .and_then(|line| super::by_name(line.value()));
    location.or_else(|| from_observances(definition))
}

fn from_observances(definition: &Component) -> Option<TimeZone> {
    let mut onsets = Vec::new();
    for observance in definition.components() {
        collect(observance, &mut onsets);
    }
    onsets.sort_unstable();
    onsets.dedup_by_key(|onset| onset.at);
    TimeZone::tzif("", &tzif(&onsets)?).ok()
}

/// Adds the onsets of one `STANDARD` or `DAYLIGHT`; nothing when it cannot be read.
fn collect(observance: &Component, onsets: &mut Vec<Onset>) -> Option<()> {
    let offset = |name| observance.first(name).and_then(offset_seconds);
    let (from, to) = (offset("TZOFFSETFROM")?, offset("TZOFFSETTO")?);
    let start = CalDateTime::from_line(observance.first("DTSTART")?)
        .ok()?
        .local();
    let is_daylight = observance.is("DAYLIGHT");
    let mut add = |local: LocalTime| {
        onsets.push(Onset {
            at: local.0 - i64::from(from),
            from,
            to,
            is_daylight,
        });
    };
    add(start);
    for line in observance.lines() {
        if line.is("RDATE") {
            CalDateTime::list_from_line(line)
                .ok()?
                .iter()
                .for_each(|at| add(at.local()));
        } else if line.is("RRULE") {
            let mut rule = Recur::parse(line.value()).ok()?;
            // UNTIL is told in UTC; the onsets are told on the clock before the change.
            if let Some(Until::Utc(until)) = &mut rule.until {
                *until = LocalTime::from_civil(*until).plus(from.into()).to_civil();
            }
            let mut dates = RuleDates::new(&rule, start);
            let mut fuel = Fuel::default();
            let count = rule
                .count
                .map_or(MAX_ONSETS, |count| count as usize)
                .min(MAX_ONSETS);
            for _ in 0..count {
                match dates.next(&mut fuel) {
                    Step::At(local) if local.to_civil().year() <= LAST_YEAR => add(local),
                    _ => break,
                }
            }
        }
    }
    Some(())
}

/// `+HHMM` or `+HHMMSS` (§3.3.14).
fn offset_seconds(line: &ContentLine) -> Option<i32> {
    let text = line.value().trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let part = |at: usize| digits.get(at..at + 2)?.parse::<i32>().ok();
    let seconds = part(0)? * 3600 + part(2)? * 60 + part(4).unwrap_or(0);
    (seconds < 26 * 3600).then_some(sign * seconds)
}

/// A `TZif` file, version 2, without a footer.
fn tzif(onsets: &[Onset]) -> Option<Vec<u8>> {
    let first = onsets.first()?;
    let mut types = vec![(first.from, false)];
    let mut indices = Vec::with_capacity(onsets.len());
    for onset in onsets {
        let kind = (onset.to, onset.is_daylight);
        let at = types
            .iter()
            .position(|known| *known == kind)
            .unwrap_or_else(|| {
                types.push(kind);
                types.len() - 1
            });
        indices.push(u8::try_from(at).ok()?);
    }
    let mut file = Vec::with_capacity(128 + onsets.len() * 9);
    header(&mut file, 0, 1);
    file.extend([0; 6]);
    file.extend(b"\0");
    header(
        &mut file,
        u32::try_from(onsets.len()).ok()?,
        u32::try_from(types.len()).ok()?,
    );
    for onset in onsets {
        file.extend(onset.at.to_be_bytes());
    }
    file.extend(indices);
    for (offset, is_daylight) in types {
        file.extend(offset.to_be_bytes());
        file.extend([u8::from(is_daylight), 0]);
    }
    file.extend(b"\0\n\n");
    Some(file)
}

fn header(file: &mut Vec<u8>, transitions: u32, types: u32) {
    file.extend(b"TZif2");
    file.extend([0; 15]);
    // Indicators UT and standard, leap seconds, transitions, types, characters of designations.
    for count in [0, 0, 0, transitions, types, 1] {
        file.extend(count.to_be_bytes());
    }
}
