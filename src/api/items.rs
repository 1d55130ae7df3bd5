//! Items.

use std::num::NonZeroU32;

use axum::response::Response;
use http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::{Account, People, people};
use super::answer;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::{Named, Problem, refused};
use super::request::{Call, IfMatch, Json, Paging, Subject, parsed, query};
use crate::base::{Id, Timestamp};
use crate::identity::Identity;
use crate::inventory::{self, Name};

pub(super) static LIST: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/items",
    access: Access::Member,
    id: "list_items",
    summary: "A page of the items, oldest first, each with where it is and who has it",
    shape: Shape::Page("Item"),
};
pub(super) static CREATE: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/items",
    access: Access::Custodian,
    id: "create_item",
    summary: "Makes an item; its first movement brings it from outside into its place",
    shape: Shape::Create {
        takes: "NewItem",
        gives: "Item",
    },
};
pub(super) static FIND: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/items/by-identifier",
    access: Access::Member,
    id: "find_item",
    summary: "The item that has this identifier, such as a scanned tag",
    shape: Shape::Find("Item"),
};
pub(super) static READ: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/items/{id}",
    access: Access::Member,
    id: "get_item",
    summary: "One item, with where it is and who has it",
    shape: Shape::Read("Item"),
};
pub(super) static REPLACE: Operation = Operation {
    method: Method::Put,
    path: "/api/v1/items/{id}",
    access: Access::Custodian,
    id: "replace_item",
    summary: "Replaces name and identifiers of an item; check-out and check-in move it",
    shape: Shape::Change {
        takes: "ItemChange",
        gives: "Item",
    },
};

/// One asset, one stock article or one licence contract.
#[derive(Serialize, ToSchema)]
pub(super) struct Item {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<inventory::Item>,
    /// Of which type; fixed.
    #[schema(value_type = String, format = "uuid")]
    type_id: Id<inventory::ItemType>,
    /// Its name.
    name: String,
    /// What it is also known as, by scheme and value.
    identifiers: Vec<Identifier>,
    /// Where it is and who has it.
    holdings: Vec<Holding>,
    /// Its entity tag, for `If-Match`; check-out and check-in move it too.
    #[schema(example = "\"1\"")]
    etag: String,
}

/// A code that names one item within its scheme.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Identifier {
    /// `tag`, `serial`, `gtin`, `giai`, `qr`, or `ext:` and the name of another system.
    #[schema(pattern = "^[a-z0-9:_-]{1,40}$", example = "tag")]
    scheme: String,
    /// The code; upper and lower case differ.
    #[schema(min_length = 1, max_length = 200, example = "LAP-0007")]
    value: String,
}

/// How much of an item is in an account now.
#[derive(Serialize, ToSchema)]
pub(super) struct Holding {
    /// Where.
    account: Account,
    /// How many units of the item's type.
    #[schema(minimum = 1)]
    quantity: i64,
    /// When the earliest loan in it is due back, exclusive: at this instant it is overdue. Null
    /// when nothing is due.
    #[schema(value_type = Option<String>, format = "date-time", required = true)]
    due_at: Option<Timestamp>,
}

/// An item to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewItem {
    /// Of which type; it stays so.
    #[schema(value_type = String, format = "uuid")]
    type_id: Id<inventory::ItemType>,
    /// Its name.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// What it is also known as; no other item has any of these.
    #[serde(default)]
    #[schema(value_type = Vec<Identifier>)]
    identifiers: Vec<Sent>,
    /// The place that keeps it.
    #[schema(value_type = String, format = "uuid")]
    place_id: Id<inventory::Place>,
    /// How many; 1 when absent, and always 1 of a serialised item or a room.
    #[serde(default = "one")]
    #[schema(value_type = i64, minimum = 1, maximum = 4_294_967_295i64, default = 1)]
    quantity: NonZeroU32,
}

/// An item as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemChange {
    /// Its name from now on.
    #[serde(deserialize_with = "parsed")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Name,
    /// All its identifiers from now on.
    #[schema(value_type = Vec<Identifier>)]
    identifiers: Vec<Sent>,
}

