//! What the operations of the document refer to.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, SchemaType};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, Header, HeaderBuilder, Object, ObjectBuilder, Ref,
    Required, ResponseBuilder, SchemaFormat, Type,
};

use super::super::problem;
use super::super::{account, audit, custody, items, places, roles, types};
use crate::base::PageSize;

/// The name of the security scheme.
pub(super) const SCHEME: &str = "personal_token";

/// An answer that is not the one hoped for.
pub(super) struct Refusal {
    pub(super) status: &'static str,
    pub(super) name: &'static str,
    why: &'static str,
}

const fn refusal(status: &'static str, name: &'static str, why: &'static str) -> Refusal {
    Refusal { status, name, why }
}

pub(super) const REFUSALS: [Refusal; 13] = [
    refusal("304", "NotModified", "The client has it already"),
    refusal("400", "Malformed", "The request cannot be understood"),
    refusal("401", "Unauthenticated", "There is no valid token"),
    refusal(
        "403",
        "Forbidden",
        "The roles of the caller do not allow it",
    ),
    refusal("404", "NotFound", "There is no such thing"),
    refusal("409", "Conflict", "The present state stands against it"),
    refusal(
        "412",
        "PreconditionFailed",
        "It has changed since it was read",
    ),
    refusal(
        "413",
        "TooLarge",
        "The body is larger than the limit, which is named",
    ),
    refusal(
        "415",
        "UnsupportedMediaType",
        "The body is not said to be JSON",
    ),
    refusal("422", "Invalid", "A value breaks a rule; `field` names it"),
    refusal(
        "428",
        "PreconditionRequired",
        "The header If-Match is missing",
    ),
    refusal(
        "429",
        "TooMany",
        "Too many wrong tokens came from this address",
    ),
    refusal("default", "Other", "Anything else, such as 500, 503 or 507"),
];

/// The group of operations that a path belongs to.
pub(super) fn tag(path: &str) -> &str {
    let part = path.split('/').nth(3);
    part.filter(|part| !part.contains('.')).unwrap_or("api")
}

/// The name of the schema of a page of `schema`.
pub(super) fn page_name(schema: &str) -> String {
    format!("{schema}Page")
}

