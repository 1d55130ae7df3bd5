//! The process environment: the only place that reads it.
//!
//! A variable that begins with `FREEHOLD__` sets a key: `FREEHOLD__STORE__DATA` is `store.data`.
//! Other variables are never looked at, so Kubernetes may add `FREEHOLD_PORT` and
//! `FREEHOLD_SERVICE_HOST` for a service called `freehold`. An empty value counts as not set,
//! because compose files and charts write `NAME=` for "no value".

use std::ffi::{OsStr, OsString};

use figment::value::Value;
use zeroize::Zeroizing;

use super::{
    error::Problem,
    file,
    schema::{Key, Shape},
    verify,
};

/// The beginning of every variable that sets a key.
pub(super) const PREFIX: &str = "FREEHOLD__";

/// One variable that sets a key.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) variable: String,
    pub(super) path: String,
    pub(super) value: Value,
}

/// The variables of this process that set keys.
#[expect(
    clippy::disallowed_methods,
    reason = "this module is where the environment is read"
)]
pub(super) fn of_process() -> Vec<(OsString, OsString)> {
    std::env::vars_os()
        .filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        .collect()
}

/// The bytes of a variable that holds a secret.
#[expect(
    clippy::disallowed_methods,
    reason = "this module is where the environment is read"
)]
pub(super) fn secret(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(OsString::into_encoded_bytes)
}

/// Reads the variables against the known keys. Others than `FREEHOLD__…` are passed over.
pub(super) fn assignments(
    variables: &[(OsString, OsString)],
    keys: &[Key],
    problems: &mut Vec<Problem>,
) -> Vec<Assignment> {
    let mut found = Vec::new();
    for (name, value) in variables {
        if !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) || value.is_empty() {
            continue;
        }
        match assignment(name, value, keys) {
            Ok(assignment) => {
                verify::value(
                    &assignment.path,
                    &assignment.value,
                    keys,
                    &mut |_, sentence| {
                        problems.push(Problem {
                            place: place(&assignment.variable),
                            sentence,
                        });
                    },
                );
                found.push(assignment);
            }
            Err(sentence) => {
                problems.push(Problem {
                    place: place(&name.to_string_lossy()),
                    sentence,
                });
            }
        }
    }
    found.sort_by(|a, b| a.variable.cmp(&b.variable));
    found
}

/// How a variable is named as an origin.
pub(super) fn place(variable: &str) -> String {
    format!("environment {variable}")
}

fn assignment(name: &OsStr, value: &OsStr, keys: &[Key]) -> Result<Assignment, String> {
    let name = name
        .to_str()
        .ok_or("the variable's name is not UTF-8 text; remove it")?;
    let text = value
        .to_str()
        .ok_or("the variable's value is not UTF-8 text; correct it")?;
    let path = name
        .strip_prefix(PREFIX)
        .unwrap_or(name)
        .replace("__", ".")
        .to_lowercase();
    let key = keys
        .iter()
        .find(|key| key.path == path)
        .ok_or_else(|| verify::unknown(&path, keys))?;
    let value = typed(&key.field.shape, text).map_err(|reason| format!("`{path}` {reason}"))?;
    Ok(Assignment {
        variable: name.to_owned(),
        path,
        value,
    })
}

/// Gives the text the type its key wants.
fn typed(shape: &Shape, text: &str) -> Result<Value, String> {
    match shape {
        Shape::Text { .. } | Shape::Choice(_) => Ok(text.into()),
        Shape::Number => file::integer(text.trim(), 10)
            .ok_or_else(|| "must be a whole number written with digits only".to_owned()),
        Shape::Flag => match text.trim() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err("must be `true` or `false`".to_owned()),
        },
        Shape::List(_) if text.trim_start().starts_with('[') => array(text),
        Shape::List(Shape::Table(_)) => {
            Err("must be a TOML array of tables, such as [{ id = \"…\" }]".to_owned())
        }
        Shape::List(inner) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Ok(items
                .map(|item| typed(inner, item))
                .collect::<Result<Vec<_>, _>>()?
                .into())
        }
        Shape::Table(_) => {
            Err("is a section; add `__` and the key to the variable's name".to_owned())
        }
    }
}

fn array(text: &str) -> Result<Value, String> {
    // Zeroized because an operator may have written a secret where a reference belongs.
    let line = Zeroizing::new(format!("list = {text}"));
    let mut contents = file::parse(line.as_bytes()).map_err(|error| {
        format!(
            "must be a TOML array or words separated by commas ({})",
            error.sentence
        )
    })?;
    contents
        .dict
        .remove("list")
        .ok_or_else(|| "must be a TOML array".to_owned())
}