/// An identifier that is well formed.
#[derive(Deserialize)]
#[serde(try_from = "Identifier")]
struct Sent(inventory::Identifier);

impl TryFrom<Identifier> for Sent {
    type Error = inventory::TextError;

    fn try_from(sent: Identifier) -> Result<Self, Self::Error> {
        inventory::Identifier::new(&sent.scheme, &sent.value).map(Self)
    }
}

/// The quantity that is meant when none is said.
pub(super) const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

impl Item {
    fn of(of: &inventory::Item, people: &People) -> Self {
        let identifier = |of: &inventory::Identifier| Identifier {
            scheme: of.scheme().to_owned(),
            value: of.value().to_owned(),
        };
        let holding = |of: &inventory::Holding| Holding {
            account: Account::of(of.account, people),
            quantity: of.qty,
            due_at: of.due,
        };
        Self {
            id: of.id,
            type_id: of.type_id,
            name: of.name.to_string(),
            identifiers: of.identifiers.iter().map(identifier).collect(),
            holdings: of.holdings.iter().map(holding).collect(),
            etag: of.etag().to_string(),
        }
    }

    /// The same items in the words of the wire, people by their handles.
    async fn all(identity: &Identity, items: &[inventory::Item]) -> Result<Vec<Self>, Problem> {
        let held = items.iter().flat_map(|item| &item.holdings);
        let people = people(identity, held.map(|held| held.account)).await?;
        let items = items.iter().map(|item| Self::of(item, &people));
        Ok(items.collect())
    }

    async fn one(identity: &Identity, item: &inventory::Item) -> Result<Self, Problem> {
        let people = people(identity, item.holdings.iter().map(|held| held.account)).await?;
        Ok(Self::of(item, &people))
    }
}

pub(super) async fn list(call: Call, paging: Paging) -> Result<Response, Problem> {
    let page = call
        .inventory
        .items(&call.actor, paging.range.clone())
        .await?;
    let rows = Item::all(&call.identity, &page.rows).await?;
    answer::page(&paging, rows, page.next)
}

pub(super) async fn create(call: Call, Json(new): Json<NewItem>) -> Result<Response, Problem> {
    let named = [
        Named::new("type_id", new.type_id),
        Named::new("place_id", new.place_id),
    ];
    let new = inventory::NewItem {
        type_id: new.type_id,
        name: new.name,
        identifiers: well_formed(new.identifiers),
        place: new.place_id,
        qty: new.quantity,
    };
    let made = call.inventory.create_item(&call.actor, new).await;
    let made = made.map_err(|error| refused(error, &named))?;
    let location = format!("{}/{}", LIST.path, made.id);
    let item = Item::one(&call.identity, &made).await?;
    answer::created(&location, &made.etag(), item)
}

pub(super) async fn find(call: Call, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let Sent(by) = query(&uri)?;
    let found = call.inventory.item_by_identifier(&call.actor, by).await?;
    let item = Item::one(&call.identity, &found).await?;
    answer::read(&headers, &found.etag(), item)
}

pub(super) async fn read(
    call: Call,
    Subject(id): Subject<inventory::Item>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = call.inventory.item(&call.actor, id).await?;
    let item = Item::one(&call.identity, &found).await?;
    answer::read(&headers, &found.etag(), item)
}

pub(super) async fn replace(
    call: Call,
    Subject(id): Subject<inventory::Item>,
    IfMatch(precondition): IfMatch,
    Json(change): Json<ItemChange>,
) -> Result<Response, Problem> {
    let change = inventory::ChangeItem {
        id,
        name: change.name,
        identifiers: well_formed(change.identifiers),
        precondition,
    };
    let changed = call.inventory.update_item(&call.actor, change).await?;
    let item = Item::one(&call.identity, &changed).await?;
    answer::found(&changed.etag(), item)
}

fn well_formed(sent: Vec<Sent>) -> Vec<inventory::Identifier> {
    sent.into_iter().map(|sent| sent.0).collect()
}
