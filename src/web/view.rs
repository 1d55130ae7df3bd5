//! What month and day have in common: one's calendars with their colours, their zone, and an entry
//! as it is shown.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Site;
use super::error::Failure;
use crate::base::{Kind, Timestamp};
use crate::calendar::{Calendar, CalendarRef, Calendars, Entry, OccurrencesIn};
use crate::ical::Window;
use crate::identity::Actor;

/// So many occurrences are read for one page.
pub(super) const ENTRIES_MAX: usize = 2000;

/// Colours for calendars that have none; each is told from the others in light and in dark.
const PALETTE: [&str; 8] = [
    "#2f6fde", "#d9480f", "#2b8a3e", "#9c36b5", "#0c8599", "#c2255c", "#a07800", "#5f3dc4",
];

/// One's calendars as pages show them.
pub(super) struct Home {
    pub(super) shown: Vec<Shown>,
    pub(super) zone: TimeZone,
}

/// A calendar as pages show it.
pub(super) struct Shown {
    pub(super) at: CalendarRef,
    pub(super) name: String,
    /// `#` and six hexadecimal digits.
    pub(super) color: String,
}

impl Home {
    /// The calendars of `actor`, in the zone of the first that names one.
    pub(super) async fn of(
        calendars: &Calendars,
        actor: &Actor,
        site: &Site,
    ) -> Result<Self, Failure> {
        let all = calendars.home(actor, &actor.handle).await?;
        let zone = all.iter().find_map(|one| one.properties.time_zone());
        let palette = PALETTE.into_iter().cycle();
        Ok(Self {
            zone: zone.unwrap_or_else(|| site.default_zone.clone()),
            shown: all.iter().zip(palette).map(Shown::new).collect(),
        })
    }

    /// What happens from `first` to `last`, both inclusive.
    pub(super) async fn entries(
        &self,
        calendars: &Calendars,
        actor: &Actor,
        (first, last): (Date, Date),
    ) -> Result<Vec<Entry>, Failure> {
        let begin = start_of(first, &self.zone)?;
        let window = Window::new(begin, start_of(super::grid::shifted(last, 1), &self.zone)?);
        let asked = OccurrencesIn {
            calendars: self.shown.iter().map(|one| one.at.clone()).collect(),
            window,
            zone: self.zone.clone(),
            limit: ENTRIES_MAX,
        };
        Ok(calendars.occurrences(actor, asked).await?)
    }

    /// The place of a calendar in the list; its colour has the class `c` and this number.
    pub(super) fn number(&self, entry: &Entry) -> usize {
        let mut shown = self.shown.iter();
        shown.position(|one| one.at == entry.calendar).unwrap_or(0)
    }

    /// The zone's name for people.
    pub(super) fn zone_name(&self) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        name.replace('_', " ")
    }

    /// The rules that give each calendar its colour: `.c0{--c:#2f6fde}`.
    pub(super) fn colors(&self) -> String {
        let rule = |(number, one): (usize, &Shown)| format!(".c{number}{{--c:{}}}", one.color);
        self.shown.iter().enumerate().map(rule).collect()
    }
}

impl Shown {
    fn new((calendar, spare): (&Calendar, &str)) -> Self {
        let own = calendar.properties.color().and_then(six_digits);
        let name = calendar.properties.display_name();
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        Self {
            at: calendar.at.clone(),
            name: name.unwrap_or(calendar.at.slug.as_str()).to_owned(),
            color: own.unwrap_or_else(|| spare.to_owned()),
        }
    }
}

/// `#RRGGBB` of `#RRGGBB` or `#RRGGBBAA`; nothing else may get into a style.
pub(super) fn six_digits(color: &str) -> Option<String> {
    let digits = color.trim().strip_prefix('#')?;
    let fits = matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| format!("#{}", digits.get(..6).unwrap_or_default()).to_lowercase())
}

/// When `date` begins in `zone`.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let zoned = date.to_zoned_datetime(zone.clone());
    zoned
        .map(|zoned| zoned.timestamp())
        .map_err(|_| Failure::plain(Kind::Malformed, "there is no such day"))
}

/// The summary, or words that say there is none.
pub(super) fn title_of(entry: &Entry) -> String {
    let title = entry.summary.trim();
    if title.is_empty() {
        return "(no title)".to_owned();
    }
    title.to_owned()
}
