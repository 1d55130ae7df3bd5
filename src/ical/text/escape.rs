//! Folding (RFC 5545 §3.1), TEXT escapes (§3.3.11) and parameter value encoding (RFC 6868 §3).

use std::borrow::Cow;

/// The longest physical line in octets, its CRLF not counted.
const LINE_OCTETS: usize = 75;

/// Appends `line` folded at 75 octets, never inside a character, with CRLF.
pub(crate) fn write_folded(line: &str, to: &mut String) {
    let mut rest = line;
    let mut room = LINE_OCTETS;
    while rest.len() > room {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
        to.push_str(head);
        to.push_str("\r\n ");
        rest = tail;
        room = LINE_OCTETS - 1;
    }
    to.push_str(rest);
    to.push_str("\r\n");
}

/// `line` folded at 75 octets, never inside a character, with CRLF.
#[must_use]
pub fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + line.len() / 70 * 3 + 2);
    write_folded(line, &mut folded);
    folded
}

/// The text behind an escaped TEXT value. Escapes that the standard does not have lose their
/// backslash when it hides punctuation, else stay.
#[must_use]
pub fn unescape_text(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => text.push(c),
            (_, true) => match chars.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(c) if c.is_ascii_punctuation() => text.push(c),
                Some(c) => text.extend(['\\', c]),
                None => text.push('\\'),
            },
        }
    }
    Cow::Owned(text)
}

/// Escapes text for a TEXT value; line breaks become `\n`, other control characters vanish.
#[must_use]
pub fn escape_text(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            '\n' => value.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => value.push(c),
        }
    }
    value
}

/// The texts of a comma-separated TEXT value such as `CATEGORIES`.
pub fn split_text_list(value: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let found = byte == b',' && !escaped;
            escaped = byte == b'\\' && !escaped;
            found
        });
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len())).map(unescape_text)
    })
}

/// A parameter value as it goes on the wire: RFC 6868 marks, and quotation marks where needed.
#[must_use]
pub(crate) fn encode_param(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 2);
    let quoted = text.contains([':', ';', ',']);
    value.extend(quoted.then_some('"'));
    for c in text.chars() {
        match c {
            '\n' => value.push_str("^n"),
            '"' => value.push_str("^'"),
            '^' => value.push_str("^^"),
            c if c.is_control() && c != '\t' => {}
            c => value.push(c),
        }
    }
    value.extend(quoted.then_some('"'));
    value
}

/// The text behind a parameter value. Backslash escapes, which the grammar does not have, are
/// understood where writers use them: before a quotation mark everywhere, before a comma,
/// semicolon or backslash outside of quotation marks.
#[must_use]
pub(crate) fn decode_param(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    let quoted = inner.is_some();
    let text = inner.unwrap_or(raw);
    if !text.contains(['^', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mapped = match (c, chars.peek()) {
            ('^', Some('n' | 'N')) => Some('\n'),
            ('^', Some('\'')) | ('\\', Some('"')) => Some('"'),
            ('^', Some('^')) => Some('^'),
            ('\\', Some(next @ (',' | ';' | '\\'))) if !quoted => Some(*next),
            _ => None,
        };
        if mapped.is_some() {
            chars.next();
        }
        value.push(mapped.unwrap_or(c));
    }
    Cow::Owned(value)
}
