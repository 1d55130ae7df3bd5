//! `GET /`: a month of one's calendars.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::Site;
use super::error::Failure;
use super::grid::{self, Day, Line};
use super::page::{Frame, render};
use super::signed_in::SignedIn;
use super::view::{ENTRIES_MAX, Home, title_of};
use crate::base::Kind;
use crate::calendar::{Calendars, Entry};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    month: Option<String>,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage<'a> {
    frame: &'a Frame,
    heading: String,
    /// `YYYY-MM`; none at the end of time.
    previous: Option<String>,
    next: Option<String>,
    zone: String,
    colors: String,
    calendars: Vec<&'a str>,
    weeks: Vec<Vec<Cell>>,
    truncated: bool,
}

/// A day as the template writes it.
struct Cell {
    /// `YYYY-MM-DD`.
    date: String,
    number: i8,
    /// For those who hear the page: `Monday, 2 November 2026`.
    spoken: String,
    today: bool,
    elsewhere: bool,
    lines: Vec<Chip>,
    more: usize,
}

/// An entry as the template writes it.
struct Chip {
    gap: bool,
    class: String,
    /// `09:30`; empty for whole days.
    time: String,
    title: String,
    named: bool,
}

/// Shows the month that was asked for, else the present one.
pub(super) async fn get(
    State(site): State<Site>,
    State(calendars): State<Calendars>,
    SignedIn(actor): SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let home = Home::of(&calendars, &actor, &site).await?;
    let today = site.clock.now().to_zoned_datetime(home.zone.clone()).date();
    let first = match &asked.month {
        Some(text) => first_of(text)?,
        None => today.first_of_month(),
    };
    let entries = home
        .entries(&calendars, &actor, grid::around(first))
        .await?;
    let grid = grid::lay_out(first, &entries, &home.zone);
    let heading = first.strftime("%B %Y").to_string();
    let frame = Frame::own(&heading, "calendar", &actor);
    let name = |date: Date| date.strftime("%Y-%m").to_string();
    let page = MonthPage {
        frame: &frame,
        previous: first.checked_sub(1.month()).ok().map(name),
        next: first.checked_add(1.month()).ok().map(name),
        heading,
        zone: home.zone_name(),
        colors: home.colors(),
        calendars: home.shown.iter().map(|one| one.name.as_str()).collect(),
        weeks: grid
            .weeks
            .iter()
            .map(|week| {
                let cell = |day: &Day<'_>| cell(day, (first, today), &home);
                week.iter().map(cell).collect()
            })
            .collect(),
        truncated: entries.len() >= ENTRIES_MAX,
    };
    Ok(render(StatusCode::OK, &page, &frame))
}

fn first_of(text: &str) -> Result<Date, Failure> {
    let date = (text.len() == 7).then(|| format!("{text}-01").parse::<Date>().ok());
    date.flatten()
        .filter(|date| (1900..=2200).contains(&date.year()))
        .ok_or_else(|| {
            let message = "a month is written as 2026-11, from 1900-01 to 2200-12";
            Failure::plain(Kind::Malformed, message)
        })
}

fn cell(day: &Day<'_>, (first, today): (Date, Date), home: &Home) -> Cell {
    let elsewhere = day.date.month() != first.month();
    Cell {
        date: day.date.to_string(),
        number: day.date.day(),
        spoken: day.date.strftime("%A, %-d %B %Y").to_string(),
        today: day.date == today,
        elsewhere,
        lines: day.lines.iter().map(|line| chip(line, home)).collect(),
        more: day.more,
    }
}

fn chip(line: &Line<'_>, home: &Home) -> Chip {
    let time = |entry: &Entry| {
        let start = entry.start.to_zoned_datetime(home.zone.clone());
        start.strftime("%H:%M").to_string()
    };
    match *line {
        Line::Gap => Chip {
            gap: true,
            class: String::new(),
            time: String::new(),
            title: String::new(),
            named: false,
        },
        Line::Timed(entry) => Chip {
            gap: false,
            class: format!("timed c{}", home.number(entry)),
            time: time(entry),
            title: title_of(entry),
            named: true,
        },
        Line::Bar {
            entry,
            begins,
            ends,
            named,
        } => Chip {
            gap: false,
            class: format!(
                "bar c{}{}{}",
                home.number(entry),
                if begins { " begins" } else { "" },
                if ends { " ends" } else { "" }
            ),
            time: if entry.all_day || !begins {
                String::new()
            } else {
                time(entry)
            },
            title: title_of(entry),
            named,
        },
    }
}
