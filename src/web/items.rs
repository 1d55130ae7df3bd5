//! `GET /items`: what the organisation has, and who has it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Site;
use super::error::Failure;
use super::page::{Frame, render};
use super::signed_in::SignedIn;
use crate::base::{Cursor, Id, PageSize, Timestamp};
use crate::identity::{Actor, Handle, Identity, Principal, principals};
use crate::inventory::{Account, Holding, Inventory, Item, ItemType, Place, Range};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "items.html")]
struct ItemsPage<'a> {
    frame: &'a Frame,
    rows: Vec<Row>,
    first_page: bool,
    next: Option<String>,
}

/// An item as the template writes it.
struct Row {
    name: String,
    identifiers: Vec<String>,
    type_name: String,
    holdings: Vec<Held>,
}

/// A part of an item and where it is.
struct Held {
    /// `3 × `, or nothing where there is one.
    quantity: String,
    /// `out` or `kept`.
    state: &'static str,
    account: String,
    due: Option<Due>,
}

struct Due {
    /// For machines: RFC 3339.
    instant: String,
    /// For people.
    text: String,
    overdue: bool,
}

/// Shows a page of the items.
pub(super) async fn get(
    State(site): State<Site>,
    State(inventory): State<Inventory>,
    State(identity): State<Identity>,
    SignedIn(actor): SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let range = Range {
        cursor: asked.after.as_deref().map(Cursor::parse).transpose()?,
        size: PageSize::default(),
    };
    let page = inventory.items(&actor, range).await?;
    let names = Names::of((&inventory, &identity), &actor, &page.rows).await?;
    let look = Look {
        now: site.clock.now(),
        zone: site.default_zone.clone(),
        actor: &actor,
    };
    let frame = Frame::own("Items", "items", &actor);
    let shown = ItemsPage {
        frame: &frame,
        rows: page
            .rows
            .iter()
            .map(|item| row(item, &names, &look))
            .collect(),
        first_page: asked.after.is_none(),
        next: page.next.as_ref().map(Cursor::to_text),
    };
    Ok(render(StatusCode::OK, &shown, &frame))
}

struct Look<'a> {
    now: Timestamp,
    zone: TimeZone,
    actor: &'a Actor,
}

/// What the ids on a page are called.
#[derive(Default)]
struct Names {
    types: HashMap<Id<ItemType>, String>,
    places: HashMap<Id<Place>, String>,
    items: HashMap<Id<Item>, String>,
    people: HashMap<Id<Principal>, Handle>,
}

impl Names {
    async fn of(
        (inventory, identity): (&Inventory, &Identity),
        actor: &Actor,
        items: &[Item],
    ) -> Result<Self, Failure> {
        let mut names = Self::default();
        let mut people = Vec::new();
        for item in items {
            if let Entry::Vacant(unknown) = names.types.entry(item.type_id) {
                let found = inventory.item_type(actor, item.type_id).await?;
                unknown.insert(found.name.to_string());
            }
            for holding in &item.holdings {
                match holding.account {
                    Account::Place(id) | Account::Loan(id) if !names.places.contains_key(&id) => {
                        let found = inventory.place(actor, id).await?;
                        names.places.insert(id, found.name.to_string());
                    }
                    Account::Item(id) if !names.items.contains_key(&id) => {
                        let found = inventory.item(actor, id).await?;
                        names.items.insert(id, found.name.to_string());
                    }
                    Account::Party(id) => people.push(id),
                    _ => {}
                }
            }
        }
        people.sort_unstable();
        people.dedup();
        names.people = principals::handles(identity, people).await?;
        Ok(names)
    }

    fn account(&self, account: Account, actor: &Actor) -> String {
        let place = |id| self.places.get(id).cloned();
        let name = match &account {
            Account::Party(id) if *id == actor.principal => Some("you".to_owned()),
            Account::Party(id) => self.people.get(id).map(Handle::to_string),
            Account::Place(id) | Account::Loan(id) => place(id),
            Account::Item(id) => self.items.get(id).map(|name| format!("in {name}")),
            Account::Outside => None,
        };
        name.unwrap_or_else(|| "unknown".to_owned())
    }
}

fn row(item: &Item, names: &Names, look: &Look<'_>) -> Row {
    let identifiers = item.identifiers.iter();
    Row {
        name: item.name.to_string(),
        identifiers: identifiers
            .map(|one| format!("{} {}", one.scheme(), one.value()))
            .collect(),
        type_name: names.types.get(&item.type_id).cloned().unwrap_or_default(),
        holdings: item
            .holdings
            .iter()
            .map(|holding| held(holding, names, look))
            .collect(),
    }
}

fn held(holding: &Holding, names: &Names, look: &Look<'_>) -> Held {
    Held {
        quantity: if holding.qty == 1 {
            String::new()
        } else {
            format!("{} × ", holding.qty)
        },
        state: if holding.account.is_out() {
            "out"
        } else {
            "kept"
        },
        account: names.account(holding.account, look.actor),
        due: holding.due.map(|due| Due {
            instant: due.to_string(),
            text: due
                .to_zoned_datetime(look.zone.clone())
                .strftime("%-d %b %Y, %H:%M")
                .to_string(),
            overdue: holding.is_overdue(look.now),
        }),
    }
}
