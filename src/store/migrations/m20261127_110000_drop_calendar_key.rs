//! A calendar has no key of its own: what is in it is sealed with the keys of its owner.

use super::{Migration, Step, dropped};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261127_110000_drop_calendar_key",
    up,
};

fn up() -> Vec<Step> {
    vec![dropped("calendar", "key_id")]
}
