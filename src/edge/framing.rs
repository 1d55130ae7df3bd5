//! Requests that two programs could read differently, and hyper does not refuse (RFC 9112 §11.2).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::headers::protect;

/// Answers what `refused` does not refuse; anything else gets its status and the connection's end,
/// because what comes next on it may not be a request.
pub async fn unambiguous(request: Request, next: Next) -> Response {
    let Some((status, why)) = refused(request.version(), request.headers()) else {
        return next.run(request).await;
    };
    let mut response = (status, why).into_response();
    protect(response.headers_mut());
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Why a request of this `version` with these `headers` is refused, if it is: `chunked` is the only
/// transfer coding (RFC 9112 §6.1; beside a length hyper lets it count, and ends the connection); HTTP/1.1
/// names one host (§3.2).
fn refused(version: Version, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let codings = headers.get_all(TRANSFER_ENCODING);
    let mut codings = codings.iter().map(HeaderValue::as_bytes);
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.eq_ignore_ascii_case(b"chunked"))
    {
        let why = "The only transfer coding here is chunked, once.\n";
        return Some((StatusCode::NOT_IMPLEMENTED, why));
    }
    let hosts = headers.get_all(HOST).iter().count();
    (version == Version::HTTP_11 && hosts != 1).then_some((
        StatusCode::BAD_REQUEST,
        "Send one Host header: the name of this service.\n",
    ))
}
