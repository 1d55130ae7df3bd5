//! GET, HEAD and PUT of calendar objects, and their DELETE (RFC 4791 §5.3.2 to §5.3.4, RFC 9110
//! §9.3, §13).

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED,
};
use axum::response::Response;

use super::error::{Condition, DavError};
use super::path::Resource;
use super::props::{content_type, http_date};
use super::{Call, answer};
use crate::base::{ETag, Precondition};
use crate::calendar::{CalendarError, ObjectRef, Outcome, PutObject, StoredObject};
use crate::edge::{self, BodyError, Limits};

/// GET: the client's bytes as they came.
pub(super) async fn get(call: Call) -> Result<Response, DavError> {
    let object = call
        .calendars
        .object(&call.actor, object_of(&call)?)
        .await?;
    show(&call.headers, object)
}

/// HEAD: the headers of GET.
pub(super) async fn head(call: Call) -> Result<Response, DavError> {
    let mut response = get(call).await?;
    *response.body_mut() = Body::empty();
    Ok(response)
}

fn show(headers: &HeaderMap, object: StoredObject) -> Result<Response, DavError> {
    let demand = edge::precondition(headers)?;
    let status = match (demand.check(Some(&object.entry.etag)), demand) {
        (Ok(()), _) => StatusCode::OK,
        (Err(_), Precondition::Absent | Precondition::Differs(_)) => StatusCode::NOT_MODIFIED,
        (Err(failed), _) => return Err(CalendarError::from(failed).into()),
    };
    let mut response = answer::empty(status);
    let headers = response.headers_mut();
    set(headers, ETAG, &object.entry.etag.to_string());
    if let Some(date) = http_date(object.entry.modified) {
        set(headers, LAST_MODIFIED, &date);
    }
    if status == StatusCode::OK {
        set(headers, CONTENT_TYPE, &content_type(&object.entry));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(object.body.len()));
        *response.body_mut() = Body::from(object.body);
    }
    Ok(response)
}

/// PUT: makes the object, or replaces it.
pub(super) async fn put(call: Call, body: Body) -> Result<Response, DavError> {
    let at = object_of(&call)?.clone();
    let precondition = edge::precondition(&call.headers)?;
    check_content(&call.headers)?;
    let limits = Limits {
        max_body_bytes: call.max_resource_size(),
        ..call.limits
    };
    let body = edge::read_body(body, limits).await;
    let body = body.map_err(too_large)?;
    let put = PutObject {
        at: at.clone(),
        body: body.into(),
        precondition,
    };
    let stored = call.calendars.put_object(&call.actor, put).await;
    let stored = stored.map_err(|error| refused(error, &at))?;
    let status = match stored.outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Replaced | Outcome::Unchanged => StatusCode::NO_CONTENT,
    };
    Ok(with_etag(status, &stored.etag))
}

/// The bytes are stored as they came, so the client may use the tag (RFC 4791 §5.3.4).
fn with_etag(status: StatusCode, etag: &ETag) -> Response {
    let mut response = answer::empty(status);
    set(response.headers_mut(), ETAG, &etag.to_string());
    response
}

/// DELETE of an object.
pub(super) async fn delete(call: &Call, at: &ObjectRef) -> Result<Response, DavError> {
    let precondition = edge::precondition(&call.headers)?;
    call.calendars
        .delete_object(&call.actor, at, precondition)
        .await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn object_of(call: &Call) -> Result<&ObjectRef, DavError> {
    match &call.resource {
        Resource::Object(at) => Ok(at),
        _ => Err(DavError::not_found()),
    }
}

/// Only iCalendar, and only all of it. A missing type is taken for iCalendar.
fn check_content(headers: &HeaderMap) -> Result<(), DavError> {
    if headers.contains_key(CONTENT_RANGE) {
        // RFC 9110 §14.5: partial PUT must not be taken for a whole one.
        return Err(DavError::malformed(
            "this PUT has a Content-Range, and parts of an object cannot be put: send all of it",
        ));
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.is_empty() || essence.eq_ignore_ascii_case("text/calendar") {
        return Ok(());
    }
    Err(DavError::unmet(
        Condition::SupportedCalendarData,
        format!("a calendar object is text/calendar, not {essence:?}"),
    ))
}

fn too_large(error: BodyError) -> DavError {
    match error {
        BodyError::TooLarge { limit } => CalendarError::TooLarge { limit }.into(),
        other => other.into(),
    }
}

fn refused(error: CalendarError, at: &ObjectRef) -> DavError {
    let other = match &error {
        CalendarError::UidConflict { name } => Some(Resource::Object(ObjectRef {
            calendar: at.calendar.clone(),
            name: name.clone(),
        })),
        _ => None,
    };
    let refusal = DavError::from(error);
    match other {
        Some(other) => refusal.with_href(other.href()),
        None => refusal,
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
