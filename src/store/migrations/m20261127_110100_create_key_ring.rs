//! Which key ring the database belongs to: one row, the id of the ring's index key.

use super::{Migration, Step, table, text};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_110100_create_key_ring",
    up,
};

fn up() -> Vec<Step> {
    vec![Step::Table(
        table("key_ring").col(text("id").primary_key()).to_owned(),
    )]
}
