//! What the house demands of its sources, as functions from text to complaints; `tidy` holds the
//! sources to it and shows with samples that each demand is felt.

pub(crate) mod map;
pub(crate) mod rust_text;
pub(crate) mod sizes;
pub(crate) mod walls;

use std::path::Path;

/// The floors and their modules, from the ground up; `src/lib.rs` declares them in this order.
pub(crate) const HOUSE: [(&str, &[&str]); 6] = [
    (
        "Ground",
        &[
            "base",
            "config",
            "telemetry",
            "outbound",
            "azure",
            "crypto",
            "ical",
            "mail",
        ],
    ),
    ("Cellar", &["store", "audit", "jobs"]),
    (
        "Rooms",
        &["identity", "calendar", "inventory", "reservations"],
    ),
    (
        "Workshop",
        &["directory", "overlay", "migrate", "privacy", "backup"],
    ),
    ("Doors", &["edge", "dav", "api", "web"]),
    ("Roof", &["server", "cli"]),
];

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every module the house may have, from the ground up.
pub(crate) fn modules() -> impl Iterator<Item = &'static str> {
    HOUSE
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied())
}
