//! The tables of identity: principals and what they come with. No names, no addresses, and of
//! every secret only its digest.

use super::{Migration, Step, bytes, id, indexed, integer, optional, table, text, unique};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261125_110000_create_identity",
    up,
};

fn up() -> Vec<Step> {
    vec![
        Step::Table(
            table("principal")
                .col(id("id").primary_key())
                .col(text("handle"))
                .col(optional(text("issuer")))
                .col(optional(text("subject")))
                .col(integer("active"))
                .col(text("roles"))
                .col(integer("created_at"))
                .to_owned(),
        ),
        unique("principal", &["handle"]),
        unique("principal", &["issuer", "subject"]),
        Step::Table(
            table("personal_token")
                .col(id("id").primary_key())
                .col(bytes("digest"))
                .col(id("principal_id"))
                .col(text("label"))
                .col(text("scopes"))
                .col(integer("created_at"))
                .col(optional(integer("expires_at")))
                .col(optional(integer("last_used_at")))
                .col(optional(integer("revoked_at")))
                .to_owned(),
        ),
        unique("personal_token", &["digest"]),
        indexed("personal_token", &["principal_id"]),
        Step::Table(
            table("session")
                .col(bytes("digest").primary_key())
                .col(id("principal_id"))
                .col(integer("created_at"))
                .col(integer("last_seen_at"))
                .col(integer("ends_at"))
                .to_owned(),
        ),
        indexed("session", &["principal_id"]),
        Step::Table(
            table("sign_in_link")
                .col(bytes("digest").primary_key())
                .col(id("principal_id"))
                .col(integer("expires_at"))
                .to_owned(),
        ),
        indexed("sign_in_link", &["principal_id"]),
    ]
}
