//! The map of the modules, made from `src/lib.rs`, the imports and the modules' first sentences.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{
    HOUSE,
    rust_text::{RustText, Token},
    walls::names,
};

/// Where the map begins and ends in ARCHITECTURE.md.
pub(crate) const BEGIN: &str = "<!-- module map: begin (made by tests/it/tidy.rs) -->\n";
pub(crate) const END: &str = "<!-- module map: end -->";

/// The modules as a picture and as a table, in Markdown.
pub(crate) fn module_map(sources: &[RustText], order: &[String]) -> String {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_test = |file: &&RustText| !file.path.contains("/tests");
    for file in sources
        .iter()
        .filter(is_test)
        .filter(|file| order.contains(&file.module()[0]))
    {
        let room = file.module()[0].clone();
        let named = names(file, order).into_iter().map(|(_, name)| name);
        uses.entry(room.clone())
            .or_default()
            .extend(named.filter(|name| *name != room));
    }
    let mut picture = String::from("```mermaid\nflowchart TD\n");
    let mut table = String::from("| Floor | Module | What | Uses |\n| --- | --- | --- | --- |\n");
    for (floor, modules) in HOUSE {
        let present: Vec<&str> = modules
            .iter()
            .copied()
            .filter(|module| uses.contains_key(*module))
            .collect();
        if !present.is_empty() {
            let _ = writeln!(
                picture,
                "  subgraph {floor}\n    {}\n  end",
                present.join("\n    ")
            );
        }
        for module in present {
            let quoted: Vec<String> = uses[module]
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            let (what, uses) = (purpose(sources, module), quoted.join(", "));
            let _ = writeln!(table, "| {floor} | `{module}` | {what} | {uses} |");
        }
    }
    for (module, named) in &uses {
        let implied: BTreeSet<&String> = named.iter().flat_map(|name| reach(name, &uses)).collect();
        for name in named.iter().filter(|name| !implied.contains(name)) {
            let _ = writeln!(picture, "  {module} --> {name}");
        }
    }
    format!("{picture}```\n\n{table}")
}

/// Everything below a module. A cycle, which breaks W1, ends where it begins.
fn reach<'u>(module: &str, uses: &'u BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'u String> {
    let mut found = BTreeSet::new();
    let mut ahead: Vec<&String> = uses.get(module).into_iter().flatten().collect();
    while let Some(name) = ahead.pop() {
        if found.insert(name) {
            ahead.extend(uses.get(name).into_iter().flatten());
        }
    }
    found
}

/// The first sentence of a module's map.
fn purpose(sources: &[RustText], module: &str) -> String {
    let path = format!("src/{module}/mod.rs");
    let file = sources.iter().find(|file| file.path == path);
    let lines = |comments: &[Token]| {
        let texts = comments
            .iter()
            .map_while(|comment| comment.text.strip_prefix("//!"));
        texts
            .map_while(|text| Some(text.trim()).filter(|text| !text.is_empty()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let text = file.map(|file| lines(&file.comments)).unwrap_or_default();
    let text = text.replace(['[', ']'], "").replace('|', "/");
    text.split_once(". ")
        .map_or(text.clone(), |(first, _)| format!("{first}."))
}
