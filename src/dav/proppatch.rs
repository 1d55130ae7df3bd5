//! PROPPATCH: all of it or nothing (RFC 4918 §9.2).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

use super::error::{Condition, DavError};
use super::path::Resource;
use super::props::{self, MaySet};
use super::xml::multistatus::Propstats;
use super::xml::request::{self, Update};
use super::xml::{Element, Multistatus, Name};
use super::{Call, answer};
use crate::calendar::{CalendarError, PropertyChange, PropertyValue};

/// PROPPATCH.
pub(super) async fn proppatch(call: Call, body: Body) -> Result<Response, DavError> {
    let body = call.read(body).await?;
    let updates = request::propertyupdate(&body)?;
    let outcome = match &call.resource {
        Resource::Calendar(at) => {
            let (changes, mut outcome) = changes_of(&updates);
            if outcome.is_refused() {
                call.calendars.calendar(&call.actor, at).await?;
            } else {
                let answer = call
                    .calendars
                    .change_properties(&call.actor, at, changes)
                    .await;
                match answer {
                    Ok(_) => {}
                    Err(CalendarError::InvalidProperty { name, expected }) => {
                        outcome.refuse_value(name, expected);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            outcome
        }
        other => {
            super::propfind::check_exists(&call, other).await?;
            let mut outcome = Outcome::default();
            for update in &updates {
                outcome.refuse(
                    update.name(),
                    DavError::new(
                        StatusCode::FORBIDDEN,
                        "only calendars keep properties; this resource has none that can be set",
                    ),
                );
            }
            outcome
        }
    };
    let mut multistatus = Multistatus::new(call.detail());
    multistatus.properties(&call.resource.href(), outcome.into_propstats());
    Ok(answer::xml(StatusCode::MULTI_STATUS, multistatus.finish()))
}

fn changes_of(updates: &[Update]) -> (Vec<PropertyChange>, Outcome) {
    let mut changes = Vec::new();
    let mut outcome = Outcome::default();
    for update in updates {
        let name = update.name();
        let change = match update {
            Update::Set(element) => {
                value_of(element).map(|value| PropertyChange::Set(name.clone(), value))
            }
            Update::Remove(_) => may_change(&name).map(|_| PropertyChange::Remove(name.clone())),
        };
        match change {
            Ok(change) => {
                changes.push(change);
                outcome.accept(name);
            }
            Err(why) => outcome.refuse(name, why),
        }
    }
    (changes, outcome)
}

/// The value that a calendar keeps: the text of a live property, the whole element of a dead one.
///
/// # Errors
/// `DAV:cannot-modify-protected-property`.
pub(super) fn value_of(element: &Element) -> Result<PropertyValue, DavError> {
    Ok(match may_change(&element.name())? {
        Keeping::Text => PropertyValue::Text(element.text().to_owned()),
        Keeping::Element => PropertyValue::Xml(element.markup().unwrap_or_default().to_owned()),
    })
}

enum Keeping {
    Text,
    Element,
}

fn may_change(name: &Name) -> Result<Keeping, DavError> {
    match props::may_set(name) {
        None => Ok(Keeping::Element),
        Some(MaySet::Text) => Ok(Keeping::Text),
        Some(MaySet::No | MaySet::AtCreation) => Err(DavError::unmet(
            Condition::CannotModifyProtectedProperty,
            "the server computes this property; clients cannot change it",
        )),
    }
}

/// What becomes of each property of a request, each told once.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    properties: BTreeMap<Name, Option<DavError>>,
}

impl Outcome {
    /// Nothing is wrong with this step.
    pub(super) fn accept(&mut self, name: Name) {
        self.properties.entry(name).or_default();
    }

    /// This one cannot be.
    pub(super) fn refuse(&mut self, name: Name, why: DavError) {
        self.properties.insert(name, Some(why));
    }

    /// This one cannot have the value that was given.
    pub(super) fn refuse_value(&mut self, name: Name, expected: &str) {
        let reason = format!("the property {} takes {expected}", name.local);
        let why = if name == Name::time_zone() {
            DavError::unmet(Condition::ValidCalendarData, reason)
        } else {
            DavError::new(StatusCode::CONFLICT, reason)
        };
        self.refuse(name, why);
    }

    /// Whether nothing at all is done.
    pub(super) fn is_refused(&self) -> bool {
        self.properties.values().any(Option::is_some)
    }

    /// As responses write it: one refusal makes all the others 424.
    pub(super) fn into_propstats(self) -> Propstats {
        let mut propstats = Propstats::new();
        let is_refused = self.is_refused();
        let mut others = Vec::new();
        for (name, refusal) in self.properties {
            match refusal {
                Some(why) => propstats.refused([&name], why),
                None if is_refused => others.push(name),
                None => propstats.found().empty_named(&name),
            }
        }
        let why = DavError::new(
            StatusCode::FAILED_DEPENDENCY,
            "nothing was changed, because another property of this request was refused",
        );
        propstats.refused(&others, why);
        propstats
    }
}
