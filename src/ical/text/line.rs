//! One content line: name, parameters, value (RFC 5545 §3.1, §3.2), tolerant of what writers get
//! wrong inside parameters.

use std::borrow::Cow;

use super::super::error::{IcalError, Reason, cut};
use super::escape::{decode_param, encode_param, write_folded};

/// A content line. It holds the unfolded text as it came and knows where its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentLine {
    raw: String,
    name_end: usize,
    value_start: usize,
    line: u32,
}

/// One parameter of a content line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// Everything after the `=`, quotation marks and commas included.
    pub raw: &'a str,
}

impl<'a> Param<'a> {
    /// The value of a parameter that has one: quotation marks taken off, RFC 6868 marks decoded.
    #[must_use]
    pub fn value(self) -> Cow<'a, str> {
        decode_param(self.raw)
    }

    fn tidied(self) -> String {
        if is_plain(self.raw) {
            return self.raw.to_owned();
        }
        if !is_uri_param(self.name) {
            return encode_param(&self.value());
        }
        let values: Vec<String> = self.values().map(|value| encode_param(&value)).collect();
        values.join(",")
    }

    /// The values of a parameter that may have several (`MEMBER`, `DELEGATED-TO`).
    pub fn values(self) -> impl Iterator<Item = Cow<'a, str>> {
        let mut rest = Some(self.raw);
        std::iter::from_fn(move || {
            let text = rest?;
            let end = value_end(text, self.name, Stop::AtComma);
            rest = text.get(end..).and_then(|tail| tail.strip_prefix(','));
            text.get(..end).map(decode_param)
        })
    }
}

impl ContentLine {
    /// Reads one unfolded line that began at physical line `line`.
    ///
    /// # Errors
    /// [`Reason::NotContentLine`] without a name or without a colon.
    pub fn parse(raw: impl Into<String>, line: u32) -> Result<Self, IcalError> {
        let raw = raw.into();
        match parts(&raw) {
            Some((name_end, value_start)) => Ok(Self {
                raw,
                name_end,
                value_start,
                line,
            }),
            None => Err(IcalError::new(line, Reason::NotContentLine(cut(&raw)))),
        }
    }

    /// Writes a line of our own. `params` are encoded (RFC 6868), `value` is taken as it is:
    /// TEXT goes through [`super::escape_text`] first.
    #[must_use]
    pub fn build(name: &str, params: &[(&str, &str)], value: &str) -> Self {
        let params = params
            .iter()
            .map(|(name, text)| (*name, encode_param(text)));
        Self::assemble(name, params, value)
    }

    fn assemble<'p>(
        name: &str,
        params: impl Iterator<Item = (&'p str, String)>,
        value: &str,
    ) -> Self {
        let mut raw = String::with_capacity(name.len() + value.len() + 16);
        raw.push_str(name);
        for (param, encoded) in params {
            raw.extend([";", param, "=", &encoded]);
        }
        let value_start = raw.len() + 1;
        raw.push(':');
        raw.extend(value.chars().filter(|c| *c == '\t' || !c.is_control()));
        Self {
            raw,
            name_end: name.len(),
            value_start,
            line: 0,
        }
    }

    /// The property's name as written; compare with [`Self::is`].
    #[must_use]
    pub fn name(&self) -> &str {
        self.raw.get(..self.name_end).unwrap_or_default()
    }

    /// Whether the property has this name, in any letter case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value, still escaped.
    #[must_use]
    pub fn value(&self) -> &str {
        self.raw.get(self.value_start..).unwrap_or_default()
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'_>> {
        // The value stays in sight: it tells whether a colon inside an address ends a parameter.
        let mut rest = self.raw.get(self.name_end..).unwrap_or_default();
        std::iter::from_fn(move || {
            rest = rest.strip_prefix(';')?;
            let (param, end) = param(rest);
            rest = rest.get(end..).unwrap_or_default();
            Some(param)
        })
    }

    /// The value of the first parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.name_end + 1 == self.value_start {
            return None;
        }
        self.params()
            .find(|param| param.name.eq_ignore_ascii_case(name))
            .map(Param::value)
    }

    /// The same name and parameters with another value, taken as it is.
    #[must_use]
    pub fn with_value(&self, value: &str) -> Self {
        let head = self.raw.get(..self.value_start).unwrap_or_default();
        Self {
            raw: [head, value].concat(),
            ..*self
        }
    }

    /// The physical line where it began, counted from 1; 0 for a line of our own.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The unfolded text as it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Appends the line as it came, folded at 75 octets, with CRLF.
    pub fn write(&self, to: &mut String) {
        write_folded(&self.raw, to);
    }

    /// The same line for readers who know only the grammar: parameters that other parsers stumble
    /// over (bare colons, backslashes, quotation marks, control characters) are written anew.
    #[must_use]
    pub fn tidied(&self) -> Cow<'_, Self> {
        let control = |c: char| c != '\t' && c.is_control();
        if !self.raw.contains(control) && self.params().all(|param| is_plain(param.raw)) {
            return Cow::Borrowed(self);
        }
        let params = self.params().map(|param| (param.name, param.tidied()));
        Cow::Owned(Self {
            line: self.line,
            ..Self::assemble(self.name(), params, self.value())
        })
    }

    pub(crate) fn error(&self, expected: &'static str) -> IcalError {
        IcalError::value(self.line, self.name(), self.value(), expected)
    }
}

