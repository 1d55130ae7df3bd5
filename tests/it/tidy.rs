//! The architecture as a test: the walls W1 to W8, sizes, and the module map in ARCHITECTURE.md.
//!
//! Every wall has a sample below that breaks it, so that no check can silently stop working.
//! `make generate` writes the module map anew.

use std::collections::BTreeSet;

use crate::architecture::{
    map::{BEGIN, END, module_map},
    modules, root,
    rust_text::{RustText, files},
    sizes::{left_for_later, size_complaints},
    walls::{complaints, in_house_order, order},
};
use crate::support::generated::is_current;

#[test]
fn the_walls_stand() {
    let order = order(&std::fs::read_to_string(root().join("src/lib.rs")).unwrap());
    assert_eq!(
        order,
        in_house_order(&order),
        "src/lib.rs declares modules in another order"
    );
    let sources = RustText::read_all(root(), "src");
    assert!(sources.len() > 30, "the sources were not found");
    nothing(sources.iter().flat_map(|file| complaints(file, &order)));
}

#[test]
fn files_and_functions_are_small_and_every_file_says_what_it_is() {
    let mut sources = RustText::read_all(root(), "src");
    sources.extend(RustText::read_all(root(), "tests"));
    nothing(sources.iter().flat_map(size_complaints));
}

#[test]
fn nothing_is_left_for_later() {
    let folders = [
        "src", "tests", "config", "docs", "infra", "bicep", "helm", "scripts", ".ci", ".cargo",
    ];
    let mut paths: Vec<_> = folders
        .iter()
        .flat_map(|folder| files(root(), folder, ""))
        .collect();
    paths.extend(
        std::fs::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    // Fixtures are other people's words.
    // What others wrote is not ours to tidy: sample data, and packages installed for the peers.
    let foreign = ["tests/fixtures", "tests/peers/node_modules"].map(|path| root().join(path));
    paths.retain(|path| path.is_file() && !foreign.iter().any(|folder| path.starts_with(folder)));
    let complaint = |path: &std::path::PathBuf| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        left_for_later(&text).map(|line| format!("{}:{line}", path.display()))
    };
    nothing(paths.iter().filter_map(complaint));
}

#[test]
fn every_claim_of_the_threat_model_names_tests_that_there_are() {
    let mut sources = RustText::read_all(root(), "src");
    sources.extend(RustText::read_all(root(), "tests"));
    let functions = sources.iter().flat_map(RustText::functions);
    let known: BTreeSet<String> = functions.map(|function| function.name).collect();
    let page = std::fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let claims = page.lines().filter(|line| line.starts_with("| "));
    let claims: Vec<_> = claims.skip(1).collect();
    assert!(claims.len() > 15, "the table was not found");
    nothing(claims.into_iter().flat_map(|claim| {
        let held_by = claim.trim_end_matches([' ', '|']).rsplit('|').next();
        let tests: Vec<_> = held_by.unwrap().split('`').skip(1).step_by(2).collect();
        let bare = tests.is_empty().then(|| format!("no test holds: {claim}"));
        let gone = tests.into_iter().filter(|test| !known.contains(*test));
        let gone = gone.map(|test| format!("there is no test {test}: {claim}"));
        gone.chain(bare).collect::<Vec<_>>()
    }));
}

#[test]
fn the_module_map_in_the_architecture_page_is_current() {
    let path = root().join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let order = order(&std::fs::read_to_string(root().join("src/lib.rs")).unwrap());
    let sources = RustText::read_all(root(), "src");
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!(
        "{before}{BEGIN}{}{END}{after}",
        module_map(&sources, &order)
    );
    is_current(path, &current);
}

#[test]
fn w1_looking_up_is_found_however_it_is_written() {
    breaks("W1", "src/store/tx.rs", "use crate::calendar::Calendars;");
    breaks(
        "W1",
        "src/store/tx.rs",
        "use crate::{\n    base::Id,\n    calendar::{Calendars, Id as I},\n};",
    );
    breaks("W1", "src/store/tx.rs", "fn f() { crate::calendar::f() }");
    breaks(
        "W1",
        "src/store/tx.rs",
        "use super::super::calendar::Calendars;",
    );
    breaks("W1", "src/store/mod.rs", "use super::{base, calendar};");
    breaks(
        "W1",
        "src/store/mod.rs",
        "pub(in crate::calendar) fn f() {}",
    );
    holds(
        "src/calendar/mod.rs",
        "use crate::{base::Id, store::Tx}; use self::store::X;",
    );
    holds(
        "src/store/tx.rs",
        "// crate::calendar\nconst A: &str = \"crate::calendar::X\";",
    );
    holds(
        "src/store/tx.rs",
        "use super::calendar::X; use crate::store::Y;",
    );
}

