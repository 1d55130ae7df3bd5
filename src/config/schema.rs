//! What is known about each key: the words, unit, range and shape that check, explain and the
//! written reference share.
//!
//! A section is declared once with [`section!`]; the struct that serde reads and the table that
//! people read come from the same lines, so neither can lack what the other has.

use std::{ops::RangeInclusive, path::PathBuf};

use serde::Serialize;

/// One key, next to the field it describes.
pub(super) struct Field {
    /// The key's last part, as written in the file.
    pub(super) key: &'static str,
    /// Sentences for the operator, one element per line of the doc comment.
    pub(super) doc: &'static [&'static str],
    /// What a number counts.
    pub(super) unit: Option<&'static str>,
    /// The numbers that are allowed.
    pub(super) range: Option<RangeInclusive<u64>>,
    /// A TOML literal to show where there is no default.
    pub(super) example: Option<&'static str>,
    /// The default as a TOML literal; nothing when the key is unset by default.
    pub(super) default: fn() -> Option<String>,
    /// What may stand there.
    pub(super) shape: Shape,
}

/// What may stand at a key.
pub(super) enum Shape {
    /// `true` or `false`.
    Flag,
    /// A whole number; its field has the range.
    Number,
    /// Text that a parser accepts.
    Text {
        /// The text in words, with an article.
        what: &'static str,
        /// Says why a text is not acceptable, without repeating it.
        check: fn(&str) -> Result<(), String>,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any number of these.
    List(&'static Shape),
    /// A section.
    Table(&'static [Field]),
}

/// A Rust type that may be the type of a key.
pub(super) trait Setting {
    /// What may stand there.
    const SHAPE: Shape;
}

impl Setting for u16 {
    const SHAPE: Shape = Shape::Number;
}

impl Setting for u32 {
    const SHAPE: Shape = Shape::Number;
}

impl Setting for u64 {
    const SHAPE: Shape = Shape::Number;
}

impl Setting for bool {
    const SHAPE: Shape = Shape::Flag;
}

impl Setting for String {
    const SHAPE: Shape = Shape::Text {
        what: "text",
        check: anything,
    };
}

impl Setting for PathBuf {
    const SHAPE: Shape = Shape::Text {
        what: "a path",
        check: not_empty,
    };
}

impl<T: Setting> Setting for Option<T> {
    const SHAPE: Shape = T::SHAPE;
}

impl<T: Setting> Setting for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
}

/// A key with its full path, such as `store.sqlite.cache_mib` or `identity.providers[].issuer`.
pub(super) struct Key {
    pub(super) path: String,
    pub(super) field: &'static Field,
}

impl Key {
    /// The environment variable that sets it; a field of a listed table has none of its own.
    pub(super) fn variable(&self) -> Option<String> {
        (!self.path.contains("[]")).then(|| variable(&self.path))
    }

    /// Is it a section?
    pub(super) fn is_section(&self) -> bool {
        matches!(self.field.shape, Shape::Table(_))
    }
}

impl Field {
    /// The doc comment as paragraphs of one line.
    pub(super) fn sentences(&self) -> String {
        let lines: Vec<&str> = self.doc.iter().map(|line| line.trim()).collect();
        lines.join(" ").trim().to_owned()
    }

    /// The type in words: "a whole number of MiB", "a list of ...".
    pub(super) fn type_in_words(&self) -> String {
        match self.unit {
            Some(unit) => format!("{} of {unit}", self.shape.in_words()),
            None => self.shape.in_words(),
        }
    }
}

impl Shape {
    /// What may stand there, in words with an article.
    pub(super) fn in_words(&self) -> String {
        match self {
            Shape::Flag => "true or false".to_owned(),
            Shape::Number => "a whole number".to_owned(),
            Shape::Text { what, .. } => (*what).to_owned(),
            Shape::Choice(words) => format!("one of {}", quoted(words)),
            Shape::List(inner) => format!("a list, each element {}", inner.in_words()),
            Shape::Table(_) => "a section".to_owned(),
        }
    }
}

/// Every key below a shape, in the order in which they are written.
pub(super) fn keys_below(prefix: &str, shape: &Shape, found: &mut Vec<Key>) {
    let (Shape::Table(fields) | Shape::List(Shape::Table(fields))) = shape else {
        return;
    };
    for field in *fields {
        let path = if prefix.is_empty() {
            field.key.to_owned()
        } else {
            format!("{prefix}.{}", field.key)
        };
        found.push(Key {
            path: path.clone(),
            field,
        });
        let below = if matches!(field.shape, Shape::List(_)) {
            format!("{path}[]")
        } else {
            path
        };
        keys_below(&below, &field.shape, found);
    }
}

/// `FREEHOLD__STORE__DATA` for `store.data`.
pub(super) fn variable(path: &str) -> String {
    format!(
        "{}{}",
        super::environment::PREFIX,
        path.replace('.', "__").to_uppercase()
    )
}

/// A value as a TOML literal; nothing for an unset option.
pub(super) fn literal<T: Serialize>(value: &T) -> Option<String> {
    toml::Value::try_from(value)
        .ok()
        .map(|value| value.to_string())
}

/// `"a"`, `"b"` or `"c"`.
fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where other checks may refuse"
)]
fn anything(_: &str) -> Result<(), String> {
    Ok(())
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("it is empty".to_owned())
    } else {
        Ok(())
    }
}

/// The name of a field as serde writes it: `type` for `r#type`.
pub(super) const fn plain(name: &'static str) -> &'static str {
    if let [b'r', b'#', rest @ ..] = name.as_bytes()
        && let Ok(rest) = std::str::from_utf8(rest)
    {
        return rest;
    }
    name
}

/// Declares a section: the struct, its defaults and its table of fields.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $type:ty = $default:expr
                    $(, unit $unit:literal)? $(, range $range:expr)? $(, example $example:literal)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        impl $crate::config::schema::Setting for $name {
            const SHAPE: $crate::config::schema::Shape = $crate::config::schema::Shape::Table(&[
                $( $crate::config::schema::Field {
                    key: $crate::config::schema::plain(stringify!($key)),
                    doc: &[$($doc),+],
                    unit: $crate::config::schema::perhaps!($($unit)?),
                    range: $crate::config::schema::perhaps!($($range)?),
                    example: $crate::config::schema::perhaps!($($example)?),
                    default: || $crate::config::schema::literal::<$type>(&$default),
                    shape: <$type as $crate::config::schema::Setting>::SHAPE,
                }, )+
            ]);
        }
    };
}

/// `Some` of what stands there, or `None`.
macro_rules! perhaps {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Declares a choice between words, each with its meaning.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident = $word:literal, )+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[doc = $doc])+ #[serde(rename = $word)] $variant, )+
        }

        impl $crate::config::schema::Setting for $name {
            const SHAPE: $crate::config::schema::Shape =
                $crate::config::schema::Shape::Choice(&[$($word),+]);
        }
    };
}

/// Lets a type with `FromStr` and `Display` be the type of a key.
macro_rules! written_as_text {
    ($type:ty, $what:literal) => {
        impl TryFrom<String> for $type {
            type Error = $crate::config::Unfit;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl $crate::config::schema::Setting for $type {
            const SHAPE: $crate::config::schema::Shape = $crate::config::schema::Shape::Text {
                what: $what,
                check: |text| {
                    text.parse::<$type>()
                        .map(drop)
                        .map_err(|unfit| unfit.to_string())
                },
            };
        }
    };
}

pub(super) use {choice, perhaps, section, written_as_text};
