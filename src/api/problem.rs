//! Refusals as `application/problem+json` (RFC 9457).
//!
//! `type` is a URN that clients may branch on; it never changes. `detail` says what to do.

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::page::PageError;
use crate::base::{Id, Kind};
use crate::edge::{self, BadCondition, BodyError, Denied, Fault, RequestId};
use crate::identity::IdentityError;
use crate::inventory::InventoryError;

/// A refusal, on its way to the wire.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Details>);

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Details {
    /// Which problem it is: a URN that does not change, for programs.
    #[schema(format = "uri", example = "urn:freehold:problem:precondition-failed")]
    r#type: String,
    /// Which problem it is, for people.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What failed, and what to do about it.
    detail: String,
    /// This one request, by the id that the log has and `X-Request-Id` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        format = "uri",
        example = "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057"
    )]
    instance: Option<String>,
    /// The member of the body, or the parameter, that is wrong, such as `identifiers[0].scheme`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The line of the body where it is wrong, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The column of that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip)]
    #[schema(ignore)]
    headers: HeaderMap,
    #[serde(skip)]
    #[schema(ignore)]
    fault: Option<Fault>,
}

/// A type of problem: the end of its URN, and its title.
struct Sort(&'static str, &'static str);

impl Problem {
    /// A refusal of `kind`.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self::of(edge::status(kind), &sort_of(kind), detail)
    }

    fn of(status: StatusCode, sort: &Sort, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            r#type: format!("urn:freehold:problem:{}", sort.0),
            title: sort.1,
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            field: None,
            line: None,
            column: None,
            headers: HeaderMap::new(),
            fault: None,
        }))
    }

    /// A refusal of `kind` because of `error`. What the program or the machine lacks is for the
    /// log: the client gets the request's id.
    fn because(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Self {
        let detail = match kind {
            Kind::Internal => {
                "the service failed; the operator finds the reason in the log under \
                               the X-Request-Id of this answer"
            }
            Kind::Unavailable => {
                "a part that the service needs is away: try again later; the \
                                  operator finds the reason in the log under the X-Request-Id of \
                                  this answer"
            }
            Kind::StorageFull => {
                "there is no room left to store this: nothing was changed; ask \
                                  the operator to make room and send it again"
            }
            _ => return Self::new(kind, error.to_string()),
        };
        let mut problem = Self::new(kind, detail);
        problem.0.fault = Some(Fault::of(error));
        problem
    }

    /// The same, about the member or parameter `field`.
    pub(super) fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// The same, at a place in the body.
    pub(super) fn on(mut self, line: usize, column: usize) -> Self {
        (self.0.line, self.0.column) = (Some(line), Some(column));
        self
    }

    /// The body is not JSON.
    pub(super) fn media_type() -> Self {
        let sort = Sort("unsupported-media-type", "The body is of another type");
        Self::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            &sort,
            "this takes JSON: send it with Content-Type: application/json",
        )
    }

    /// There is no such route.
    pub(super) fn no_route() -> Self {
        Self::new(
            Kind::NotFound,
            "there is nothing at this path: /api/v1/openapi.json lists what there is",
        )
    }

    /// The route does not have this method; the router adds `Allow`.
    pub(super) fn no_method() -> Self {
        let sort = Sort("method-not-allowed", "This path does not have this method");
        Self::of(
            StatusCode::METHOD_NOT_ALLOWED,
            &sort,
            format!("use one of the methods that the header {ALLOW} names"),
        )
    }
}

/// [`written`] writes the body, which names the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let mut response = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.headers_mut().extend(self.0.headers.clone());
        if let Some(fault) = self.0.fault.clone() {
            response.extensions_mut().insert(fault);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a handler or an extractor answered with.
pub(super) async fn written(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = next.run(request).await;
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    problem.0.instance = id.map(|RequestId(id)| format!("urn:uuid:{id}"));
    let (mut parts, _) = response.into_parts();
    let (body_parts, body) = Json(&problem.0).into_response().into_parts();
    parts.headers.extend(body_parts.headers);
    let kind = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(CONTENT_TYPE, kind);
    Response::from_parts(parts, body)
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let mut problem = Self::because(denied.kind(), &denied);
        denied.headers(&mut problem.0.headers);
        problem
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::because(error.kind(), &error)
    }
}

