//! Compares values with what is known about their keys: unknown keys, types, ranges, words.
//!
//! Messages name the key and what is allowed. A value is repeated only where it is a number:
//! a text may be a secret that stands in the wrong place.

use std::{fmt::Write, ops::RangeInclusive};

use figment::value::{Dict, Num, Value};

use super::schema::{Key, Shape};

/// Takes the path of a value and what is wrong with it.
pub(super) type Report<'a> = &'a mut dyn FnMut(&str, String);

/// Verifies a whole tree.
pub(super) fn tree(dict: &Dict, root: &Shape, keys: &[Key], report: Report<'_>) {
    if let Shape::Table(_) = root {
        Walk { keys, report }.table("", dict, root);
    }
}

/// Verifies the value of one known key.
pub(super) fn value(path: &str, value: &Value, keys: &[Key], report: Report<'_>) {
    if let Some(key) = keys.iter().find(|key| key.path == path) {
        Walk { keys, report }.value(path, value, &key.field.shape, key.field.range.as_ref());
    }
}

/// The sentence for a key that does not exist, with the nearest one that does.
pub(super) fn unknown(path: &str, keys: &[Key]) -> String {
    let mut sentence = format!("unknown key `{path}`");
    let general = without_indices(path);
    let nearest = keys
        .iter()
        .map(|key| (likeness(&general, &key.path), &key.path))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((likeness, nearest)) if likeness > 0.6 => {
            let _ = write!(sentence, "; did you mean `{nearest}`?");
        }
        _ => sentence.push_str("; `freehold config reference` lists all keys"),
    }
    sentence
}

/// `identity.providers[].id` for `identity.providers[3].id`.
pub(super) fn without_indices(path: &str) -> String {
    let mut general = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        inside = match letter {
            '[' => true,
            ']' => false,
            _ => inside,
        };
        if !inside || letter == '[' {
            general.push(letter);
        }
    }
    general
}

/// From 0 to 1: a slip in the spelling, or the right name in the wrong section.
fn likeness(path: &str, candidate: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(path, candidate);
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let ends = strsim::normalized_damerau_levenshtein(&last(path), &last(candidate));
    whole.max(ends * 0.8)
}

struct Walk<'a> {
    keys: &'a [Key],
    report: Report<'a>,
}

impl Walk<'_> {
    fn table(&mut self, path: &str, dict: &Dict, shape: &Shape) {
        let Shape::Table(fields) = shape else { return };
        for (key, value) in dict {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match fields.iter().find(|field| field.key == key) {
                Some(field) => self.value(&path, value, &field.shape, field.range.as_ref()),
                None => (self.report)(&path, unknown(&path, self.keys)),
            }
        }
    }

    fn value(
        &mut self,
        path: &str,
        value: &Value,
        shape: &Shape,
        range: Option<&RangeInclusive<u64>>,
    ) {
        match (shape, value) {
            (Shape::Table(_), Value::Dict(_, dict)) => self.table(path, dict, shape),
            (Shape::List(inner), Value::Array(_, items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), item, inner, range);
                }
            }
            (Shape::Flag, Value::Bool(..)) => {}
            (Shape::Number, Value::Num(_, number)) if integer(*number).is_some() => {
                if let Some(sentence) = range.and_then(|range| outside(path, *number, range)) {
                    (self.report)(path, sentence);
                }
            }
            (Shape::Text { check, .. }, Value::String(_, text)) => {
                if let Err(reason) = check(text) {
                    (self.report)(path, format!("`{path}`: {reason}"));
                }
            }
            (Shape::Choice(words), Value::String(_, text)) => {
                if !words.contains(&text.as_str()) {
                    let wanted = shape.in_words();
                    (self.report)(path, format!("`{path}` must be {wanted}"));
                }
            }
            _ => {
                let (wanted, found) = (shape.in_words(), type_of(value));
                (self.report)(
                    path,
                    format!("`{path}` must be {wanted}, and here is {found}"),
                );
            }
        }
    }
}

fn outside(path: &str, number: Num, range: &RangeInclusive<u64>) -> Option<String> {
    let number = integer(number)?;
    let (least, most) = (i128::from(*range.start()), i128::from(*range.end()));
    (number < least || number > most)
        .then(|| format!("`{path}` is {number}; allowed is {least} to {most}"))
}

fn integer(number: Num) -> Option<i128> {
    number
        .to_i128()
        .or_else(|| i128::try_from(number.to_u128()?).ok())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a text in quotes",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a number",
        Value::Empty(..) => "nothing",
        Value::Dict(..) => "a section",
        Value::Array(..) => "a list",
    }
}