#[test]
fn w1_a_module_on_another_floor_is_found() {
    let declared = order("pub mod store;\npub mod base;\npub mod cli;\n");
    assert_eq!(in_house_order(&declared), ["base", "store", "cli"]);
    let unknown = order("pub mod base;\npub mod util;\n");
    assert_ne!(in_house_order(&unknown), unknown);
}

#[test]
fn w2_a_database_outside_the_cellar_is_found() {
    breaks("W2", "src/calendar/sync.rs", "use sea_orm::EntityTrait;");
    breaks("W2", "src/calendar/repo.rs", "use rusqlite::Connection;");
    breaks(
        "W2",
        "src/calendar/sync.rs",
        "const Q: &str = \"SELECT id FROM calendar\";",
    );
    breaks(
        "W2",
        "src/calendar/sync.rs",
        "const Q: &str = r#\"\n  DELETE FROM calendar\"#;",
    );
    holds(
        "src/calendar/repo.rs",
        "use sea_orm::EntityTrait; const Q: &str = \"SELECT 1\";",
    );
    holds("src/store/sqlite/conn.rs", "use rusqlite::Connection;");
    holds(
        "src/calendar/sync.rs",
        "const WORD: &str = \"Select a calendar\";",
    );
}

#[test]
fn w3_the_wire_inside_the_house_is_found() {
    breaks(
        "W3",
        "src/calendar/mod.rs",
        "fn f(x: axum::http::HeaderMap) {}",
    );
    breaks("W3", "src/cli/mod.rs", "use tower::Service;");
    breaks("W3", "src/identity/oidc.rs", "use reqwest;");
    holds("src/dav/mod.rs", "use axum::Router; use tower::Layer;");
    holds("src/outbound/mod.rs", "use reqwest::Client;");
}

#[test]
fn w4_a_door_that_reaches_past_the_rooms_is_found() {
    breaks("W4", "src/dav/object.rs", "use crate::store::Store;");
    breaks("W4", "src/edge/mod.rs", "use crate::jobs::Jobs;");
    breaks("W4", "src/web/mod.rs", "use crate::dav::href;");
    holds(
        "src/dav/object.rs",
        "use crate::{calendar::Calendars, edge::Actor};",
    );
}

#[test]
fn w5_impure_rules_are_found() {
    breaks("W5", "src/calendar/rules.rs", "async fn f() {}");
    breaks("W5", "src/ical/parse.rs", "use std::fs::File;");
    breaks("W5", "src/calendar/model.rs", "use crate::store::Tx;");
    breaks(
        "W5",
        "src/calendar/rules.rs",
        "fn f() -> Timestamp { Timestamp::now() }",
    );
    breaks(
        "W5",
        "src/ical/zone.rs",
        "fn f() { std::env::var(\"TZ\"); }",
    );
    holds(
        "src/calendar/rules.rs",
        "fn f(now: Timestamp) -> bool { true }",
    );
    holds("src/calendar/calendars.rs", "async fn f() {}");
}

#[test]
fn w6_reading_the_surroundings_elsewhere_is_found() {
    breaks(
        "W6",
        "src/server/mod.rs",
        "fn f() { std::env::var_os(\"PORT\"); }",
    );
    breaks(
        "W6",
        "src/server/mod.rs",
        "use std::env; fn f() { env::vars(); }",
    );
    breaks("W6", "src/server/mod.rs", "use figment::Figment;");
    breaks("W6", "src/identity/mod.rs", "use std::time::SystemTime;");
    breaks(
        "W6",
        "src/identity/mod.rs",
        "fn f() { jiff::Zoned::now(); }",
    );
    breaks(
        "W6",
        "src/identity/mod.rs",
        "fn f() { getrandom::fill(&mut x); }",
    );
    holds("src/config/load.rs", "fn f() { std::env::vars_os(); }");
    holds("src/base/clock.rs", "fn f() { Timestamp::now(); }");
    holds(
        "src/server/mod.rs",
        "fn f() { std::time::Instant::now(); env!(\"X\"); }",
    );
}

