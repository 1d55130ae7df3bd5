//! Settings in words for people: what is in effect, what a key means, the whole reference, and the
//! annotated file. All of it comes from [`super::schema`]; nothing here knows a key by name.

use super::{
    Loaded, Unfit, load,
    schema::{Key, Shape},
    verify,
};

impl Loaded {
    /// The settings in effect as TOML, with the origin of each value as a comment. Secrets are
    /// references and stay references.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = String::new();
        let keys = load::keys();
        for key in keys.iter().filter(|key| !key.path.contains("[]")) {
            if key.is_section() {
                heading(&mut text, &format!("[{}]", key.path));
                continue;
            }
            let name = key.field.key;
            let line = match self.present(&key.path) {
                Some(value) => format!("{name} = {value}  # {}", self.origin(&key.path)),
                None => format!("# {name} is not set"),
            };
            push_line(&mut text, &line);
        }
        text
    }

    /// The value in effect as a TOML literal; nothing when it is not set.
    fn present(&self, path: &str) -> Option<String> {
        let mut value = toml::Value::try_from(&self.settings).ok()?;
        for part in path.split('.') {
            value = value.as_table_mut()?.remove(part)?;
        }
        Some(value.to_string())
    }
}

/// What a key means, what it may be, and, where settings are loaded, what it is and why.
///
/// # Errors
/// There is no such key; the message suggests the nearest.
pub fn explain(key: &str, loaded: Option<&Loaded>) -> Result<String, Unfit> {
    let keys = load::keys();
    let wanted = key.trim().trim_end_matches("[]");
    // `identity.providers.issuer` is what people write for `identity.providers[].issuer`.
    let found = keys
        .iter()
        .find(|key| {
            key.path == verify::without_indices(wanted) || key.path.replace("[]", "") == wanted
        })
        .ok_or_else(|| Unfit::because(verify::unknown(wanted, &keys)))?;
    let mut text = format!("{}\n\n", found.path);
    push_wrapped(&mut text, "", &found.field.sentences());
    text.push('\n');
    for (name, value) in facts(found) {
        push_line(&mut text, &format!("{name}: {value}"));
    }
    if let (Some(loaded), false) = (loaded, found.path.contains("[]") || found.is_section()) {
        let present = loaded
            .present(&found.path)
            .unwrap_or_else(|| "not set".to_owned());
        let origin = loaded.origin(&found.path);
        push_line(&mut text, &format!("In effect: {present} (from: {origin})"));
    }
    let inside: Vec<&str> = inside(found, &keys).map(|key| key.path.as_str()).collect();
    if !inside.is_empty() {
        push_line(&mut text, &format!("Keys: {}", inside.join(", ")));
    }
    Ok(text)
}

/// The reference of all keys in Markdown: `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(REFERENCE_START);
    for key in load::keys() {
        let level = if key.is_section() { "##" } else { "###" };
        heading(&mut text, &format!("{level} `{}`", key.path));
        text.push('\n');
        push_wrapped(&mut text, "", &key.field.sentences());
        if !key.is_section() {
            text.push('\n');
            for (name, value) in facts(&key) {
                push_line(&mut text, &format!("- {name}: {value}"));
            }
        }
    }
    text
}

/// A configuration file with every key as a comment: `config/freehold.toml`.
#[must_use]
pub fn annotated() -> String {
    let mut text = String::from(ANNOTATED_START);
    for key in load::keys() {
        text.push('\n');
        push_wrapped(&mut text, "# ", &key.field.sentences());
        let name = key.field.key;
        let line = match &key.field.shape {
            // Under a table of a list, which is a comment, so is what is in it.
            Shape::Table(_) if key.path.contains("[]") => {
                format!("#[{}]", key.path.replace("[]", ""))
            }
            Shape::Table(_) => format!("[{}]", key.path),
            Shape::List(Shape::Table(_)) => format!("#[[{}]]", key.path),
            _ => {
                if let Some(hint) = hint(&key) {
                    push_line(&mut text, &format!("# {hint}"));
                }
                format!("#{name} = {}", example(&key))
            }
        };
        push_line(&mut text, &line);
    }
    text
}

const REFERENCE_START: &str = "\
# Configuration

Made by `freehold config reference`; do not edit.

Settings come in four layers, a later one over an earlier one:

1. the defaults below;
2. the file named by `--config FILE`, or else `config/freehold.toml` in the working folder if it
   exists;
3. environment variables that begin with `FREEHOLD__` (two underscores): `FREEHOLD__STORE__DATA`
   sets `store.data`. A list of texts is written with commas, any list may be written as a TOML
   array. An empty variable counts as not set;
4. options of the command line.

A relative path is relative to the working folder. A secret is never written into the
configuration but named: `file:PATH` or `env:NAME`. An unknown key is an error.

`freehold config check` checks, `freehold config show` prints what is in effect and where it comes
from, `freehold config explain KEY` describes a key.
";

const ANNOTATED_START: &str = "\
# Freehold: all settings. A key that is a comment shows its default. Environment variables
# (FREEHOLD__SECTION__KEY) and options of the command line override this file. Check it with
# `freehold config check`; docs/configuration.md has the same words.
";

fn inside<'k>(section: &Key, keys: &'k [Key]) -> impl Iterator<Item = &'k Key> {
    let starts = [format!("{}.", section.path), format!("{}[].", section.path)];
    keys.iter()
        .filter(move |key| starts.iter().any(|start| key.path.starts_with(start)))
}

/// Type, default, range, variable: what a table about a key says.
fn facts(key: &Key) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Type", key.field.type_in_words())];
    if key.is_section() {
        return facts;
    }
    facts.push(("Default", default(key)));
    if let Some(range) = &key.field.range {
        facts.push(("Range", format!("{} to {}", range.start(), range.end())));
    }
    if let Some(variable) = key.variable() {
        facts.push(("Environment", format!("`{variable}`")));
    }
    facts
}

fn default(key: &Key) -> String {
    match (key.field.default)() {
        None => "not set".to_owned(),
        Some(literal) if literal == "\"\"" => "none; required where it is used".to_owned(),
        Some(literal) => format!("`{literal}`"),
    }
}

fn example(key: &Key) -> String {
    let default = (key.field.default)().unwrap_or_default();
    key.field.example.map_or(default, str::to_owned)
}

/// What the sentences and the value beside it do not show: unit, range, words, absence.
fn hint(key: &Key) -> Option<String> {
    let words = || capital(&key.field.type_in_words());
    match (&key.field.shape, &key.field.range, key.field.example) {
        (_, Some(range), _) => Some(format!(
            "{}, {} to {}.",
            words(),
            range.start(),
            range.end()
        )),
        (Shape::Choice(_), ..) => Some(format!("{}.", words())),
        (_, _, Some(_)) => Some("Not set by default; for example:".to_owned()),
        _ => None,
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn heading(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    push_line(text, line);
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Appends words in lines of at most 100 characters.
fn push_wrapped(text: &mut String, prefix: &str, words: &str) {
    let mut line = prefix.trim_end().to_owned();
    for word in words.split(' ') {
        if line.chars().count() + word.chars().count() >= 100 {
            push_line(text, &line);
            prefix.trim_end().clone_into(&mut line);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    push_line(text, &line);
}
