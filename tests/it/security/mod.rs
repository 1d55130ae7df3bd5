//! `docs/security.md`: what the OWASP ASVS and the OpenID Foundation's tests ask for, and the tests
//! of ours that hold it. The page is made from `asvs.txt` and `openid.txt` beside this file; each
//! test that they name has to be there, and what no test holds has to say why.
//!
//! `make generate` writes the page anew.

mod promises;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::architecture::{root, rust_text::RustText};
use crate::support::generated::is_current;

const BEGIN: &str = "\
# Security, requirement by requirement

Made from `tests/it/security`; do not edit. Every test that is named here exists, and `make test` runs
it (`tests/peers/keycloak.mjs` is run by `make conformance`). Against whom all this protects:
[threat-model.md](threat-model.md).

## OWASP ASVS 5.0.0

Requirements that say something about this program, by chapter, in our own words. *Open* is what is
missing, *note* what a reader should know.

| Requirement | Level | What | Held by |
| --- | --- | --- | --- |
";
const OPENID: &str = "
## OpenID Foundation, tests of relying parties

Every row of the plans that concern this program, against a provider of ours that deviates as the
row says.

| Plan | Test | Held by |
| --- | --- | --- |
";

/// A row of the ASVS table.
struct Row<'t> {
    ids: &'t str,
    levels: &'t str,
    what: &'t str,
    tests: Vec<&'t str>,
    /// Sentences with the word that begins them: `open`, `note` or `na`.
    said: Vec<(&'t str, &'t str)>,
}

fn rows() -> Vec<Row<'static>> {
    let blocks = include_str!("asvs.txt").split("\n\n");
    let row = |block: &'static str| {
        let mut lines = block.lines();
        let head: Vec<_> = lines.next().unwrap().split(" | ").collect();
        let [ids, levels, what] = head[..] else {
            panic!("no head: {block}");
        };
        let mut row = Row {
            ids,
            levels,
            what,
            tests: Vec::new(),
            said: Vec::new(),
        };
        for line in lines {
            match line.split_once(' ').unwrap() {
                ("by", tests) => row.tests = tests.split(' ').collect(),
                (word @ ("open" | "note" | "na"), sentence) => row.said.push((word, sentence)),
                _ => panic!("what is this: {line}"),
            }
        }
        row
    };
    blocks.map(row).collect()
}

/// Plan, test, and the tests of ours.
fn openid() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let lines = include_str!("openid.txt").lines();
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split(" | ").collect();
        let tests = cells[2].strip_prefix("by ").unwrap().split(' ');
        (cells[0], cells[1], tests.collect())
    };
    lines.map(row).collect()
}

fn code(tests: &[&str]) -> String {
    let shown = tests.iter().map(|test| format!("`{test}`"));
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_requirement_has_a_test_that_exists_or_says_what_is_open() {
    let mut sources = RustText::read_all(root(), "src");
    sources.extend(RustText::read_all(root(), "tests"));
    let functions = sources.iter().flat_map(RustText::functions);
    let known: BTreeSet<String> = functions.map(|function| function.name).collect();
    let there = |name: &&str| {
        if name.contains('/') {
            root().join(name).is_file()
        } else {
            known.contains(*name)
        }
    };
    let (rows, openid) = (rows(), openid());
    let bare = rows.iter().filter(|row| row.tests.is_empty());
    for row in bare {
        let why = |(word, _): &(&str, &str)| *word != "note";
        assert!(row.said.iter().any(why), "{}: open, or na?", row.ids);
    }
    let named = rows.iter().map(|row| (row.ids, &row.tests));
    let named = named.chain(openid.iter().map(|row| (row.1, &row.2)));
    let gone: Vec<_> = named
        .flat_map(|(row, tests)| tests.iter().map(move |test| (row, *test)))
        .filter(|(_, test)| !there(test))
        .collect();
    assert!(gone.is_empty(), "there are no such tests: {gone:#?}");
    let mut ids: Vec<_> = rows.iter().flat_map(|row| row.ids.split(' ')).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "a requirement stands twice");
}

#[test]
fn the_page_is_current() {
    let mut page = BEGIN.to_owned();
    let rows = rows();
    let (apart, of_us): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|row| row.said.iter().any(|said| said.0 == "na"));
    for row in &of_us {
        let mut held = code(&row.tests);
        for (word, sentence) in &row.said {
            let gap = if held.is_empty() { "" } else { ". " };
            write!(
                held,
                "{gap}*{}*: {sentence}",
                word[..1].to_uppercase() + &word[1..]
            )
            .unwrap();
        }
        writeln!(
            page,
            "| {} | {} | {} | {held} |",
            row.ids, row.levels, row.what
        )
        .unwrap();
    }
    let open = of_us
        .iter()
        .filter(|row| row.said.iter().any(|said| said.0 == "open"));
    let bare = of_us.iter().filter(|row| row.tests.is_empty()).count();
    let open = open.count() - bare;
    writeln!(
        page,
        "\nOf {} rows tests hold {}, {open} in part; {bare} are open.\n\nNot applicable:\n",
        of_us.len(),
        of_us.len() - bare - open,
    )
    .unwrap();
    for row in apart {
        writeln!(page, "- {} ({}): {}", row.what, row.ids, row.said[0].1).unwrap();
    }
    page.push_str(OPENID);
    for (plan, test, tests) in openid() {
        writeln!(page, "| {plan} | {test} | {} |", code(&tests)).unwrap();
    }
    is_current(root().join("docs/security.md"), &page);
}
