//! Elements to text, escaped; whatever the data, the result is well-formed.

use std::fmt::Write as _;

use super::name::{Name, PREFIXES, is_xml_char};

/// A document that is being written.
#[derive(Debug)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    /// A document with nothing in it yet.
    pub(crate) fn document() -> Self {
        Self {
            out: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned(),
        }
    }

    /// A piece that will stand inside a document's root.
    pub(crate) const fn piece() -> Self {
        Self { out: String::new() }
    }

    /// The root element, which declares the prefixes of this door.
    pub(crate) fn root(&mut self, namespace: &str, local: &str, inner: impl FnOnce(&mut Self)) {
        self.open_root(namespace, local);
        inner(self);
        self.close(namespace, local);
    }

    /// The start tag of the root element.
    pub(crate) fn open_root(&mut self, namespace: &str, local: &str) {
        self.out.push('<');
        self.name(namespace, local);
        for (prefix, namespace) in PREFIXES {
            let _ = write!(self.out, " xmlns:{prefix}=\"{namespace}\"");
        }
        self.out.push('>');
    }

    /// An end tag.
    pub(crate) fn close(&mut self, namespace: &str, local: &str) {
        self.out.push_str("</");
        self.name(namespace, local);
        self.out.push('>');
    }

    /// An element of one of the declared namespaces, with what `inner` writes.
    pub(crate) fn within(&mut self, namespace: &str, local: &str, inner: impl FnOnce(&mut Self)) {
        self.out.push('<');
        self.name(namespace, local);
        self.out.push('>');
        inner(self);
        self.close(namespace, local);
    }

    /// An element with text.
    pub(crate) fn element(&mut self, namespace: &str, local: &str, text: &str) {
        self.within(namespace, local, |xml| xml.text(text));
    }

    /// An empty element.
    pub(crate) fn empty(&mut self, namespace: &str, local: &str) {
        self.out.push('<');
        self.name(namespace, local);
        self.out.push_str("/>");
    }

    /// An empty element with attributes.
    pub(crate) fn empty_with(&mut self, namespace: &str, local: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.name(namespace, local);
        for (name, value) in attributes {
            let _ = write!(self.out, " {name}=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push_str("/>");
    }

    /// An empty element of any namespace.
    pub(crate) fn empty_named(&mut self, name: &Name) {
        self.open_named(name);
        self.out.push_str("/>");
    }

    /// An element of any namespace with text.
    pub(crate) fn element_named(&mut self, name: &Name, text: &str) {
        self.open_named(name);
        self.out.push('>');
        self.text(text);
        self.out.push_str("</");
        self.named(name);
        self.out.push('>');
    }

    /// A start tag of any namespace, up to its end.
    fn open_named(&mut self, name: &Name) {
        self.out.push('<');
        self.named(name);
        if !is_declared(&name.namespace) {
            self.out.push_str(" xmlns:X=\"");
            self.text(&name.namespace);
            self.out.push('"');
        }
    }

    /// The name of an element of any namespace; `X` stands for one that is not declared.
    fn named(&mut self, name: &Name) {
        if !is_declared(&name.namespace) {
            self.out.push_str("X:");
        }
        self.name(&name.namespace, &name.local);
    }

    /// `prefix:local`; without a prefix for a namespace that is not declared.
    fn name(&mut self, namespace: &str, local: &str) {
        if let Some((prefix, _)) = PREFIXES.iter().find(|(_, known)| *known == namespace) {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    /// Text. A carriage return is written as `&#13;`, or a parser would make it a line feed and
    /// calendar data would not come back byte for byte. Characters that XML 1.0 cannot hold even
    /// as a reference (most control characters) are left out: iCalendar does not allow them either
    /// (RFC 5545 §3.1), and GET returns them.
    pub(crate) fn text(&mut self, text: &str) {
        let mut rest = text;
        let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\r') || !is_xml_char(c);
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            self.out.push_str(plain);
            let mut tail_chars = tail.chars();
            match tail_chars.next() {
                Some('&') => self.out.push_str("&amp;"),
                Some('<') => self.out.push_str("&lt;"),
                Some('>') => self.out.push_str("&gt;"),
                Some('"') => self.out.push_str("&quot;"),
                Some('\r') => self.out.push_str("&#13;"),
                _ => {}
            }
            rest = tail_chars.as_str();
        }
        self.out.push_str(rest);
    }

    /// Markup that stands alone and is known to be well-formed.
    pub(crate) fn markup(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// Whether nothing has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// How much has been written.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.out
    }
}

/// Whether names of this namespace need no declaration of their own.
fn is_declared(namespace: &str) -> bool {
    namespace.is_empty() || PREFIXES.iter().any(|(_, known)| *known == namespace)
}