pub(super) fn components() -> Components {
    let mut built = ComponentsBuilder::new()
        .schema_from::<types::ItemType>()
        .schema_from::<types::TypeKind>()
        .schema_from::<types::NewItemType>()
        .schema_from::<types::ItemTypeChange>()
        .schema_from::<places::Place>()
        .schema_from::<places::NewPlace>()
        .schema_from::<places::PlaceChange>()
        .schema_from::<items::Item>()
        .schema_from::<items::NewItem>()
        .schema_from::<items::ItemChange>()
        .schema_from::<items::Identifier>()
        .schema_from::<items::Holding>()
        .schema_from::<account::Account>()
        .schema_from::<account::AccountKind>()
        .schema_from::<account::Holder>()
        .schema_from::<custody::Movement>()
        .schema_from::<custody::CheckOut>()
        .schema_from::<custody::CheckIn>()
        .schema_from::<roles::Principal>()
        .schema_from::<roles::RoleGrant>()
        .schema_from::<roles::NewRoleGrant>()
        .schema_from::<roles::Role>()
        .schema_from::<roles::Over>()
        .schema_from::<audit::AuditEntry>()
        .schema_from::<audit::SealedPart>()
        .schema_from::<problem::Details>();
    for of in [
        "ItemType",
        "Place",
        "Item",
        "Movement",
        "Principal",
        "AuditEntry",
    ] {
        built = built.schema(page_name(of), page(of));
    }
    for one in &REFUSALS {
        built = built.response(one.name, refused(one));
    }
    for (name, parameter) in parameters().into_iter().chain(questions()) {
        built = built.parameter(name, parameter);
    }
    for (name, header) in headers() {
        built = built.header(name, header);
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("fh_api_…")
        .description(Some("A personal token of scope `api`"));
    built
        .security_scheme(SCHEME, SecurityScheme::Http(token.build()))
        .build()
}

fn page(of: &str) -> ObjectBuilder {
    let next = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The `cursor` of the next page; null on the last one"));
    ObjectBuilder::new()
        .description(Some(format!("A page of {of}")))
        .property(
            "items",
            ArrayBuilder::new().items(Ref::from_schema_name(of)),
        )
        .required("items")
        .property("next", next)
        .required("next")
}

fn refused(refusal: &Refusal) -> ResponseBuilder {
    let response = ResponseBuilder::new().description(refusal.why);
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let header = |name: &str| Ref::new(format!("#/components/headers/{name}"));
    match refusal.status {
        "304" => return response.header_ref("ETag", header("ETag")),
        "401" => response.header_ref("WWW-Authenticate", header("WWW-Authenticate")),
        "429" => response.header_ref("Retry-After", header("Retry-After")),
        _ => response,
    }
    .content("application/problem+json", problem)
}

fn text() -> Object {
    Object::with_type(Type::String)
}

fn parameters() -> [(&'static str, Parameter); 7] {
    let uuid = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())));
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageSize::MAX))
        .default(Some(PageSize::default().get().into()));
    let id = of("id", ParameterIn::Path, "The identifier").schema(Some(uuid));
    let cursor = of(
        "cursor",
        ParameterIn::Query,
        "`next` of the page before; absent for the first page",
    );
    let size = of("limit", ParameterIn::Query, "How many rows at most").schema(Some(limit));
    let scheme = of("scheme", ParameterIn::Query, "Such as `tag` or `serial`");
    let value = of("value", ParameterIn::Query, "The code, as it was scanned");
    let if_match = of(
        "If-Match",
        ParameterIn::Header,
        "The entity tag of what is to be changed, as it was read, or `*`",
    );
    let if_none_match = of(
        "If-None-Match",
        ParameterIn::Header,
        "Entity tags that the client has; if one is still right, the answer is 304",
    );
    let optional = |of: ParameterBuilder| of.required(Required::False).build();
    let required = |of: ParameterBuilder| of.required(Required::True).build();
    [
        ("Id", required(id)),
        ("Cursor", optional(cursor)),
        ("Limit", optional(size)),
        ("Scheme", required(scheme)),
        ("Value", required(value)),
        ("IfMatch", required(if_match)),
        ("IfNoneMatch", optional(if_none_match)),
    ]
}

/// What the audit can be asked about.
fn questions() -> [(&'static str, Parameter); 5] {
    let asked = |name: &str, why: &str| {
        let built = of(name, ParameterIn::Query, why);
        built.required(Required::False).build()
    };
    let action = "The beginning of the action, such as `inventory.`";
    let actor = "Who did it, such as `principal:` and an identifier";
    let about = "To what, such as `item:` and an identifier";
    [
        ("Action", asked("action", action)),
        ("Actor", asked("actor", actor)),
        ("About", asked("subject", about)),
        ("From", asked("from", "Not before this RFC 3339 instant")),
        ("Until", asked("until", "Before this RFC 3339 instant")),
    ]
}

fn of(name: &str, place: ParameterIn, why: &str) -> ParameterBuilder {
    let built = ParameterBuilder::new().name(name).parameter_in(place);
    built.description(Some(why)).schema(Some(text()))
}

fn headers() -> [(&'static str, Header); 5] {
    let of = |why: &str| {
        let built = HeaderBuilder::new().schema(Some(text()));
        built.description(Some(why)).build()
    };
    [
        ("ETag", of("The entity tag, for If-Match and If-None-Match")),
        ("Location", of("The path of what was made")),
        (
            "Link",
            of("The next page, as rel=\"next\" (RFC 8288); absent on the last one"),
        ),
        ("WWW-Authenticate", of("What is accepted (RFC 9110)")),
        ("Retry-After", of("When to try again, in seconds")),
    ]
}