impl From<BadCondition> for Problem {
    fn from(error: BadCondition) -> Self {
        Self::new(Kind::Malformed, error.to_string())
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        let field = match error {
            PageError::Size { .. } => "limit",
            PageError::Cursor => "cursor",
        };
        Self::new(Kind::Malformed, error.to_string()).at(field)
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let mut problem = Self::because(error.kind(), &error);
        if let IdentityError::StaleSignIn { max_age_secs } = error {
            problem
                .0
                .headers
                .insert(WWW_AUTHENTICATE, edge::step_up(max_age_secs));
        }
        problem
    }
}

impl From<InventoryError> for Problem {
    fn from(error: InventoryError) -> Self {
        let kind = error.kind();
        let mut problem = Self::because(kind, &error);
        if let Some(sort) = conflict(&error) {
            problem = Self::of(edge::status(kind), &sort, problem.0.detail);
        }
        problem.0.field = match error {
            InventoryError::Page(error) => return error.into(),
            InventoryError::NotSingle { .. } => Some("quantity".to_owned()),
            InventoryError::DueTooEarly { .. } => Some("due_at".to_owned()),
            InventoryError::Ambiguous(_) => Some("from".to_owned()),
            InventoryError::PlaceCycle(_) => Some("parent_id".to_owned()),
            InventoryError::ItemCycle(_) | InventoryError::NoPerson(_) => Some("to".to_owned()),
            _ => None,
        };
        problem
    }
}

/// What a request names besides the thing in its path: the member `field` names `id`.
pub(super) struct Named {
    field: &'static str,
    id: [u8; 16],
}

impl Named {
    pub(super) fn new<T>(field: &'static str, id: Id<T>) -> Self {
        let id = *id.as_bytes();
        Self { field, id }
    }
}

/// The refusal of a request that names other things: that one of those is missing makes the value
/// of the member wrong, not the path.
pub(super) fn refused(error: InventoryError, named: &[Named]) -> Problem {
    let missing = match error {
        InventoryError::NoItem(id) => *id.as_bytes(),
        InventoryError::NoPlace(id) => *id.as_bytes(),
        InventoryError::NoType(id) => *id.as_bytes(),
        _ => return error.into(),
    };
    match named.iter().find(|named| named.id == missing) {
        Some(named) => Problem::new(Kind::Invalid, error.to_string()).at(named.field),
        None => error.into(),
    }
}

/// The conflicts that a client treats differently.
fn conflict(error: &InventoryError) -> Option<Sort> {
    Some(match error {
        InventoryError::TypeNameTaken(_) => Sort("name-taken", "The name is taken"),
        InventoryError::IdentifierTaken(_) => Sort("identifier-taken", "The identifier is taken"),
        InventoryError::AlreadyOut { .. } => Sort("already-out", "The item is checked out"),
        InventoryError::NotOut(_) => Sort("not-out", "The item is not checked out"),
        InventoryError::NoneKept(_) | InventoryError::TooFew { .. } => {
            Sort("too-few", "There are not enough")
        }
        _ => return None,
    })
}

const fn sort_of(kind: Kind) -> Sort {
    match kind {
        Kind::Malformed => Sort("malformed", "The request cannot be understood"),
        Kind::Invalid => Sort("invalid", "A value breaks a rule"),
        Kind::Unauthenticated => Sort("unauthenticated", "A valid token is needed"),
        Kind::Forbidden => Sort("forbidden", "You may not do this"),
        Kind::NotFound => Sort("not-found", "There is no such thing"),
        Kind::Conflict => Sort("conflict", "The present state stands against it"),
        Kind::PreconditionFailed => Sort("precondition-failed", "It has changed since it was read"),
        Kind::PreconditionRequired => {
            Sort("precondition-required", "The header If-Match is needed")
        }
        Kind::TooLarge => Sort("too-large", "The body is too large"),
        Kind::TooSlow => Sort("too-slow", "The body took too long"),
        Kind::TooMany => Sort("too-many", "Too many requests"),
        Kind::StorageFull => Sort("storage-full", "There is no room left"),
        Kind::Unavailable => Sort("unavailable", "The service is not ready"),
        Kind::Internal => Sort("internal", "The service failed"),
    }
}
