//! The OpenAPI 3.1 document, made from the operations and the schemas of the wire.
//!
//! `parts` holds what operations refer to: parameters, headers, refusals, schemas.

mod parts;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use utoipa::openapi::path::{self, OperationBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    Content, HttpMethod, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Ref, Required,
    ResponseBuilder, SecurityRequirement,
};

use super::operation::{Access, Method, Operation, Shape};

pub(super) static READ: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/openapi.json",
    access: Access::Anyone,
    id: "get_openapi",
    summary: "This document",
    shape: Shape::Document,
};

const JSON: &str = "application/json";

/// What the whole API has in common, for whoever reads the document.
const ABOUT: &str = "The inventory: what the organisation has, where it is, and who has it.\n\n\
    Send a personal token of scope `api` as Bearer token. Members read, custodians write what is in \
    their charge, administrators everything.\n\n\
    Every change of a thing needs `If-Match` with the entity tag that was read (`ETag` of the answer, `etag` \
    in the body): without it 428, with a stale one 412. `*` changes whatever is there.\n\n\
    Lists come in pages: follow `next`, or the `Link`, until it is null. No page skips or repeats \
    what was there when the walk began.\n\n\
    Unknown members and parameters are refused. Refusals are `application/problem+json` (RFC \
    9457); branch on `type`, show `detail`. Instants are RFC 3339 in UTC.";

/// Answers with the document.
pub(super) async fn read() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| text(&super::operations()));
    ([(CONTENT_TYPE, JSON)], TEXT.as_str()).into_response()
}

/// The document as JSON, with line breaks and one at its end.
pub(super) fn text(operations: &[&'static Operation]) -> String {
    let json = document(operations).to_pretty_json();
    // A tree of strings, numbers and maps with string keys is always JSON.
    json.unwrap_or_default() + "\n"
}

fn document(operations: &[&'static Operation]) -> OpenApi {
    let mut paths = Paths::new();
    for operation in operations {
        let method = match operation.method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Delete => HttpMethod::Delete,
        };
        paths.add_path_operation(operation.path, vec![method], describe(operation));
    }
    let mut licence = License::new("Apache-2.0");
    licence.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Freehold")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(licence));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths)
        .components(Some(parts::components()))
        .build()
}

fn describe(operation: &Operation) -> path::Operation {
    let mut built = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(parts::tag(operation.path))
        .summary(Some(operation.summary))
        .description(match operation.access {
            Access::Anyone => None,
            Access::Member => Some("For members, custodians and administrators."),
            Access::Custodian => Some("For administrators, and for custodians in their charge."),
            Access::Administrator => Some("For administrators."),
            Access::FreshAdministrator => Some(
                "For administrators, with a personal token that was made in a session within \
                 `identity.step_up_mins` of its sign-in; otherwise 401 (RFC 9470).",
            ),
            Access::Auditor => Some("For auditors."),
        });
    for parameter in parameters(operation) {
        let place = format!("#/components/parameters/{parameter}");
        built = built.parameter_ref(Ref::new(place));
    }
    if let Some(takes) = takes(&operation.shape) {
        let content = Content::new(Some(Ref::from_schema_name(takes)));
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content(JSON, content);
        built = built.request_body(Some(body.build()));
    }
    let (status, success) = success(&operation.shape);
    built = built.response(status, success);
    if operation.access != Access::Anyone {
        for refusal in refusals(operation) {
            built = built.response(refusal.status, Ref::from_response_name(refusal.name));
        }
        let bearer = SecurityRequirement::new::<_, [&str; 0], &str>(parts::SCHEME, []);
        built = built.security(bearer);
    }
    built.build()
}

fn parameters(operation: &Operation) -> Vec<&'static str> {
    let mut names = Vec::new();
    if operation.path.contains("{id}") {
        names.push("Id");
    }
    names.extend(match operation.shape {
        Shape::Page(_) => &["Cursor", "Limit"][..],
        Shape::Audit(_) => &[
            "Action", "Actor", "About", "From", "Until", "Cursor", "Limit",
        ],
        Shape::Read(_) => &["IfNoneMatch"],
        Shape::Find(_) => &["Scheme", "Value", "IfNoneMatch"],
        Shape::Change { .. } => &["IfMatch"],
        Shape::Create { .. } | Shape::End | Shape::Document => &[],
    });
    names
}

const fn takes(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Create { takes, .. } | Shape::Change { takes, .. } => Some(*takes),
        Shape::Page(_)
        | Shape::Audit(_)
        | Shape::Read(_)
        | Shape::Find(_)
        | Shape::End
        | Shape::Document => None,
    }
}

/// The status and the answer when all goes well.
fn success(shape: &Shape) -> (&'static str, ResponseBuilder) {
    let of = |schema: &str| Content::new(Some(Ref::from_schema_name(schema)));
    let header = |name: &str| Ref::new(format!("#/components/headers/{name}"));
    let response = ResponseBuilder::new();
    match shape {
        Shape::Page(schema) | Shape::Audit(schema) => {
            let page = response.description("The page, and a link to the next one");
            let page = page.content(JSON, of(&parts::page_name(schema)));
            ("200", page.header_ref("Link", header("Link")))
        }
        Shape::Read(schema) | Shape::Find(schema) => {
            let one = response
                .description("What was asked for")
                .content(JSON, of(schema));
            ("200", one.header_ref("ETag", header("ETag")))
        }
        Shape::Create { gives, .. } => {
            let made = response
                .description("What was made")
                .content(JSON, of(gives));
            let made = made.header_ref("ETag", header("ETag"));
            ("201", made.header_ref("Location", header("Location")))
        }
        Shape::Change { gives, .. } => {
            let changed = response
                .description("How it is now, or the movement")
                .content(JSON, of(gives));
            // A movement is not the item that it moved: it names the item's new tag in its body.
            let changed = match *gives {
                "Movement" => changed,
                _ => changed.header_ref("ETag", header("ETag")),
            };
            ("200", changed)
        }
        Shape::End => ("204", response.description("It is over")),
        Shape::Document => {
            let any = Content::new(Some(utoipa::openapi::Object::new()));
            let document = response.description("An OpenAPI 3.1 document");
            ("200", document.content(JSON, any))
        }
    }
}

/// What may be answered instead.
fn refusals(operation: &Operation) -> Vec<&'static parts::Refusal> {
    let expected: &[&str] = match operation.shape {
        Shape::Page(_) | Shape::Audit(_) => &["400"],
        Shape::Read(_) | Shape::Find(_) => &["304", "400", "404"],
        Shape::Create { .. } => &["400", "409", "413", "415", "422"],
        Shape::Change { .. } => &["400", "404", "409", "412", "413", "415", "422", "428"],
        Shape::End => &["404"],
        Shape::Document => &[],
    };
    let always = ["401", "403", "429", "default"];
    let by_path = operation.path.contains("{id}").then_some("404");
    let wanted = |status: &str| {
        expected.contains(&status) || always.contains(&status) || by_path == Some(status)
    };
    let all = parts::REFUSALS.iter();
    all.filter(|refusal| wanted(refusal.status)).collect()
}
