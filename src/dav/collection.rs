//! MKCALENDAR (RFC 4791 §5.3.1), extended MKCOL (RFC 5689) and DELETE (RFC 4918 §9.6).

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::Response;

use super::error::{Condition, DavError};
use super::path::Resource;
use super::proppatch::{Outcome, value_of};
use super::props::{self, MaySet};
use super::xml::multistatus::Detail;
use super::xml::request::{self, Creation};
use super::xml::{CALDAV, DAV, Element, Xml};
use super::{Call, answer, object, options};
use crate::calendar::{
    CalendarError, CalendarRef, Components, NewCalendar, PropertyName, PropertyValue,
};
use crate::edge;

/// MKCALENDAR.
pub(super) async fn mkcalendar(call: Call, body: Body) -> Result<Response, DavError> {
    let body = call.read(body).await?;
    let at = free_place(&call)?;
    let creation = request::creation(&body, CALDAV, "mkcalendar")?;
    make(&call, at, creation, (CALDAV, "mkcalendar-response")).await
}

/// MKCOL with a body that asks for a calendar. There are no other collections to make.
pub(super) async fn mkcol(call: Call, body: Body) -> Result<Response, DavError> {
    let body = call.read(body).await?;
    let at = free_place(&call)?;
    let creation = request::creation(&body, DAV, "mkcol")?;
    if !creation.is_calendar() {
        return Err(DavError::unmet(
            Condition::ValidResourcetype,
            "only calendars can be made here: use MKCALENDAR, or name CALDAV:calendar in \
             DAV:resourcetype (RFC 5689)",
        ));
    }
    make(&call, at, creation, (DAV, "mkcol-response")).await
}

fn free_place(call: &Call) -> Result<CalendarRef, DavError> {
    match &call.resource {
        Resource::Calendar(at) => Ok(at.clone()),
        Resource::Object(_) | Resource::Nowhere => Err(DavError::unmet(
            Condition::CalendarCollectionLocationOk,
            "calendars are made directly in a calendar home: /dav/calendars/HANDLE/NAME/",
        )),
        other => Err(options::must_be_null(other)),
    }
}

async fn make(
    call: &Call,
    at: CalendarRef,
    creation: Creation,
    (namespace, local): (&str, &str),
) -> Result<Response, DavError> {
    let (new, mut outcome) = read(at, creation);
    if !outcome.is_refused() {
        match call.calendars.create_calendar(&call.actor, new).await {
            Ok(_) => return Ok(created()),
            Err(CalendarError::CalendarExists(_)) => {
                return Err(options::must_be_null(&call.resource));
            }
            Err(CalendarError::InvalidProperty { name, expected }) => {
                outcome.refuse_value(name, expected);
            }
            Err(error) => return Err(error.into()),
        }
    }
    // All or nothing (RFC 4791 §5.3.1, RFC 5689 §3.1).
    let mut xml = Xml::document();
    xml.root(namespace, local, |xml| {
        outcome.into_propstats().write(xml, Detail::Full);
    });
    Ok(answer::xml(StatusCode::FORBIDDEN, xml.finish()))
}

fn created() -> Response {
    let mut response = answer::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn read(at: CalendarRef, creation: Creation) -> (NewCalendar, Outcome) {
    let mut outcome = Outcome::default();
    let mut components = Components::ALL;
    let mut properties: Vec<(PropertyName, PropertyValue)> = Vec::new();
    for property in creation.properties {
        let name = property.name();
        if name.is(DAV, "resourcetype") {
            outcome.accept(name);
        } else if props::may_set(&name) == Some(MaySet::AtCreation) {
            match components_of(&property) {
                Ok(given) => {
                    components = given;
                    outcome.accept(name);
                }
                Err(why) => outcome.refuse(name, why),
            }
        } else {
            match value_of(&property) {
                Ok(value) => {
                    properties.push((name.clone(), value));
                    outcome.accept(name);
                }
                Err(why) => outcome.refuse(name, why),
            }
        }
    }
    let new = NewCalendar {
        at,
        components,
        properties,
    };
    (new, outcome)
}

/// `CALDAV:supported-calendar-component-set` (RFC 4791 §5.2.3).
fn components_of(property: &Element) -> Result<Components, DavError> {
    let comps = property.children().iter();
    let names = comps
        .filter(|comp| comp.is(CALDAV, "comp"))
        .filter_map(|comp| comp.attribute("name"));
    Components::from_names(names)
        .map_err(|error| DavError::unmet(Condition::SupportedCalendarComponent, error.to_string()))
}

/// DELETE of a calendar with all in it, or of an object.
pub(super) async fn delete(call: Call) -> Result<Response, DavError> {
    match &call.resource {
        Resource::Object(at) => object::delete(&call, at).await,
        Resource::Calendar(at) => {
            let precondition = edge::precondition(&call.headers)?;
            call.calendars
                .delete_calendar(&call.actor, at, precondition)
                .await?;
            Ok(answer::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(DavError::not_found()),
    }
}
