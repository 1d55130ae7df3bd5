//! Accounts and holders: where a quantity of an item can be, and who can get it. People appear by
//! their handles, so that a script need not know their identifiers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::{Named, Problem};
use super::request::parsed;
use crate::base::{Id, Kind};
use crate::identity::{Handle, Identity, Principal, principals};
use crate::inventory;

/// Where a quantity of an item can be.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    /// What the account belongs to.
    kind: AccountKind,
    /// The identifier of the place, person or item; absent for `outside`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid", required = false)]
    id: Option<Uuid>,
    /// The handle of the person; only for `party`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    handle: Option<String>,
}

/// `outside`: outside the organisation, where things come from. `place`: kept in a place, ready to
/// be checked out. `loan`: checked out to a place. `party`: checked out to a person. `item`: checked
/// out to another item.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountKind {
    Outside,
    Place,
    Loan,
    Party,
    Item,
}

/// Who or what gets an item, or gives it back.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Holder {
    /// A person.
    Party {
        /// Their handle.
        #[serde(deserialize_with = "parsed")]
        #[schema(value_type = String, example = "alice")]
        handle: Handle,
    },
    /// A place that has it on loan.
    Place {
        /// The place.
        #[schema(value_type = String, format = "uuid")]
        id: Id<inventory::Place>,
    },
    /// Another item that it is put into.
    Item {
        /// The item.
        #[schema(value_type = String, format = "uuid")]
        id: Id<inventory::Item>,
    },
}

/// The handles of people.
pub(super) type People = HashMap<Id<Principal>, Handle>;

/// The handles of the people among `accounts`.
pub(super) async fn people(
    identity: &Identity,
    accounts: impl Iterator<Item = inventory::Account>,
) -> Result<People, Problem> {
    let people = accounts.filter_map(|account| match account {
        inventory::Account::Party(id) => Some(id),
        _ => None,
    });
    Ok(principals::handles(identity, people.collect()).await?)
}

/// The person of this handle; `field` is where the client named it.
pub(super) async fn person(
    identity: &Identity,
    handle: &Handle,
    field: &'static str,
) -> Result<Id<Principal>, Problem> {
    let found = principals::by_handle(identity, handle).await?;
    let found = found.ok_or_else(|| {
        let detail = format!("there is no person with the handle {handle}: check it");
        Problem::new(Kind::Invalid, detail).at(field)
    })?;
    Ok(found.id)
}

impl Account {
    pub(super) fn of(account: inventory::Account, people: &People) -> Self {
        let (kind, handle) = match account {
            inventory::Account::Outside => (AccountKind::Outside, None),
            inventory::Account::Place(_) => (AccountKind::Place, None),
            inventory::Account::Loan(_) => (AccountKind::Loan, None),
            inventory::Account::Party(id) => (AccountKind::Party, people.get(&id)),
            inventory::Account::Item(_) => (AccountKind::Item, None),
        };
        let id = account.uuid();
        Self {
            kind,
            id: (!id.is_nil()).then_some(id),
            handle: handle.map(Handle::to_string),
        }
    }
}

impl Holder {
    /// The holder in the words of the room; `field` is where the client named it.
    pub(super) async fn find(
        &self,
        identity: &Identity,
        field: &'static str,
    ) -> Result<inventory::Holder, Problem> {
        Ok(match self {
            Self::Place { id } => inventory::Holder::Place(*id),
            Self::Item { id } => inventory::Holder::Item(*id),
            Self::Party { handle } => {
                inventory::Holder::Party(person(identity, handle, field).await?)
            }
        })
    }

    /// What is wrong with `field` if it is not there.
    pub(super) fn named(&self, field: &'static str) -> Option<Named> {
        match self {
            Self::Party { .. } => None,
            Self::Place { id } => Some(Named::new(field, *id)),
            Self::Item { id } => Some(Named::new(field, *id)),
        }
    }
}
