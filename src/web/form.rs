//! What a form of one of our pages sends.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::Site;
use super::error::Failure;
use crate::base::Kind;
use crate::edge::{Limits, read_body, same_origin};

/// No form of ours is longer, in bytes.
const LONGEST: usize = 16 * 1024;

/// The fields of a form that was sent from one of our own pages, and from nowhere else.
pub(super) struct Form<T>(pub(super) T);

impl<S, T> FromRequest<S> for Form<T>
where
    S: Send + Sync,
    Site: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let refused = |failure: Failure| failure.into_response();
        same_origin(&parts.headers, &Site::from_ref(state).public_url)
            .map_err(|error| refused(error.into()))?;
        let limits = Limits {
            max_body_bytes: LONGEST,
            ..Limits::default()
        };
        let body = read_body(body, limits).await;
        let body =
            body.map_err(|error| refused(Failure::plain(error.kind(), &error.to_string())))?;
        let read = Request::from_parts(parts, Body::from(body));
        let form = axum::Form::<T>::from_request(read, state).await;
        let unread = "this form is not filled in as it has to be: go back, and try again";
        form.map(|form| Self(form.0))
            .map_err(|_| refused(Failure::plain(Kind::Malformed, unread)))
    }
}
