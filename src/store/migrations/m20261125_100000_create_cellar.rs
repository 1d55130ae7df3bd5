//! The cellar's tables: the key ring, the audit chain and its head, the job queue.

use super::{Migration, Step, bytes, indexed, integer, optional, table, text};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261125_100000_create_cellar",
    up,
};

fn up() -> Vec<Step> {
    vec![
        Step::Table(
            table("data_key")
                .col(text("id").primary_key())
                .col(text("purpose"))
                .col(text("kek_id"))
                .col(bytes("wrapped"))
                .col(integer("created_at"))
                .to_owned(),
        ),
        Step::Table(
            table("audit_entry")
                .col(integer("seq").primary_key())
                .col(integer("at"))
                .col(text("action"))
                .col(text("actor"))
                .col(text("subject"))
                .col(text("detail"))
                .col(bytes("hash"))
                .to_owned(),
        ),
        Step::Table(
            table("audit_head")
                .col(integer("id").primary_key())
                .col(integer("seq"))
                .col(bytes("hash"))
                .to_owned(),
        ),
        Step::Table(
            table("job")
                .col(bytes("id").primary_key())
                .col(text("kind"))
                .col(text("payload"))
                .col(text("state"))
                .col(integer("run_at"))
                .col(integer("attempts"))
                .col(integer("attempts_max"))
                .col(optional(integer("leased_until")))
                .col(optional(text("last_error")))
                .col(integer("created_at"))
                .col(optional(integer("finished_at")))
                .to_owned(),
        ),
        indexed("job", &["state", "run_at"]),
    ]
}
