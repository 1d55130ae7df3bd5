//! OPTIONS, and which methods a resource has (RFC 4918 §10.1, RFC 4791 §5.1, RFC 9110 §10.2.1).
//!
//! It tells nothing about what exists, so it needs no credential.

use axum::http::StatusCode;
use axum::http::header::{ALLOW, HeaderValue};
use axum::response::Response;

use super::answer;
use super::error::{Condition, DavError};
use super::path::Resource;

/// What this door can do. Class 2 (LOCK) and `access-control` (RFC 3744 §7.2) are not claimed.
const DAV: HeaderValue = HeaderValue::from_static("1, 3, extended-mkcol, calendar-access");

const COLLECTION: &str = "OPTIONS, PROPFIND, PROPPATCH";
const HOME: &str = "OPTIONS, PROPFIND, PROPPATCH, REPORT";
const CALENDAR: &str = "OPTIONS, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL, DELETE";
const MADE: &str = "OPTIONS, PROPFIND, PROPPATCH, REPORT, DELETE";
const OBJECT: &str = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT";

/// Every form of URL that this door answers, and its methods as `Allow` lists them. What is not in
/// here has no method but OPTIONS.
pub(super) const RESOURCES: [(&str, &str); 7] = [
    ("/dav/", COLLECTION),
    ("/dav/principals/", COLLECTION),
    ("/dav/principals/{handle}/", COLLECTION),
    ("/dav/calendars/", COLLECTION),
    ("/dav/calendars/{handle}/", HOME),
    ("/dav/calendars/{handle}/{calendar}/", CALENDAR),
    ("/dav/calendars/{handle}/{calendar}/{object}", OBJECT),
];

fn allow(resource: &Resource) -> &'static str {
    let listed = RESOURCES.iter().find(|(form, _)| *form == resource.form());
    listed.map_or("OPTIONS", |(_, methods)| methods)
}

/// Answers OPTIONS.
pub(super) fn options(resource: &Resource) -> Response {
    let mut response = answer::empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("dav", DAV);
    headers.insert(ALLOW, HeaderValue::from_static(allow(resource)));
    response
}

/// Whether a resource has a method; if not, the refusal says which it has. Methods that would make
/// something are judged by their verb, because an RFC has words for their refusals.
pub(super) fn check(resource: &Resource, method: &str) -> Result<(), DavError> {
    let allow = allow(resource);
    let makes = matches!(method, "MKCALENDAR" | "MKCOL");
    if *resource == Resource::Nowhere {
        return match method {
            "PUT" => Err(DavError::new(
                StatusCode::CONFLICT,
                "there is no calendar to put this into: objects are at \
                 /dav/calendars/HANDLE/CALENDAR/NAME",
            )),
            _ if makes => Ok(()),
            _ => Err(DavError::not_found()),
        };
    }
    if makes || allow.split(", ").any(|known| known == method) {
        return Ok(());
    }
    let reason = format!("there is no {method} here: this resource has {allow}");
    Err(DavError::not_allowed(allow, reason))
}

/// The refusal of making a calendar where something is (RFC 4918 §9.3.1, RFC 4791 §5.3.1.1).
pub(super) fn must_be_null(resource: &Resource) -> DavError {
    let allow = match resource {
        Resource::Calendar(_) => MADE,
        other => allow(other),
    };
    let reason = "there is something under this URL already: choose another name";
    DavError::unmet(Condition::ResourceMustBeNull, reason).allowing(allow)
}
