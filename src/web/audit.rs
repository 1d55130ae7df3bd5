//! `GET /audit`: who did what, for auditors.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::Site;
use super::day::date_of;
use super::error::Failure;
use super::grid::shifted;
use super::page::{Frame, address, render};
use super::signed_in::SignedIn;
use super::view::start_of;
use crate::audit::{Asked, Revealed, Told};
use crate::base::Timestamp;
use crate::identity::{Identity, history};

/// So many entries are on a page.
const ENTRIES: usize = 50;

/// What the form above the list sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    action: String,
    actor: String,
    subject: String,
    /// The first and the last day, as `YYYY-MM-DD`.
    from: String,
    to: String,
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: &'a Frame,
    wanted: &'a Wanted,
    presets: Vec<Preset>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// A link above the list.
struct Preset {
    name: &'static str,
    action: &'static str,
    is_here: bool,
}

/// An entry as the template writes it.
struct Row {
    seq: i64,
    instant: String,
    time: String,
    action: String,
    actor: String,
    subject: String,
    facts: Vec<Fact>,
}

/// A word and what it says.
struct Fact {
    name: String,
    value: String,
}

/// What auditors ask for most.
const PRESETS: [(&str, &str); 7] = [
    ("Everything", ""),
    ("Sessions", "identity.session."),
    ("Sign-in refused", "identity.sign-in.refused"),
    ("Token refused", "identity.credential.refused"),
    ("People", "identity.principal."),
    ("Roles", "identity.role."),
    ("Inventory", "inventory."),
];

/// Shows a page of the audit.
pub(super) async fn get(
    State(site): State<Site>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let zone = &site.default_zone;
    let said = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let asked = Asked {
        action: said(&wanted.action),
        actor: said(&wanted.actor),
        subject: said(&wanted.subject),
        from: day(&wanted.from, zone, 0)?,
        until: day(&wanted.to, zone, 1)?,
        before: wanted.before,
        limit: ENTRIES,
    };
    let page = history::page(&identity, &actor, asked).await?;
    let frame = Frame::own("Audit", "audit", &actor);
    let preset = |(name, action): (&'static str, &'static str)| Preset {
        name,
        action,
        is_here: wanted.action == action,
    };
    let shown = AuditPage {
        frame: &frame,
        wanted: &wanted,
        presets: PRESETS.into_iter().map(preset).collect(),
        rows: page.entries.iter().map(|told| row(told, zone)).collect(),
        next: page.next.map(|before| link(&wanted, before)),
    };
    Ok(render(StatusCode::OK, &shown, &frame))
}

/// The beginning of the day that is written, or of one that many days later.
fn day(text: &str, zone: &TimeZone, later: i64) -> Result<Option<Timestamp>, Failure> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let date = shifted(date_of(text.trim())?, later);
    Ok(Some(start_of(date, zone)?))
}

/// The same list, going on before the entry `before`.
fn link(wanted: &Wanted, before: i64) -> String {
    let before = before.to_string();
    let fields = [
        ("action", wanted.action.as_str()),
        ("actor", &wanted.actor),
        ("subject", &wanted.subject),
        ("from", &wanted.from),
        ("to", &wanted.to),
        ("before", &before),
    ];
    address("/audit", &fields)
}

fn row(told: &Told, zone: &TimeZone) -> Row {
    let entry = &told.entry;
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or(Value::Null);
    let mut facts = facts(&detail);
    for (_, revealed) in &told.parts {
        match revealed {
            Revealed::Content(content) => facts.extend(self::facts(content)),
            Revealed::Erased => facts.push(Fact {
                name: "more".to_owned(),
                value: "erased".to_owned(),
            }),
        }
    }
    let time = entry.at.to_zoned_datetime(zone.clone());
    Row {
        seq: entry.seq,
        instant: entry.at.to_string(),
        time: time.strftime("%-d %b %Y, %H:%M:%S").to_string(),
        action: entry.action.clone(),
        actor: entry.actor.clone(),
        subject: entry.subject.clone(),
        facts,
    }
}

/// The members of an object; a change as `old → new`.
fn facts(object: &Value) -> Vec<Fact> {
    let members = object.as_object().into_iter().flatten();
    let fact = |(name, value): (&String, &Value)| Fact {
        name: name.replace('_', " "),
        value: match (value.get("from"), value.get("to")) {
            (Some(from), Some(to)) => format!("{} → {}", plain(from), plain(to)),
            _ => plain(value),
        },
    };
    members.map(fact).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
