//! The steps of the schema, oldest first. A step that has landed is never edited.
//!
//! Conventions: tables are singular; an index is called `TABLE_COLUMN_…_key` when unique and
//! `TABLE_COLUMN_…_idx` when not, so that both backends name the column in a refusal.

mod m20261125_100000_create_cellar;
mod m20261125_110000_create_identity;
mod m20261125_120000_create_inventory;
mod m20261125_130000_create_calendar;
mod m20261125_200000_add_session_origin;
mod m20261127_110000_add_role_grant;
mod m20261127_110000_create_ring;
mod m20261127_110000_drop_calendar_key;
mod m20261127_110100_create_key_ring;
mod m20261127_120000_complete_audit;
mod m20261127_120000_seal_token_label;

use sea_orm::sea_query::{
    Alias, ColumnDef, ForeignKey, ForeignKeyCreateStatement, Index, IndexCreateStatement,
    IntoIden as _, Table, TableAlterStatement, TableCreateStatement,
};

/// One change of the schema.
pub(crate) struct Migration {
    /// `mYYYYMMDD_HHMMSS_verb_noun`; the order of names is the order of steps.
    pub(crate) name: &'static str,
    /// The statements that make it.
    pub(crate) up: fn() -> Vec<Step>,
}

/// One statement of a step.
#[expect(
    clippy::large_enum_variant,
    reason = "a few dozen of them live once, at start"
)]
pub(crate) enum Step {
    /// `CREATE TABLE`.
    Table(TableCreateStatement),
    /// `CREATE INDEX`.
    Index(IndexCreateStatement),
    /// `ALTER TABLE`, one change each: SQLite takes no more.
    Alter(TableAlterStatement),
}

/// All steps, oldest first.
pub(super) const ALL: &[Migration] = &[
    m20261125_100000_create_cellar::MIGRATION,
    m20261125_110000_create_identity::MIGRATION,
    m20261125_120000_create_inventory::MIGRATION,
    m20261125_130000_create_calendar::MIGRATION,
    m20261125_200000_add_session_origin::MIGRATION,
    m20261127_110000_add_role_grant::MIGRATION,
    m20261127_110000_drop_calendar_key::MIGRATION,
    m20261127_110100_create_key_ring::MIGRATION,
    m20261127_120000_complete_audit::MIGRATION,
    m20261127_120000_seal_token_label::MIGRATION,
];

/// All steps of the key ring, oldest first.
pub(super) const RING: &[Migration] = &[m20261127_110000_create_ring::MIGRATION];

/// A table that does not exist yet.
fn table(name: &str) -> TableCreateStatement {
    Table::create().table(Alias::new(name)).to_owned()
}

fn column(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name).into_iden())
}

/// 16 bytes.
fn id(name: &str) -> ColumnDef {
    column(name).blob().not_null().to_owned()
}

fn bytes(name: &str) -> ColumnDef {
    column(name).blob().not_null().to_owned()
}

fn text(name: &str) -> ColumnDef {
    column(name).text().not_null().to_owned()
}

/// A number, or an instant in microseconds UTC.
fn integer(name: &str) -> ColumnDef {
    column(name).big_integer().not_null().to_owned()
}

/// The same column, allowed to be NULL.
fn optional(mut column: ColumnDef) -> ColumnDef {
    column.null().to_owned()
}

/// Adds a column that may be NULL to a table with rows.
fn added(table: &str, column: ColumnDef) -> Step {
    let mut alter = Table::alter();
    alter
        .table(Alias::new(table))
        .add_column(optional(column).take());
    Step::Alter(alter.take())
}

/// Takes a column away.
fn dropped(table: &str, column: &str) -> Step {
    let mut alter = Table::alter();
    alter
        .table(Alias::new(table))
        .drop_column(Alias::new(column));
    Step::Alter(alter.take())
}

fn unique(table: &str, columns: &[&str]) -> Step {
    index(table, columns, "key", true)
}

fn indexed(table: &str, columns: &[&str]) -> Step {
    index(table, columns, "idx", false)
}

fn index(table: &str, columns: &[&str], suffix: &str, unique: bool) -> Step {
    let mut index = Index::create();
    index
        .name(format!("{table}_{}_{suffix}", columns.join("_")))
        .table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    if unique {
        index.unique();
    }
    Step::Index(index)
}

/// `column` of `from` holds the `id` of a row of `to`.
fn refers(from: &str, column: &str, to: &str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{from}_{column}_fkey"))
        .from(Alias::new(from), Alias::new(column))
        .to(Alias::new(to), Alias::new("id"))
        .to_owned()
}
