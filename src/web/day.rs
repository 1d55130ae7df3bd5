//! `GET /day`: everything on one day.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;

use super::Site;
use super::error::Failure;
use super::grid::{days_of, shifted};
use super::page::{Frame, render};
use super::signed_in::SignedIn;
use super::view::{Home, title_of};
use crate::base::Kind;
use crate::calendar::{Calendars, Entry};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    date: Option<String>,
}

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage<'a> {
    frame: &'a Frame,
    heading: String,
    previous: String,
    next: String,
    month: String,
    zone: String,
    colors: String,
    rows: Vec<Row<'a>>,
}

/// An entry as the template writes it.
struct Row<'a> {
    class: String,
    when: String,
    title: String,
    place: Option<&'a str>,
    calendar: &'a str,
    /// `to-do`, `journal`, or nothing.
    kind: &'static str,
    repeats: bool,
}

/// Shows the day that was asked for, else today.
pub(super) async fn get(
    State(site): State<Site>,
    State(calendars): State<Calendars>,
    SignedIn(actor): SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let home = Home::of(&calendars, &actor, &site).await?;
    let date = match &asked.date {
        Some(text) => date_of(text)?,
        None => site.clock.now().to_zoned_datetime(home.zone.clone()).date(),
    };
    let entries = home.entries(&calendars, &actor, (date, date)).await?;
    let heading = date.strftime("%A, %-d %B %Y").to_string();
    let frame = Frame::own(&heading, "calendar", &actor);
    let page = DayPage {
        frame: &frame,
        heading,
        previous: shifted(date, -1).to_string(),
        next: shifted(date, 1).to_string(),
        month: date.strftime("%Y-%m").to_string(),
        zone: home.zone_name(),
        colors: home.colors(),
        rows: entries
            .iter()
            .map(|entry| row(entry, date, &home))
            .collect(),
    };
    Ok(render(StatusCode::OK, &page, &frame))
}

/// The day that is written.
pub(super) fn date_of(text: &str) -> Result<Date, Failure> {
    let date = (text.len() == 10).then(|| text.parse::<Date>().ok());
    date.flatten()
        .filter(|date| (1900..=2200).contains(&date.year()))
        .ok_or_else(|| {
            let message = "a day is written as 2026-11-05, from 1900 to 2200";
            Failure::plain(Kind::Malformed, message)
        })
}

fn row<'a>(entry: &'a Entry, date: Date, home: &'a Home) -> Row<'a> {
    let number = home.number(entry);
    Row {
        class: format!("c{number}"),
        when: when(entry, date, home),
        title: title_of(entry),
        place: entry
            .location
            .as_deref()
            .filter(|place| !place.trim().is_empty()),
        calendar: home.shown.get(number).map_or("", |one| one.name.as_str()),
        kind: match entry.component.as_str() {
            "VTODO" => "to-do",
            "VJOURNAL" => "journal",
            _ => "",
        },
        repeats: entry.recurring,
    }
}

/// `All day`, `09:30–10:15`, or with days where it begins or ends on another.
fn when(entry: &Entry, date: Date, home: &Home) -> String {
    let (first, last) = days_of(entry, &home.zone);
    let day = |date: Date| date.strftime("%-d %b").to_string();
    if entry.all_day {
        return if first == last {
            "All day".to_owned()
        } else {
            format!("{} – {}", day(first), day(last))
        };
    }
    let time = |at: crate::base::Timestamp, on: Date| {
        let time = at
            .to_zoned_datetime(home.zone.clone())
            .strftime("%H:%M")
            .to_string();
        if on == date {
            time
        } else {
            format!("{} {time}", day(on))
        }
    };
    if entry.start == entry.end {
        return time(entry.start, first);
    }
    let end_day = entry.end.to_zoned_datetime(home.zone.clone()).date();
    // What ends at midnight ends on the day before.
    let end = if end_day == last {
        time(entry.end, last)
    } else if last == date {
        "24:00".to_owned()
    } else {
        format!("{} 24:00", day(last))
    };
    format!("{}–{end}", time(entry.start, first))
}