#[test]
fn w7_backend_differences_elsewhere_are_found() {
    breaks(
        "W7",
        "src/calendar/repo.rs",
        "fn f(b: DbBackend) { if b == DbBackend::Sqlite {} }",
    );
    breaks(
        "W7",
        "src/store/tx.rs",
        "use sea_orm::sea_query::PostgresQueryBuilder;",
    );
    holds("src/store/dialect.rs", "use sea_orm::DbBackend;");
}

#[test]
fn w8_client_quirks_elsewhere_or_without_reason_are_found() {
    let reason = "// Interop(ios): RFC 4791 §7.9, tests/it/tidy.rs\n";
    breaks("W8", "src/dav/object.rs", reason);
    breaks(
        "W8",
        "src/dav/object.rs",
        "fn f() { headers.get(USER_AGENT); }",
    );
    breaks(
        "W8",
        "src/dav/object.rs",
        "fn f() { headers.get(\"User-Agent\"); }",
    );
    breaks(
        "W8",
        "src/dav/clients.rs",
        "// Interop(ios): it is like that\n",
    );
    breaks(
        "W8",
        "src/dav/clients.rs",
        "// Interop(ios): RFC 4791, tests/fixtures/none.xml\n",
    );
    holds("src/dav/clients.rs", reason);
    holds(
        "src/dav/clients.rs",
        "// Interop(ios): RFC 4791 §7.9,\n// tests/it/tidy.rs\n",
    );
}

#[test]
fn sizes_are_measured() {
    let long = format!(
        "//! A file.\nfn f() {{\n{}}}\n",
        "    g(\"}\");\n".repeat(69)
    );
    assert!(size_complaints(&RustText::new("a.rs", &long))[0].contains("`f` has 71 lines"));
    let fits = long.replacen("    g(\"}\");\n", "", 1);
    assert!(size_complaints(&RustText::new("a.rs", &fits)).is_empty());
    let file = format!("//! A file.\n{}", "\n".repeat(500));
    assert!(size_complaints(&RustText::new("a.rs", &file))[0].contains("501 lines"));
    assert!(size_complaints(&RustText::new("a.rs", "use x;\n"))[0].contains("//!"));
    assert_eq!(left_for_later(concat!("a\n// TO", "DO: b")), Some(2));
    assert_eq!(left_for_later("BEGIN:VTODO todo!"), None);
}

#[test]
fn the_map_draws_only_arrows_that_others_do_not_imply() {
    let order = ["base", "store", "audit"].map(str::to_owned);
    let sources = [
        RustText::new("src/base/mod.rs", "//! Words.\n"),
        RustText::new("src/store/mod.rs", "//! Rows.\nuse crate::base::Id;"),
        RustText::new(
            "src/audit/mod.rs",
            "//! History.\nuse crate::{base::Id, store::Tx};",
        ),
    ];
    let map = module_map(&sources, &order);
    assert!(
        map.contains("audit --> store") && map.contains("store --> base"),
        "{map}"
    );
    assert!(!map.contains("audit --> base"), "{map}");
    assert!(
        map.contains("| Cellar | `audit` | History. | `base`, `store` |"),
        "{map}"
    );
}

#[track_caller]
fn nothing(complaints: impl Iterator<Item = String>) {
    let complaints: Vec<String> = complaints.collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[track_caller]
fn breaks(wall: &str, path: &str, text: &str) {
    let found = complaints_of_sample(path, text);
    assert!(
        found.iter().any(|complaint| complaint.starts_with(wall)),
        "{text}: {found:?}"
    );
}

#[track_caller]
fn holds(path: &str, text: &str) {
    assert_eq!(
        complaints_of_sample(path, text),
        Vec::<String>::new(),
        "{text}"
    );
}

fn complaints_of_sample(path: &str, text: &str) -> Vec<String> {
    let order: Vec<String> = modules().map(str::to_owned).collect();
    complaints(&RustText::new(path, text), &order)
}
