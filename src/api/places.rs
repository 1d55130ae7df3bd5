//! Places.

use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::{Named, Problem, refused};
use super::request::{Call, IfMatch, Json, Paging, Subject, parsed};
use crate::base::Id;
use crate::inventory::{self, Name};

pub(super) static LIST: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/places",
    access: Access::Member,
    id: "list_places",
    summary: "A page of the places, oldest first",
    shape: Shape::Page("Place"),
};
pub(super) static CREATE: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/places",
    access: Access::Custodian,
    id: "create_place",
    summary: "Makes a place",
    shape: Shape::Create {
        takes: "NewPlace",
        gives: "Place",
    },
};
pub(super) static READ: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/places/{id}",
    access: Access::Member,
    id: "get_place",
    summary: "One place",
    shape: Shape::Read("Place"),
};
pub(super) static REPLACE: Operation = Operation {
    method: Method::Put,
    path: "/api/v1/places/{id}",
    access: Access::Custodian,
    id: "replace_place",
    summary: "Replaces name and parent of a place; what is in it moves along",
    shape: Shape::Change {
        takes: "PlaceChange",
        gives: "Place",
    },
};

/// A place, inside another or at the root.
#[derive(Serialize, ToSchema)]
pub(super) struct Place {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<inventory::Place>,
    /// Its name.
    name: String,
    /// The place it is in; null at the root.
    #[schema(value_type = Option<String>, format = "uuid", required = true)]
    parent_id: Option<Id<inventory::Place>>,
    /// Its entity tag, for `If-Match`.
    #[schema(example = "\"1\"")]
    etag: String,
}

/// A place to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlace {
    /// Its name.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// The place it is in; null or absent at the root.
    #[schema(value_type = Option<String>, format = "uuid")]
    parent_id: Option<Id<inventory::Place>>,
}

/// A place as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceChange {
    /// Its name from now on.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// The place it is in from now on; null at the root. It has to be said: a member that was
    /// forgotten must not move a building.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(value_type = Option<String>, format = "uuid", required = true)]
    parent_id: Option<Id<inventory::Place>>,
}

impl From<inventory::Place> for Place {
    fn from(of: inventory::Place) -> Self {
        Self {
            id: of.id,
            etag: of.etag().to_string(),
            name: of.name.to_string(),
            parent_id: of.parent,
        }
    }
}

pub(super) async fn list(call: Call, paging: Paging) -> Result<Response, Problem> {
    let page = call
        .inventory
        .places(&call.actor, paging.range.clone())
        .await?;
    let rows: Vec<Place> = page.rows.into_iter().map(Place::from).collect();
    answer::page(&paging, rows, page.next)
}

pub(super) async fn create(call: Call, Json(new): Json<NewPlace>) -> Result<Response, Problem> {
    let named = parent(new.parent_id);
    let new = inventory::NewPlace {
        name: new.name,
        parent: new.parent_id,
    };
    let made = call.inventory.create_place(&call.actor, new).await;
    let made = made.map_err(|error| refused(error, &named))?;
    let location = format!("{}/{}", LIST.path, made.id);
    answer::created(&location, &made.etag(), Place::from(made))
}

pub(super) async fn read(
    call: Call,
    Subject(id): Subject<inventory::Place>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = call.inventory.place(&call.actor, id).await?;
    answer::read(&headers, &found.etag(), Place::from(found))
}

pub(super) async fn replace(
    call: Call,
    Subject(id): Subject<inventory::Place>,
    IfMatch(precondition): IfMatch,
    Json(change): Json<PlaceChange>,
) -> Result<Response, Problem> {
    let named = parent(change.parent_id.filter(|parent| *parent != id));
    let change = inventory::ChangePlace {
        id,
        name: change.name,
        parent: change.parent_id,
        precondition,
    };
    let changed = call.inventory.update_place(&call.actor, change).await;
    let changed = changed.map_err(|error| refused(error, &named))?;
    answer::found(&changed.etag(), Place::from(changed))
}

fn parent(id: Option<Id<inventory::Place>>) -> Vec<Named> {
    let named = id.map(|id| Named::new("parent_id", id));
    named.into_iter().collect()
}
