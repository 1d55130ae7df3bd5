//! The audit gets sealed parts beside its entries, what the chain says of them, and signed heads.

use super::{Migration, Step, added, bytes, id, indexed, integer, table, text};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_120000_complete_audit",
    up,
};

fn up() -> Vec<Step> {
    vec![
        added("audit_entry", bytes("commitments")),
        Step::Table(
            table("audit_part")
                .col(id("id").primary_key())
                .col(integer("seq"))
                // Zeros: the organisation's.
                .col(id("owner"))
                .col(text("kind"))
                .col(bytes("salt"))
                .col(bytes("sealed"))
                .to_owned(),
        ),
        indexed("audit_part", &["seq"]),
        indexed("audit_part", &["owner"]),
        Step::Table(
            table("audit_checkpoint")
                .col(integer("seq").primary_key())
                .col(integer("at"))
                .col(bytes("hash"))
                .col(text("key_id"))
                .col(bytes("signature"))
                // 1: the entries up to here were taken away.
                .col(integer("cut"))
                .to_owned(),
        ),
    ]
}
