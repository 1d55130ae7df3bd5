//! What handlers take from a request: who asks, about what, under which condition, with which body.

use std::error::Error as _;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Uri};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

use super::problem::Problem;
use crate::base::clock::from_micros;
use crate::base::{Cursor, Id, Kind, PageSize, Precondition, Timestamp};
use crate::edge::{self, Limits};
use crate::identity::{Actor, Door, Identity};
use crate::inventory::{Inventory, Range};

/// Who asks, by a personal token of scope `api` or `inventory`, and the rooms to ask. A cookie is nobody, so there
/// is no CSRF here.
pub(super) struct Call {
    pub(super) actor: Actor,
    pub(super) identity: Identity,
    pub(super) inventory: Inventory,
}

impl<S> FromRequestParts<S> for Call
where
    S: Send + Sync,
    Identity: FromRef<S>,
    Inventory: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let identity = Identity::from_ref(state);
        let actor = edge::authenticate(&identity, parts, Door::Api).await?;
        let inventory = Inventory::from_ref(state);
        Ok(Self {
            actor,
            identity,
            inventory,
        })
    }
}

/// The identifier in the path. What is no identifier names nothing.
pub(super) struct Subject<T>(pub(super) Id<T>);

impl<S: Send + Sync, T> FromRequestParts<S> for Subject<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| Problem::no_route())?;
        let id = text.parse();
        id.map(Self).map_err(|error: crate::base::id::IdError| {
            Problem::new(Kind::NotFound, error.to_string())
        })
    }
}

/// `If-Match`, which every change of what is there needs (RFC 6585 §3).
pub(super) struct IfMatch(pub(super) Precondition);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match edge::precondition(&parts.headers)? {
            demand @ (Precondition::Exists | Precondition::Matches(_)) => Ok(Self(demand)),
            Precondition::None | Precondition::Absent | Precondition::Differs(_) => {
                Err(Problem::new(
                    Kind::PreconditionRequired,
                    "this changes what somebody else may have changed meanwhile: send the header \
                     If-Match with the ETag that you have read, or with * to change it anyway",
                ))
            }
        }
    }
}

/// Which page is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    cursor: Option<String>,
    limit: Option<u16>,
}

/// A page that was asked for, and how the next one is asked for.
pub(super) struct Paging {
    pub(super) range: Range,
    path: String,
}

impl Paging {
    /// The reference to the page that begins at `next`, relative to this one.
    pub(super) fn link(&self, next: &Cursor) -> String {
        let (path, next, limit) = (&self.path, next.to_text(), self.range.size.get());
        format!("<{path}?cursor={next}&limit={limit}>; rel=\"next\"")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked: PageQuery = query(&parts.uri)?;
        let cursor = asked.cursor.as_deref().map(Cursor::parse).transpose()?;
        let size = asked.limit.map(PageSize::new).transpose()?;
        let size = size.unwrap_or_default();
        Ok(Self {
            range: Range { cursor, size },
            path: parts.uri.path().to_owned(),
        })
    }
}

/// The parameters behind the question mark; those that are not known are refused.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let Query(asked) = Query::try_from_uri(uri).map_err(|error| {
        let why = error
            .source()
            .map_or_else(String::new, |why| format!(": {why}"));
        let detail = format!("the parameters behind the question mark do not fit{why}");
        Problem::new(Kind::Malformed, detail)
    })?;
    Ok(asked)
}

/// The body as JSON. Syntax is refused with 400, what does not fit `T` with 422.
pub(super) struct Json<T>(pub(super) T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::media_type());
        }
        parse(&edge::read_body(body, Limits::from_ref(state)).await?).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = error.path().to_string();
        let path = (path != ".").then_some(path);
        json_problem(error.inner(), path)
    })?;
    from.end().map_err(|error| json_problem(&error, None))?;
    Ok(value)
}

fn json_problem(error: &serde_json::Error, path: Option<String>) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let what = text.strip_suffix(&place).unwrap_or(&text);
    if !error.is_data() {
        let detail = format!("the body is not JSON: {what} at line {line}, column {column}");
        return Problem::new(Kind::Malformed, detail).on(line, column);
    }
    let problem = match path {
        None => Problem::new(Kind::Invalid, what),
        Some(path) => Problem::new(Kind::Invalid, format!("{path}: {what}")).at(path),
    };
    problem.on(line, column)
}

/// Reads a text into a type that cannot be wrong, for `#[serde(deserialize_with)]`.
pub(super) fn parsed<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(from)?;
    text.parse().map_err(D::Error::custom)
}

/// Reads an RFC 3339 instant, cut to what the store keeps.
pub(super) fn instant<'de, D>(from: D) -> Result<Option<Timestamp>, D::Error>
where
    D: Deserializer<'de>,
{
    let at = Option::<Timestamp>::deserialize(from)?;
    Ok(at.map(|at| from_micros(at.as_microsecond())))
}
