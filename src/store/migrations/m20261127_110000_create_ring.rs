//! The key ring, a database (or schema) of its own: root keys, what wraps them, data keys.

use super::{Migration, Step, bytes, indexed, integer, optional, refers, table, text, unique};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_110000_create_ring",
    up,
};

fn up() -> Vec<Step> {
    vec![
        Step::Table(
            table("root_key")
                .col(text("id").primary_key())
                .col(integer("created_at"))
                .col(optional(integer("retired_at")))
                .to_owned(),
        ),
        Step::Table(
            table("root_wrap")
                .col(text("root_id"))
                .col(text("wrapper"))
                .col(text("wrapper_id"))
                .col(bytes("wrapped"))
                .col(integer("created_at"))
                .foreign_key(&mut refers("root_wrap", "root_id", "root_key"))
                .to_owned(),
        ),
        unique("root_wrap", &["root_id", "wrapper", "wrapper_id"]),
        Step::Table(
            table("data_key")
                .col(text("id").primary_key())
                .col(text("owner"))
                .col(text("purpose"))
                .col(text("root_id"))
                .col(bytes("wrapped"))
                .col(integer("created_at"))
                .col(integer("sealed_count"))
                .foreign_key(&mut refers("data_key", "root_id", "root_key"))
                .to_owned(),
        ),
        indexed("data_key", &["owner", "created_at"]),
    ]
}
