//! Where a person goes after signing in: the page they came from, if it is one of ours.
//!
//! It comes back byte for byte or not at all. What could be read as another host, by us or by a
//! browser after it has tidied the address up, leads to the start page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A longer address is dropped, not cut.
const BYTES_MAX: usize = 2048;

/// Everything but RFC 3986's unreserved characters and the slash.
const IN_QUERY: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A path of our own site, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReturnTo(String);

impl ReturnTo {
    /// `address` if it is a page of ours, else the start page.
    pub(super) fn or_start(address: &str) -> Self {
        if is_own_page(address) {
            Self(address.to_owned())
        } else {
            Self("/".to_owned())
        }
    }

    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `?return_to=…` to put behind a path; empty for the start page.
    pub(super) fn as_query(&self) -> String {
        if self.0 == "/" {
            return String::new();
        }
        format!("?return_to={}", self.encoded())
    }

    /// The address as the value of a query parameter.
    pub(super) fn encoded(&self) -> String {
        utf8_percent_encode(&self.0, &IN_QUERY).to_string()
    }
}

fn is_own_page(address: &str) -> bool {
    // These stand for themselves in a header and in a sealed flow; browsers encode all others.
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\');
    if address.len() > BYTES_MAX || !address.bytes().all(plain) {
        return false;
    }
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, _) = address.split_at(end);
    let Ok(path) = percent_decode_str(path).decode_utf8() else {
        return false;
    };
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    if rest.contains(|c: char| c.is_control() || c == '\\') {
        return false;
    }
    let mut segments = rest.split('/').peekable();
    let first = segments.peek().copied().unwrap_or_default();
    let leads_out = matches!(first, "auth" | "sign-in" | "sign-out");
    let last_is_empty = rest.is_empty() || rest.ends_with('/');
    let count = rest.split('/').count();
    let whole = segments.enumerate().all(|(index, segment)| match segment {
        "" => last_is_empty && index + 1 == count,
        "." | ".." => false,
        _ => true,
    });
    whole && !leads_out
}