/// Where the name ends and where the value begins.
fn parts(raw: &str) -> Option<(usize, usize)> {
    let name_end = raw.bytes().position(|byte| byte == b':' || byte == b';')?;
    let name = raw.get(..name_end)?;
    let known =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    if name.is_empty() || !name.bytes().all(known) {
        return None;
    }
    let mut at = name_end;
    while raw.as_bytes().get(at) == Some(&b';') {
        at += 1;
        at += param(raw.get(at..)?).1;
    }
    (raw.as_bytes().get(at) == Some(&b':')).then_some((name_end, at + 1))
}

/// The parameter at the start of `text`, and where it ends.
fn param(text: &str) -> (Param<'_>, usize) {
    let name_end = text
        .bytes()
        .position(|byte| matches!(byte, b'=' | b':' | b';'));
    let name_end = name_end.unwrap_or(text.len());
    let name = text.get(..name_end).unwrap_or_default();
    let Some(rest) = text.get(name_end..).and_then(|rest| rest.strip_prefix('=')) else {
        return (Param { name, raw: "" }, name_end);
    };
    let end = value_end(rest, name, Stop::BeyondCommas);
    (
        Param {
            name,
            raw: rest.get(..end).unwrap_or_default(),
        },
        name_end + 1 + end,
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    AtComma,
    BeyondCommas,
}

/// The length of the parameter value at the start of `text`.
fn value_end(text: &str, name: &str, stop: Stop) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut value_start = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if at == value_start => at += quoted_len(bytes.get(at..).unwrap_or_default()),
            b'\\' if escapes(bytes.get(at + 1..).unwrap_or_default()) => at += 2,
            b',' if stop == Stop::AtComma => return at,
            b',' => {
                at += 1;
                value_start = at;
            }
            b';' | b':' if stop == Stop::AtComma => at += 1,
            b':' if is_scheme(text.get(value_start..at), name)
                && bytes.get(at + 1..).is_some_and(|rest| rest.contains(&b':')) =>
            {
                at += 1;
            }
            b';' | b':' => return at,
            _ => at += 1,
        }
    }
    at
}

/// How long the quoted string at the start is. Its end is a quotation mark before a separator, so
/// that `"a \"b\" c"` is one string; without such an end the mark is an ordinary character.
fn quoted_len(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| matches!(pair, [b'"'] | [b'"', b':' | b';' | b',', ..]);
    (1..bytes.len())
        .find(|at| bytes.get(*at..).is_some_and(ends))
        .map_or(1, |at| at + 1)
}

/// Whether a backslash before `rest` hides the character after it. The grammar has no such escape
/// in parameters, but many writers use it; `\;NAME=` is read by the grammar.
fn escapes(rest: &[u8]) -> bool {
    match rest {
        [b'"' | b',' | b'\\', ..] => true,
        [b';', tail @ ..] => {
            let stop = tail
                .iter()
                .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'));
            stop.and_then(|at| tail.get(at)) != Some(&b'=') || stop == Some(0)
        }
        _ => false,
    }
}

/// Whether a colon belongs to an unquoted address (`SENT-BY=mailto:a@example.net:mailto:b@…`).
fn is_scheme(text: Option<&str>, param: &str) -> bool {
    is_uri_param(param)
        && text.is_some_and(|text| {
            text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
}

fn is_uri_param(name: &str) -> bool {
    [
        "SENT-BY",
        "DIR",
        "ALTREP",
        "MEMBER",
        "DELEGATED-TO",
        "DELEGATED-FROM",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the grammar alone finds the end of this parameter value.
fn is_plain(raw: &str) -> bool {
    match raw.strip_prefix('"') {
        Some(_) => balanced(raw),
        None => !raw.contains(['"', ':', '\\']),
    }
}

/// Whether this is one or several quoted strings with commas between them.
fn balanced(raw: &str) -> bool {
    let mut pieces = raw.split('"');
    if pieces.next() != Some("") {
        return false;
    }
    loop {
        match (pieces.next(), pieces.next()) {
            (Some(_), Some("")) => return pieces.next().is_none(),
            (Some(_), Some(",")) => {}
            _ => return false,
        }
    }
}
