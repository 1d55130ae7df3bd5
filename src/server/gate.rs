//! Without keys there is no service: every request but those about health is answered at once.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::store::key_ring::KeyRing;

/// Nobody learns from it which key is where: that is for the log and `/readyz?verbose`.
const ADVICE: &str = "\
The service cannot reach its keys at the moment. Nothing was changed; try again in a minute.
Operators find the reason in the log and at /readyz?verbose.
";

/// Passes a request on while the keys are in memory.
pub(super) async fn keys(State(keys): State<KeyRing>, request: Request, next: Next) -> Response {
    if keys.vault().locked().is_none() {
        return next.run(request).await;
    }
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (RETRY_AFTER, "60"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, ADVICE).into_response()
}
