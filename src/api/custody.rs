//! Custody: check-out, check-in, and the movements of an item.

use std::num::NonZeroU32;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::{Account, Holder, People, people};
use super::answer;
use super::items::one;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::{Named, Problem, refused};
use super::request::{Call, IfMatch, Json, Paging, Subject, instant};
use crate::base::{Id, Timestamp};
use crate::identity::Identity;
use crate::inventory;

pub(super) static CHECK_OUT: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/items/{id}/check-out",
    access: Access::Custodian,
    id: "check_out_item",
    summary: "Hands an item, or some of it, to a person, a place or another item",
    shape: Shape::Change {
        takes: "CheckOut",
        gives: "Movement",
    },
};
pub(super) static CHECK_IN: Operation = Operation {
    method: Method::Post,
    path: "/api/v1/items/{id}/check-in",
    access: Access::Custodian,
    id: "check_in_item",
    summary: "Takes an item, or some of it, back into a place",
    shape: Shape::Change {
        takes: "CheckIn",
        gives: "Movement",
    },
};
pub(super) static MOVEMENTS: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/items/{id}/movements",
    access: Access::Member,
    id: "list_item_movements",
    summary: "A page of the movements of an item, oldest first; they never change",
    shape: Shape::Page("Movement"),
};

/// A quantity of an item went from one account to another.
#[derive(Serialize, ToSchema)]
pub(super) struct Movement {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: Id<inventory::Movement>,
    /// Of which item.
    #[schema(value_type = String, format = "uuid")]
    item_id: Id<inventory::Item>,
    /// The entity tag that the item got by it.
    #[schema(example = "\"2\"")]
    item_etag: String,
    /// Taken from.
    from: Account,
    /// Given to.
    to: Account,
    /// How many units.
    #[schema(minimum = 1)]
    quantity: i64,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    at: Timestamp,
    /// When it is due back, exclusive: at this instant it is overdue. Null for good.
    #[schema(value_type = Option<String>, format = "date-time", required = true)]
    due_at: Option<Timestamp>,
    /// Who recorded it, as in the audit: `principal:` and an identifier, or `operator`.
    actor: String,
}

/// What is handed out, and to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckOut {
    /// Who or what gets it.
    to: Holder,
    /// How many; 1 when absent, and always 1 of a serialised item or a room.
    #[serde(default = "one")]
    #[schema(value_type = i64, minimum = 1, maximum = 4_294_967_295i64, default = 1)]
    quantity: NonZeroU32,
    /// The place to take it from; when absent, the only one that keeps it.
    #[schema(value_type = Option<String>, format = "uuid")]
    from_place_id: Option<Id<inventory::Place>>,
    /// When it is due back, exclusive; absent for good. An RFC 3339 instant.
    #[serde(default, deserialize_with = "instant")]
    #[schema(value_type = Option<String>, format = "date-time")]
    due_at: Option<Timestamp>,
}

/// What comes back, and where it is put.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckIn {
    /// The place that keeps it from now on.
    #[schema(value_type = String, format = "uuid")]
    to_place_id: Id<inventory::Place>,
    /// How many; 1 when absent, and always 1 of a serialised item or a room.
    #[serde(default = "one")]
    #[schema(value_type = i64, minimum = 1, maximum = 4_294_967_295i64, default = 1)]
    quantity: NonZeroU32,
    /// Who or what gives it back; when absent, the only holder.
    from: Option<Holder>,
}

impl Movement {
    fn of(of: inventory::Movement, people: &People) -> Self {
        Self {
            id: of.id,
            item_id: of.item,
            item_etag: of.item_etag().to_string(),
            from: Account::of(of.from, people),
            to: Account::of(of.to, people),
            quantity: of.qty,
            at: of.at,
            due_at: of.due,
            actor: of.actor,
        }
    }

    /// The same movements in the words of the wire, people by their handles.
    async fn all(
        identity: &Identity,
        movements: Vec<inventory::Movement>,
    ) -> Result<Vec<Self>, Problem> {
        let accounts = movements.iter().flat_map(|one| [one.from, one.to]);
        let people = people(identity, accounts).await?;
        let movements = movements.into_iter().map(|one| Self::of(one, &people));
        Ok(movements.collect())
    }

    async fn one(identity: &Identity, movement: inventory::Movement) -> Result<Self, Problem> {
        let people = people(identity, [movement.from, movement.to].into_iter()).await?;
        Ok(Self::of(movement, &people))
    }
}

pub(super) async fn check_out(
    call: Call,
    Subject(item): Subject<inventory::Item>,
    IfMatch(precondition): IfMatch,
    Json(out): Json<CheckOut>,
) -> Result<Response, Problem> {
    let from = out.from_place_id;
    let named = from.map(|id| Named::new("from_place_id", id));
    let named: Vec<Named> = named.into_iter().chain(out.to.named("to")).collect();
    let out = inventory::CheckOut {
        item,
        qty: out.quantity,
        from,
        to: out.to.find(&call.identity, "to").await?,
        due: out.due_at,
        precondition,
    };
    let moved = call.inventory.check_out(&call.actor, out).await;
    let moved = moved.map_err(|error| refused(error, &named))?;
    Ok(answer::plain(Movement::one(&call.identity, moved).await?))
}

pub(super) async fn check_in(
    call: Call,
    Subject(item): Subject<inventory::Item>,
    IfMatch(precondition): IfMatch,
    Json(back): Json<CheckIn>,
) -> Result<Response, Problem> {
    let named = [Named::new("to_place_id", back.to_place_id)];
    let from = match back.from {
        Some(from) => Some(from.find(&call.identity, "from").await?),
        None => None,
    };
    let back = inventory::CheckIn {
        item,
        qty: back.quantity,
        from,
        to: back.to_place_id,
        precondition,
    };
    let moved = call.inventory.check_in(&call.actor, back).await;
    let moved = moved.map_err(|error| refused(error, &named))?;
    Ok(answer::plain(Movement::one(&call.identity, moved).await?))
}

pub(super) async fn movements(
    call: Call,
    Subject(item): Subject<inventory::Item>,
    paging: Paging,
) -> Result<Response, Problem> {
    let range = paging.range.clone();
    let page = call.inventory.movements(&call.actor, item, range).await?;
    let rows = Movement::all(&call.identity, page.rows).await?;
    answer::page(&paging, rows, page.next)
}
