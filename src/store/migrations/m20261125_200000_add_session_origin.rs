//! A session remembers which provider vouched for it, and the name that it has there: the provider
//! ends it by that name. Sessions from before have neither; they end with the account.

use super::{Migration, Step, added, indexed, text};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261125_200000_add_session_origin",
    up,
};

fn up() -> Vec<Step> {
    vec![
        added("session", text("issuer")),
        added("session", text("sid")),
        // `sid` first: Microsoft names it without the issuer.
        indexed("session", &["sid", "issuer"]),
    ]
}
