//! The walls W1 to W8 of the house.

use super::{
    modules, root,
    rust_text::{RustText, UsedPath},
};

/// The two backends themselves; everything else asks `dialect`.
const BACKENDS: [&str; 5] = [
    "src/store/dialect.rs",
    "src/store/conn.rs",
    "src/store/migrate.rs",
    "src/store/postgres.rs",
    "src/store/sqlite/",
];

/// The modules that `src/lib.rs` declares, in its order.
pub(crate) fn order(lib: &str) -> Vec<String> {
    let declared = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    lib.lines().filter_map(declared).collect()
}

pub(crate) fn in_house_order(declared: &[String]) -> Vec<String> {
    modules()
        .filter(|module| declared.iter().any(|name| name == module))
        .map(str::to_owned)
        .collect()
}

/// The modules of the crate that a file names, with the line.
pub(crate) fn names(file: &RustText, order: &[String]) -> Vec<(usize, String)> {
    let first = |path: &UsedPath| file.resolve(path).and_then(|path| path.first().cloned());
    let named = file
        .paths()
        .into_iter()
        .filter_map(|path| Some((path.line, first(&path)?)));
    named.filter(|(_, name)| order.contains(name)).collect()
}

/// Every wall that a file breaks, as `W3 src/x.rs:12: …`.
pub(crate) fn complaints(file: &RustText, order: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut complain = |wall: &str, line: usize, what: &str| {
        found.push(format!("{wall} {}:{line}: {what}", file.path));
    };
    let module = file.module();
    let room = module[0].as_str();
    let floor = |name: &str| order.iter().position(|module| module == name);
    for (line, name) in names(file, order) {
        if floor(&name) > floor(room) {
            complain(
                "W1",
                line,
                &format!("`{room}` uses `{name}`, which is above it"),
            );
        }
        let doors = ["dav", "api", "web"];
        let past = ["store", "jobs"].contains(&name.as_str());
        let other = doors.contains(&name.as_str()) && name != room;
        if (doors.contains(&room) || room == "edge") && (past || other) {
            complain("W4", line, &format!("a door names `{name}`"));
        }
        if is_pure(file) && ["store", "jobs"].contains(&name.as_str()) {
            complain("W5", line, &format!("a pure file names `{name}`"));
        }
    }
    for path in file.paths() {
        foreign(file, room, &path.segments, &mut |wall, what| {
            complain(wall, path.line, what);
        });
    }
    for token in &file.tokens {
        word(file, &token.text, &mut |wall, what| {
            complain(wall, token.line, what);
        });
    }
    for text in &file.strings {
        string(file, room, &text.text, &mut |wall, what| {
            complain(wall, text.line, what);
        });
    }
    quirks(file, &mut |line, what| complain("W8", line, what));
    found
}

/// W2, W3, W5, W6: paths that begin outside the crate.
fn foreign(file: &RustText, room: &str, path: &[String], complain: &mut dyn FnMut(&str, &str)) {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let is_repo = file.path.ends_with("/repo.rs");
    let wire = ["edge", "dav", "api", "web", "server"].contains(&room);
    match path[0] {
        "sea_orm" | "sea_query" | "sqlx" if room != "store" && !is_repo => {
            complain(
                "W2",
                "the database is asked in `store` and in files called repo.rs",
            );
        }
        "rusqlite" if !["store", "backup"].contains(&room) => {
            complain("W2", "`rusqlite` is used in `store` and `backup`");
        }
        "axum" | "tower" | "tower_http" if !wire => complain("W3", "the wire is for the doors"),
        "reqwest" if room != "outbound" => complain("W3", "calls to the outside: `outbound`"),
        "figment" | "toml" if room != "config" => complain("W6", "configuration: `config`"),
        "getrandom" | "rand" if room != "crypto" && file.path != "src/base/random.rs" => {
            complain("W6", "randomness: `base::random`");
        }
        _ => {}
    }
    let pair = |first: &str, second: &[&str]| {
        path.windows(2)
            .any(|two| two[0] == first && second.contains(&two[1]))
    };
    if pair("env", &["var", "vars", "var_os", "vars_os"]) && room != "config" {
        complain("W6", "the environment: `config`");
    }
    let clock = room == "crypto" || file.path == "src/base/clock.rs";
    let now =
        pair("Timestamp", &["now"]) || pair("Zoned", &["now"]) || path.contains(&"SystemTime");
    if now && !clock {
        complain("W6", "the wall clock: `base::clock`");
    }
    let surroundings = pair("std", &["env", "fs", "net", "process"]) || path[0] == "tokio";
    if is_pure(file) && (now || surroundings || path.contains(&"Instant")) {
        complain("W5", "no clock, file or environment in a pure file");
    }
}

/// W5, W7, W8: words wherever they stand.
fn word(file: &RustText, word: &str, complain: &mut dyn FnMut(&str, &str)) {
    match word {
        "async" | "await" if is_pure(file) => complain("W5", "nothing waits in a pure file"),
        "DbBackend" | "DatabaseBackend" | "SqliteQueryBuilder" | "PostgresQueryBuilder"
            if !BACKENDS.iter().any(|path| file.path.starts_with(path)) =>
        {
            complain("W7", "backend differences: `store::dialect`");
        }
        "USER_AGENT" if !may_know_clients(file) => complain("W8", "clients: `dav::clients`"),
        _ => {}
    }
}

/// W2, W8: what strings hold.
fn string(file: &RustText, room: &str, text: &str, complain: &mut dyn FnMut(&str, &str)) {
    let sql = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE ",
        "PRAGMA ",
    ];
    let text = text.trim_start();
    let is_sql = sql.iter().any(|start| text.starts_with(start));
    if is_sql && room != "store" && !file.path.ends_with("/repo.rs") {
        complain(
            "W2",
            "SQL is written in `store` and in files called repo.rs",
        );
    }
    if text.eq_ignore_ascii_case("user-agent") && !may_know_clients(file) {
        complain("W8", "clients: `dav::clients`");
    }
}

/// W8: a note about a client names the RFC it bends and a file that shows it.
fn quirks(file: &RustText, complain: &mut dyn FnMut(usize, &str)) {
    for (at, comment) in file.comments.iter().enumerate() {
        if !comment.text.contains("Interop(") {
            continue;
        }
        let block = file.comments[at..].iter().zip(comment.line..);
        let block = block
            .take_while(|(next, line)| next.line == *line)
            .map(|(next, _)| &next.text);
        let block = block.map(String::as_str).collect::<Vec<_>>().join(" ");
        let fixture = block
            .split_whitespace()
            .find(|word| word.starts_with("tests/"));
        let exists = fixture.is_some_and(|path| root().join(path.trim_end_matches('.')).exists());
        if !may_know_clients(file) {
            complain(comment.line, "clients: `dav::clients`");
        } else if !block.contains("RFC ") || !exists {
            complain(
                comment.line,
                "name the RFC it bends and a file below tests/ that shows it",
            );
        }
    }
}

fn may_know_clients(file: &RustText) -> bool {
    file.path.starts_with("src/dav/clients") || file.path.starts_with("src/outbound/")
}

fn is_pure(file: &RustText) -> bool {
    let name = file.path.rsplit('/').next();
    file.path.starts_with("src/ical/") || matches!(name, Some("model.rs" | "rules.rs"))
}
