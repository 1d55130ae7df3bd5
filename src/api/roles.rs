//! Who is here, and the roles that administrators give, over everything or over a part.

use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::person;
use super::answer;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::{Named, Problem, refused};
use super::request::{Call, Json, Paging, Subject, parsed};
use crate::base::{ETag, Id, Kind, Timestamp};
use crate::identity::{self, Handle, grants};
use crate::inventory::{self, Charge};

pub(super) static PRINCIPALS: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/principals",
    access: Access::Administrator,
    id: "list_principals",
    summary: "A page of the people, oldest first, with their roles",
    shape: Shape::Page("Principal"),
};
pub(super) static CREATE: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/role-grants",
    access: Access::FreshAdministrator,
    id: "give_role",
    summary: "Gives somebody a role; what is given already is answered as it is",
    shape: Shape::Create {
        takes: "NewRoleGrant",
        gives: "RoleGrant",
    },
};
pub(super) static READ: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/role-grants/{id}",
    access: Access::Administrator,
    id: "get_role_grant",
    summary: "One role that was given",
    shape: Shape::Read("RoleGrant"),
};
pub(super) static END: Operation = Operation {
    method: Method::Delete,
    path: "/api/v1/role-grants/{id}",
    access: Access::FreshAdministrator,
    id: "end_role",
    summary: "Ends a role that was given, from the next request on",
    shape: Shape::End,
};

/// A person.
#[derive(Serialize, ToSchema)]
pub(super) struct Principal {
    /// Their identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<identity::Principal>,
    /// Their name in URLs.
    #[schema(value_type = String, example = "alice")]
    handle: Handle,
    /// Whether they may act at all.
    active: bool,
    /// Their roles over everything, as the provider says. Without one, what is granted is of no use.
    roles: Vec<Role>,
    /// What administrators gave them here, beside that.
    grants: Vec<RoleGrant>,
}

/// A role that an administrator has given.
#[derive(Serialize, ToSchema)]
pub(super) struct RoleGrant {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<grants::RoleGrant>,
    /// To whom: the identifier.
    #[schema(value_type = String, format = "uuid")]
    principal_id: Id<identity::Principal>,
    /// What.
    role: Role,
    /// Over what.
    over: Over,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    given_at: Timestamp,
}

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoleGrant {
    /// To whom: their handle.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, example = "alice")]
    handle: Handle,
    /// What; over a place or an item type only `custodian` and `auditor`.
    role: Role,
    /// Over what.
    over: Over,
}

/// `member`: has calendars, sees the inventory, holds items. `custodian`: changes the inventory and
/// hands items out. `administrator`: everything but reading the audit. `auditor`: reads the audit; over
/// a part, what is in it.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Member,
    Custodian,
    Administrator,
    Auditor,
}

/// Over what a role is held.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Over {
    /// Everything.
    Everything {},
    /// A place and all that is in it.
    Place {
        /// The place.
        #[schema(value_type = String, format = "uuid")]
        id: Id<inventory::Place>,
    },
    /// All items of a type.
    ItemType {
        /// The item type.
        #[schema(value_type = String, format = "uuid")]
        id: Id<inventory::ItemType>,
    },
}

impl Over {
    const fn charge(&self) -> Option<Charge> {
        match self {
            Self::Everything {} => None,
            Self::Place { id } => Some(Charge::Place(*id)),
            Self::ItemType { id } => Some(Charge::Type(*id)),
        }
    }

    fn of(part: Option<&identity::Part>) -> Result<Self, Problem> {
        let Some(part) = part else {
            return Ok(Self::Everything {});
        };
        match Charge::of(part) {
            Some(Charge::Place(id)) => Ok(Self::Place { id }),
            Some(Charge::Type(id)) => Ok(Self::ItemType { id }),
            None => Err(Problem::new(
                Kind::Internal,
                "a role is given over something that this version does not know",
            )),
        }
    }
}

impl From<Role> for identity::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Custodian => Self::Custodian,
            Role::Administrator => Self::Administrator,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl From<identity::Role> for Role {
    fn from(role: identity::Role) -> Self {
        match role {
            identity::Role::Member => Self::Member,
            identity::Role::Custodian => Self::Custodian,
            identity::Role::Administrator => Self::Administrator,
            identity::Role::Auditor => Self::Auditor,
        }
    }
}

impl RoleGrant {
    fn of(of: &grants::RoleGrant) -> Result<Self, Problem> {
        Ok(Self {
            id: of.id,
            principal_id: of.principal,
            role: of.role.into(),
            over: Over::of(of.over.as_ref())?,
            given_at: of.given_at,
        })
    }
}

impl Principal {
    fn of(of: grants::Listed) -> Result<Self, Problem> {
        let roles = identity::Role::ALL.into_iter();
        let roles = roles.filter(|role| of.principal.roles.has(*role));
        Ok(Self {
            id: of.principal.id,
            active: of.principal.active,
            roles: roles.map(Role::from).collect(),
            grants: of
                .grants
                .iter()
                .map(RoleGrant::of)
                .collect::<Result<_, _>>()?,
            handle: of.principal.handle,
        })
    }
}

/// A grant never changes.
fn tag() -> ETag {
    ETag::new("1")
}

pub(super) async fn principals(call: Call, paging: Paging) -> Result<Response, Problem> {
    let range = (paging.range.cursor.clone(), paging.range.size);
    let page = grants::list(&call.identity, &call.actor, range).await?;
    let rows = page.rows.into_iter().map(Principal::of);
    answer::page(&paging, rows.collect::<Result<_, _>>()?, page.next)
}

pub(super) async fn create(call: Call, Json(new): Json<NewRoleGrant>) -> Result<Response, Problem> {
    grants::may_give(&call.identity, &call.actor)?;
    let principal = person(&call.identity, &new.handle, "handle").await?;
    let over = match new.over.charge() {
        None => None,
        Some(charge) => {
            let named = match charge {
                Charge::Place(id) => Named::new("over.id", id),
                Charge::Type(id) => Named::new("over.id", id),
            };
            let part = call.inventory.find_charge(&call.actor, charge).await;
            Some(part.map_err(|error| refused(error, &[named]))?)
        }
    };
    let new = grants::NewGrant {
        principal,
        role: new.role.into(),
        over,
    };
    let given = grants::give(&call.identity, &call.actor, new).await?;
    let location = format!("{}/{}", CREATE.path, given.id);
    answer::created(&location, &tag(), RoleGrant::of(&given)?)
}

pub(super) async fn read(
    call: Call,
    Subject(id): Subject<grants::RoleGrant>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = grants::get(&call.identity, &call.actor, id).await?;
    answer::read(&headers, &tag(), RoleGrant::of(&found)?)
}

pub(super) async fn end(
    call: Call,
    Subject(id): Subject<grants::RoleGrant>,
) -> Result<Response, Problem> {
    grants::end(&call.identity, &call.actor, id).await?;
    Ok(answer::gone())
}
