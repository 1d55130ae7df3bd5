//! The operator's pages, read as an operator would type them: every command, option, setting, file,
//! target and quoted error text exists.
//!
//! Each check has a sample below that it must complain about, so that none can silently stop working.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use freehold::config;

use crate::architecture::{root, rust_text::files};
use crate::support::generated::is_current;

/// A page: where it is from the root of the repository, and what it says.
struct Page {
    path: String,
    text: String,
}

fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md"), root().join("SECURITY.md")];
    for folder in ["docs", "helm"] {
        paths.extend(files(root(), folder, ".md"));
    }
    let read = |path: std::path::PathBuf| Page {
        text: std::fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root()).unwrap().display().to_string(),
    };
    paths.into_iter().map(read).collect()
}

/// Lines of code blocks, fenced or indented, a line that ends in `\` with the next.
fn code_lines(text: &str) -> Vec<String> {
    let (mut lines, mut fenced, mut open) = (Vec::<String>::new(), false, false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if !fenced && !line.starts_with("    ") {
            continue;
        }
        let end = line.trim_end().strip_suffix('\\');
        let part = end.unwrap_or(line).trim().to_owned();
        match (open, lines.last_mut()) {
            (true, Some(last)) => *last = format!("{last} {part}"),
            _ => lines.push(part),
        }
        open = end.is_some();
    }
    lines
}

/// What stands between backticks, outside of fenced blocks; a line break in it counts as a space.
fn spans(text: &str) -> Vec<String> {
    let mut outside = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if !fenced && !fence && !line.starts_with("    ") {
            outside.push_str(line);
            outside.push('\n');
        }
    }
    let mut found = Vec::new();
    // A paragraph's backticks come in pairs.
    for paragraph in outside.split("\n\n") {
        let inside = paragraph.split('`').skip(1).step_by(2);
        found.extend(inside.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    found
}

/// What `freehold WORDS --help` prints; none when there is no such command. Each is asked once.
#[derive(Default)]
struct Help(BTreeMap<Vec<String>, Option<String>>);

impl Help {
    fn of(&mut self, words: &[String]) -> Option<&str> {
        let asked = self.0.entry(words.to_vec()).or_insert_with(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
            let said = command.args(words).arg("--help").output().unwrap();
            let text = String::from_utf8(said.stdout).unwrap();
            said.status.success().then_some(text)
        });
        asked.as_deref()
    }

    /// What is wrong with a command line that begins behind the word `freehold`.
    fn complaint(&mut self, line: &str) -> Option<String> {
        let line = line.split([';', '>', '#']).next().unwrap_or_default();
        let line = line.split(" | ").next().unwrap_or_default();
        let words: Vec<_> = line
            .split_whitespace()
            .map(|word| word.trim_matches(['[', ']', '`', ',', '.']).to_owned())
            .collect();
        let lower = |word: &&String| {
            word.chars()
                .all(|one| one.is_ascii_lowercase() || one == '-')
        };
        let mut path = Vec::new();
        for word in words
            .iter()
            .take_while(|word| lower(word) && !word.starts_with('-'))
        {
            let here = self.of(&path).unwrap_or_default().to_owned();
            let listed = |line: &str| line.split_whitespace().next() == Some(word);
            let below = here.split("Commands:").nth(1).unwrap_or_default();
            if below.lines().any(listed) {
                path.push(word.clone());
            } else if path.is_empty() || below.contains("\n  help ") {
                return Some(format!("no command {word} in `freehold {line}`"));
            } else {
                break;
            }
        }
        let help = self.of(&path)?.to_owned();
        let unknown = |option: &str| !option_names(&help).contains(option);
        let mut options = words
            .iter()
            .filter(|word| word.starts_with("--") && word.len() > 2);
        let wrong = options.find(|word| unknown(word.split('=').next().unwrap_or_default()))?;
        Some(format!("no option {wrong} in `freehold {line}`"))
    }
}

fn option_names(help: &str) -> BTreeSet<&str> {
    let words = help.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-'));
    words.filter(|word| word.starts_with("--")).collect()
}

/// The command lines of the program on a page, each from behind its name.
fn commands(text: &str) -> Vec<String> {
    let names = ["freehold ", "./freehold "];
    let from_name = |line: String| {
        let bare = line.trim_start_matches("$ ").to_owned();
        let rest = names.iter().find_map(|name| bare.strip_prefix(name))?;
        Some(rest.to_owned())
    };
    let mut found: Vec<_> = code_lines(text).into_iter().filter_map(from_name).collect();
    found.extend(spans(text).into_iter().filter_map(from_name));
    // A mention of several: `freehold backup now | list`.
    found.retain(|line| line.starts_with(|one: char| one.is_ascii_lowercase()));
    found
}

#[test]
fn the_reference_and_the_annotated_file_are_those_of_the_program() {
    is_current(root().join("docs/configuration.md"), &config::reference());
    is_current(root().join("config/freehold.toml"), &config::annotated());
}

