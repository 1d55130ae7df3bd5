//! Roles that administrators give here, over everything or over a part of a room; and when a person
//! last proved who they are, for what needs a fresh sign-in. Sessions and tokens from before have no
//! such instant: they are good for everything else.

use super::{Migration, Step, added, id, indexed, integer, table, text, unique};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_110000_add_role_grant",
    up,
};

fn up() -> Vec<Step> {
    vec![
        Step::Table(
            table("role_grant")
                .col(id("id").primary_key())
                .col(id("principal_id"))
                .col(text("role"))
                .col(text("part_kind"))
                .col(id("part_id"))
                .col(integer("given_at"))
                .to_owned(),
        ),
        unique(
            "role_grant",
            &["principal_id", "role", "part_kind", "part_id"],
        ),
        indexed("role_grant", &["part_id"]),
        // What is granted over everything, beside `roles`: asked at every request.
        added("principal", text("granted_roles")),
        added("session", integer("authenticated_at")),
        added("personal_token", integer("authenticated_at")),
    ]
}
