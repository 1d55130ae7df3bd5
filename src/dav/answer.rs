//! Answers that several verbs give.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;

/// The type of every XML answer.
const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// So many objects are written into an answer before others may run.
pub(crate) const AT_ONCE: usize = 256;

/// An XML answer.
pub(crate) fn xml(status: StatusCode, body: String) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(CONTENT_TYPE, XML);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
