//! The configuration file: TOML text to figment values, and where each key stands.

use std::{collections::BTreeMap, fmt};

use figment::value::{Dict, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    line: usize,
    column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Where each key path stands.
pub(super) type Positions = BTreeMap<String, Position>;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) dict: Dict,
    pub(super) positions: Positions,
}

/// Bytes that are no TOML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) position: Position,
    /// What the parser expected. The line itself is left out: it may hold a misplaced secret.
    pub(super) sentence: String,
}

/// Reads the bytes of a file.
pub(super) fn parse(bytes: &[u8]) -> Result<Contents, SyntaxError> {
    let text = std::str::from_utf8(bytes).map_err(|error| SyntaxError {
        position: position(bytes, error.valid_up_to()),
        sentence: "this is not UTF-8 text; save the file as UTF-8".to_owned(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = DeTable::parse(text).map_err(|error| SyntaxError {
        position: position(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        sentence: format!("TOML syntax: {}", error.message().replace('\n', "; ")),
    })?;
    let mut reader = Reader {
        text,
        positions: Positions::new(),
    };
    let dict = reader.table("", table.into_inner());
    Ok(Contents {
        dict,
        positions: reader.positions,
    })
}

struct Reader<'t> {
    text: &'t str,
    positions: Positions,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: DeTable<'_>) -> Dict {
        let mut dict = Dict::new();
        for (key, value) in table {
            let start = key.span().start;
            let key = key.into_inner().into_owned();
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            self.note(&path, start);
            let value = self.value(&path, value);
            dict.insert(key, value);
        }
        dict
    }

    fn value(&mut self, path: &str, value: Spanned<DeValue<'_>>) -> Value {
        match value.into_inner() {
            DeValue::String(text) => text.into_owned().into(),
            DeValue::Integer(digits) => {
                integer(digits.as_str(), digits.radix()).unwrap_or(f64::INFINITY.into())
            }
            DeValue::Float(number) => number.as_str().parse().unwrap_or(f64::NAN).into(),
            DeValue::Boolean(flag) => flag.into(),
            DeValue::Datetime(instant) => instant.to_string().into(),
            DeValue::Table(table) => self.table(path, table).into(),
            DeValue::Array(array) => {
                let mut items = Vec::new();
                for (index, item) in array.into_iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.note(&path, item.span().start);
                    items.push(self.value(&path, item));
                }
                items.into()
            }
        }
    }

    fn note(&mut self, path: &str, offset: usize) {
        self.positions
            .insert(path.to_owned(), position(self.text.as_bytes(), offset));
    }
}

/// A whole number of at most 128 bits.
pub(super) fn integer(digits: &str, radix: u32) -> Option<Value> {
    let number = i128::from_str_radix(digits, radix).ok()?;
    // Serde reads 64 bits; only what the ranges refuse anyway stays wider.
    Some(u64::try_from(number).map_or(Value::from(number), Value::from))
}

fn position(bytes: &[u8], offset: usize) -> Position {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    let in_line = before.get(line_start..).unwrap_or_default();
    Position {
        line,
        column: String::from_utf8_lossy(in_line).chars().count() + 1,
    }
}