#[test]
fn every_command_on_the_pages_exists_with_its_options() {
    let mut help = Help::default();
    let mut complaints = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for line in commands(&page.text) {
            seen += 1;
            complaints.extend(
                help.complaint(&line)
                    .map(|why| format!("{}: {why}", page.path)),
            );
        }
    }
    assert!(seen > 40, "only {seen} commands were found");
    assert!(complaints.is_empty(), "{complaints:#?}");
    for wrong in [
        "frobnicate",
        "keys frobnicate",
        "doctor --loudly",
        "token create --princpal a",
    ] {
        assert!(help.complaint(wrong).is_some(), "{wrong}");
    }
}

/// The settings that `freehold config reference` lists, and every section that they are in.
fn settings() -> BTreeSet<String> {
    let reference = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let headings = reference.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#').trim();
        (line.starts_with("##")).then(|| heading.trim_matches('`').replace("[]", ""))
    });
    headings.collect()
}

/// Whether a span has the form of a setting: `section.key` of a section that exists.
fn is_like_a_setting(span: &str, known: &BTreeSet<String>) -> bool {
    let letters =
        |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "_.".contains(one);
    let mut parts = span.split('.');
    let section = parts.next().unwrap_or_default();
    let file = [
        "rs", "toml", "md", "db", "sh", "json", "yaml", "kek", "crt", "key", "pem", "service",
    ];
    span.chars().all(letters)
        && parts.clone().next().is_some()
        && known.contains(section)
        && !parts.next_back().is_some_and(|last| file.contains(&last))
}

#[test]
fn every_setting_on_the_pages_exists() {
    let known = settings();
    assert!(known.len() > 60, "{known:?}");
    let mut complaints = Vec::new();
    for page in pages() {
        for span in spans(&page.text) {
            let name = span
                .split([' ', '='])
                .next()
                .unwrap_or_default()
                .replace("[]", "");
            // Metrics, attributes and actions of the audit may look the same: those pages list their own.
            let own = [
                "docs/metrics.md",
                "docs/telemetry.md",
                "docs/audit.md",
                "docs/data.md",
            ]
            .contains(&page.path.as_str());
            if !own && is_like_a_setting(&name, &known) && !known.contains(&name) {
                complaints.push(format!("{}: no setting {name}", page.path));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(is_like_a_setting("server.lisen", &known) && !known.contains("server.lisen"));
}

/// Names of a heading as a link would: lower case, hyphens, without punctuation.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        words
            .chars()
            .filter(|one| one.is_alphanumeric() || "-_".contains(*one))
            .collect()
    };
    headings.map(anchor).collect()
}

/// What is wrong with a link from `page`.
fn link_complaint(page: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = if file.is_empty() {
        page.to_owned()
    } else {
        page.parent()?.join(file)
    };
    if !path.exists() {
        return Some(format!("{}: {link} leads nowhere", page.display()));
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let there = anchor.is_empty() || anchors(&text).contains(anchor);
    (!there).then(|| format!("{}: {link} has no such heading", page.display()))
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let mut complaints = Vec::new();
    for page in pages() {
        let path = root().join(&page.path);
        let links = page
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        complaints.extend(links.filter_map(|link| link_complaint(&path, link)));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    let readme = root().join("README.md");
    assert!(link_complaint(&readme, "docs/nothing.md").is_some());
    assert!(link_complaint(&readme, "docs/keys.md#nothing").is_some());
}

/// What is wrong with a span or word that has the form of a file or a target of this repository.
fn file_complaint(word: &str) -> Option<String> {
    let folders = [
        "docs/", "src/", "tests/", "scripts/", "infra/", "bicep/", "helm/", "config/",
    ];
    let plain = |one: char| one.is_ascii_alphanumeric() || "/._-".contains(one);
    let ours = folders.iter().any(|folder| word.starts_with(folder)) && word.chars().all(plain);
    (ours && !root().join(word).exists()).then(|| format!("no file {word}"))
}

#[test]
fn every_file_and_make_target_on_the_pages_exists() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let is_target = |name: &str| makefile.contains(&format!("\n{name}: ##"));
    let mut complaints = Vec::new();
    for page in pages() {
        let code = code_lines(&page.text).into_iter().chain(spans(&page.text));
        for line in code {
            let words: Vec<_> = line.split_whitespace().collect();
            let files = words.iter().filter_map(|word| file_complaint(word));
            complaints.extend(files.map(|why| format!("{}: {why}", page.path)));
            if let ["make", target, ..] = words[..]
                && !is_target(target)
            {
                complaints.push(format!("{}: no target {target}", page.path));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(file_complaint("scripts/nothing.sh").is_some() && !is_target("nothing"));
}

#[test]
fn every_text_that_troubleshooting_quotes_is_in_the_program() {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources: Vec<_> = files(root(), "src", ".rs")
        .iter()
        .map(|path| squeezed(&std::fs::read_to_string(path).unwrap().replace("\\\n", " ")))
        .collect();
    let is_said = |text: &str| sources.iter().any(|source| source.contains(text));
    let page = std::fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let mut quoted = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.split('|').nth(1).unwrap_or_default();
        for text in spans(cell) {
            quoted += 1;
            assert!(is_said(&text), "nothing in src says: {text}");
        }
    }
    assert!(quoted > 15, "{quoted}");
    assert!(!is_said("the frobnicator is out of order"));
}
