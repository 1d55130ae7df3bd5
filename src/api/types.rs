//! Item types.

use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::Problem;
use super::request::{Call, IfMatch, Json, Paging, Subject, parsed};
use crate::base::Id;
use crate::inventory::{self, Name};

pub(super) static LIST: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/item-types",
    access: Access::Member,
    id: "list_item_types",
    summary: "A page of the item types, oldest first",
    shape: Shape::Page("ItemType"),
};
pub(super) static CREATE: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/item-types",
    access: Access::Custodian,
    id: "create_item_type",
    summary: "Makes an item type",
    shape: Shape::Create {
        takes: "NewItemType",
        gives: "ItemType",
    },
};
pub(super) static READ: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/item-types/{id}",
    access: Access::Member,
    id: "get_item_type",
    summary: "One item type",
    shape: Shape::Read("ItemType"),
};
pub(super) static REPLACE: Operation = Operation {
    method: Method::Put,
    path: "/api/v1/item-types/{id}",
    access: Access::Custodian,
    id: "replace_item_type",
    summary: "Replaces name and unit of an item type; its kind is fixed",
    shape: Shape::Change {
        takes: "ItemTypeChange",
        gives: "ItemType",
    },
};

/// What several items have in common.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemType {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<inventory::ItemType>,
    /// Its name; no two types have the same.
    name: String,
    /// How its items are counted; fixed.
    kind: TypeKind,
    /// What is counted.
    #[schema(example = "piece")]
    unit: String,
    /// Its entity tag, for `If-Match`.
    #[schema(example = "\"1\"")]
    etag: String,
}

/// An item type to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewItemType {
    /// Its name; no other type has it.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// How its items are counted; it stays so.
    kind: TypeKind,
    /// What is counted.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "piece")]
    unit: Name,
}

/// An item type as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemTypeChange {
    /// Its name from now on.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// Its unit from now on.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "piece")]
    unit: Name,
}

/// How items of a type are counted. `serialised`: each item is one thing of its own. `stock`: an item is an article of which there
/// are some. `licence`: an item is a contract with seats. `room`: each item is one room.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TypeKind {
    Serialised,
    Stock,
    Licence,
    Room,
}

impl From<inventory::TypeKind> for TypeKind {
    fn from(kind: inventory::TypeKind) -> Self {
        match kind {
            inventory::TypeKind::Serialised => Self::Serialised,
            inventory::TypeKind::Stock => Self::Stock,
            inventory::TypeKind::Licence => Self::Licence,
            inventory::TypeKind::Room => Self::Room,
        }
    }
}

impl From<TypeKind> for inventory::TypeKind {
    fn from(kind: TypeKind) -> Self {
        match kind {
            TypeKind::Serialised => Self::Serialised,
            TypeKind::Stock => Self::Stock,
            TypeKind::Licence => Self::Licence,
            TypeKind::Room => Self::Room,
        }
    }
}

impl From<inventory::ItemType> for ItemType {
    fn from(of: inventory::ItemType) -> Self {
        Self {
            id: of.id,
            etag: of.etag().to_string(),
            name: of.name.to_string(),
            kind: of.kind.into(),
            unit: of.unit.to_string(),
        }
    }
}

pub(super) async fn list(call: Call, paging: Paging) -> Result<Response, Problem> {
    let page = call
        .inventory
        .item_types(&call.actor, paging.range.clone())
        .await?;
    let rows: Vec<ItemType> = page.rows.into_iter().map(ItemType::from).collect();
    answer::page(&paging, rows, page.next)
}

pub(super) async fn create(call: Call, Json(new): Json<NewItemType>) -> Result<Response, Problem> {
    let new = inventory::NewType {
        name: new.name,
        kind: new.kind.into(),
        unit: new.unit,
    };
    let made = call.inventory.create_type(&call.actor, new).await?;
    let location = format!("{}/{}", LIST.path, made.id);
    answer::created(&location, &made.etag(), ItemType::from(made))
}

pub(super) async fn read(
    call: Call,
    Subject(id): Subject<inventory::ItemType>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = call.inventory.item_type(&call.actor, id).await?;
    answer::read(&headers, &found.etag(), ItemType::from(found))
}

pub(super) async fn replace(
    call: Call,
    Subject(id): Subject<inventory::ItemType>,
    IfMatch(precondition): IfMatch,
    Json(change): Json<ItemTypeChange>,
) -> Result<Response, Problem> {
    let change = inventory::ChangeType {
        id,
        name: change.name,
        unit: change.unit,
        precondition,
    };
    let changed = call.inventory.update_type(&call.actor, change).await?;
    answer::found(&changed.etag(), ItemType::from(changed))
}
