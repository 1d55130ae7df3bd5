//! The label of a personal token is sealed. Labels from before are sealed at the next start, which
//! leaves `label` empty.

use super::{Migration, Step, added, bytes};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_120000_seal_token_label",
    up,
};

fn up() -> Vec<Step> {
    vec![added("personal_token", bytes("sealed_label"))]
}
