//! Programs that others wrote, against ours: `tests/peers` has the scripts and says what each holds.

use std::path::Path;
use std::process::Command;

use crate::support::served::Place;

/// Runs a peer's script against a fresh service; its output is the reason of a failure.
fn holds(program: &str, script: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = Place::new();
    let served = place.serve();
    let token = place.token("alice", "caldav");
    // A path of the clone where there is a slash in it, else one that the system finds.
    let program = if program.contains('/') {
        root.join(program)
    } else {
        program.into()
    };
    let output = Command::new(&program)
        .arg(root.join("tests/peers").join(script))
        .env("FREEHOLD_URL", &served.url)
        .env("FREEHOLD_USER", "alice")
        .env("FREEHOLD_TOKEN", token)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; `make tools` installs it", program.display()));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("ok "), "it said nothing: {said}");
}

#[test]
fn vdirsyncer_and_khal_synchronise_both_ways() {
    holds(".tools/venv/bin/python", "vdirsyncer_sync.py");
}

#[test]
fn python_caldav_synchronises_both_ways() {
    holds(".tools/venv/bin/python", "caldav_sync.py");
}

#[test]
fn tsdav_discovers_creates_queries_and_gets_412_on_a_stale_update() {
    holds("node", "tsdav.mjs");
}
