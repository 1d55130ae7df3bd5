//! Reading a request's body within limits of size and time.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::Limits;
use crate::base::Kind;

/// A body up to here is read whoever sends it.
const SMALL_BYTES: usize = 64 * 1024;

/// The body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than allowed.
    #[error(
        "the body of this request is larger than {limit} bytes, which is the limit here: send \
         less, or ask the operator to raise server.max_body_bytes"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It did not arrive in time.
    #[error(
        "the body of this request did not arrive within {secs} seconds: send it again over a faster \
         connection, or send less at once"
    )]
    TooSlow {
        /// The limit, in seconds.
        secs: u64,
    },
    /// The client did not send all of it.
    #[error("the body of this request did not arrive whole: send the request again")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BodyError {
    /// How the caller should take it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::TooSlow { .. } => Kind::TooSlow,
            Self::Interrupted(_) => Kind::Malformed,
        }
    }
}

/// The whole body, if it is within the limits. A body that announces more is refused before it is
/// read, one that does not announce its length as soon as it exceeds the limit.
///
/// # Errors
/// [`BodyError::TooLarge`], [`BodyError::TooSlow`], or [`BodyError::Interrupted`] when the
/// connection broke.
pub async fn read_body(body: Body, limits: Limits) -> Result<Bytes, BodyError> {
    use http_body::Body as _;
    let limit = limits.max_body_bytes;
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |bytes| bytes > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    let reading = Limited::new(body, limit).collect();
    match tokio::time::timeout(limits.body_patience, reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Interrupted(error)),
        Err(_) => Err(BodyError::TooSlow {
            secs: limits.body_patience.as_secs(),
        }),
    }
}

/// Reads a small body before anybody answers: clients that send headers and body apart do not expect
/// an answer between them. What a larger one may expect, [`super::linger`] does.
pub async fn gather(request: Request, next: Next) -> Response {
    use http_body::Body as _;
    let (parts, body) = request.into_parts();
    let announced = body.size_hint().exact();
    if !announced.is_some_and(|bytes| (1..=SMALL_BYTES as u64).contains(&bytes)) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    match read_body(body, Limits::default()).await {
        Ok(body) => next.run(Request::from_parts(parts, body.into())).await,
        Err(error) => (super::status(error.kind()), error.to_string()).into_response(),
    }
}
