//! The inventory's tables: item types, places, items with their identifiers, and the ledger of
//! movements with the holdings that follow from it.

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _};

use super::{Migration, Step, id, indexed, integer, optional, refers, table, text, unique};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261125_120000_create_inventory",
    up,
};

fn up() -> Vec<Step> {
    let mut steps = things();
    steps.extend(ledger());
    steps
}

fn things() -> Vec<Step> {
    vec![
        Step::Table(
            table("item_type")
                .col(id("id").primary_key())
                .col(text("name"))
                .col(text("kind"))
                .col(text("unit"))
                .col(integer("version"))
                .col(integer("created_at"))
                .to_owned(),
        ),
        unique("item_type", &["name"]),
        Step::Table(
            table("place")
                .col(id("id").primary_key())
                .col(text("name"))
                .col(optional(id("parent_id")))
                .col(integer("version"))
                .col(integer("created_at"))
                .foreign_key(&mut refers("place", "parent_id", "place"))
                .to_owned(),
        ),
        indexed("place", &["parent_id"]),
        Step::Table(
            table("item")
                .col(id("id").primary_key())
                .col(id("type_id"))
                .col(text("name"))
                .col(integer("version"))
                .col(integer("created_at"))
                .foreign_key(&mut refers("item", "type_id", "item_type"))
                .to_owned(),
        ),
        indexed("item", &["type_id"]),
        Step::Table(
            table("identifier")
                .col(id("item_id"))
                .col(text("scheme"))
                .col(text("value"))
                .foreign_key(&mut refers("identifier", "item_id", "item"))
                .to_owned(),
        ),
        unique("identifier", &["scheme", "value"]),
        indexed("identifier", &["item_id"]),
    ]
}

fn ledger() -> Vec<Step> {
    vec![
        Step::Table(
            table("movement")
                .col(id("id").primary_key())
                .col(id("item_id"))
                .col(integer("item_version"))
                .col(text("from_kind"))
                .col(id("from_id"))
                .col(text("to_kind"))
                .col(id("to_id"))
                .col(integer("qty").check(Expr::col(Alias::new("qty")).gt(0)))
                .col(integer("at"))
                .col(optional(integer("due_at")))
                .col(text("actor"))
                .foreign_key(&mut refers("movement", "item_id", "item"))
                .to_owned(),
        ),
        unique("movement", &["item_id", "item_version"]),
        Step::Table(
            table("holding")
                .col(id("item_id"))
                .col(text("account_kind"))
                .col(id("account_id"))
                .col(integer("qty").check(Expr::col(Alias::new("qty")).gte(0)))
                .col(optional(integer("due_at")))
                .foreign_key(&mut refers("holding", "item_id", "item"))
                .to_owned(),
        ),
        unique("holding", &["item_id", "account_kind", "account_id"]),
        indexed("holding", &["account_kind", "account_id"]),
    ]
}
