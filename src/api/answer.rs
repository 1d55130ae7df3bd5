//! What handlers answer with when nothing is refused.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::problem::Problem;
use super::request::Paging;
use crate::base::{Cursor, ETag, Kind};
use crate::edge;

/// 201, with where it is.
pub(super) fn created(
    location: &str,
    etag: &ETag,
    body: impl Serialize,
) -> Result<Response, Problem> {
    let mut response = found(etag, body)?;
    *response.status_mut() = StatusCode::CREATED;
    set(&mut response, LOCATION, location)?;
    Ok(response)
}

/// 200 with the thing, or 304 when the client has it already.
pub(super) fn read(
    headers: &HeaderMap,
    etag: &ETag,
    body: impl Serialize,
) -> Result<Response, Problem> {
    let mut response = found(etag, body)?;
    if edge::not_modified(headers, etag)? {
        response = StatusCode::NOT_MODIFIED.into_response();
        set(&mut response, ETAG, &etag.to_string())?;
    }
    Ok(response)
}

/// 200 with the thing as it is now.
pub(super) fn found(etag: &ETag, body: impl Serialize) -> Result<Response, Problem> {
    let mut response = plain(body);
    set(&mut response, ETAG, &etag.to_string())?;
    Ok(response)
}

/// 200 with a page, and with a link to the next one (RFC 8288).
pub(super) fn page<T: Serialize>(
    paging: &Paging,
    items: Vec<T>,
    next: Option<Cursor>,
) -> Result<Response, Problem> {
    let link = next.as_ref().map(|next| paging.link(next));
    linked_page(items, next, link)
}

/// [`page`], whose link to the next one is made already.
pub(super) fn linked_page<T: Serialize>(
    items: Vec<T>,
    next: Option<Cursor>,
    link: Option<String>,
) -> Result<Response, Problem> {
    let next = next.map(|next| next.to_text());
    let mut response = plain(Page { items, next });
    if let Some(link) = link {
        set(&mut response, LINK, &link)?;
    }
    Ok(response)
}

/// 204.
pub(super) fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 200.
pub(super) fn plain(body: impl Serialize) -> Response {
    Json(body).into_response()
}

#[derive(Serialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

fn set(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value)
        .map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    response.headers_mut().insert(name, value);
    Ok(())
}
