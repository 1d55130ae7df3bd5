//! Bytes to elements, within limits (RFC 4918 §8.2, §17, §20.6).
//!
//! Nothing here calls itself, so deep nesting costs no stack; it is refused anyway, with the size.

use std::fmt::Write as _;

use quick_xml::NsReader;
use quick_xml::escape::{escape, resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};

use super::name::{DAV, Name, is_ncname, is_xml_char, spelled};
use crate::dav::error::DavError;

/// How deep elements may be nested; the RFCs need about ten.
pub(super) const DEPTH_MAX: usize = 64;
/// How many elements a body may have: a multiget of 10,000 has one more than that for each `href`.
pub(super) const ELEMENTS_MAX: usize = 25_000;

/// Names and values.
type Attributes = Vec<(Name, String)>;

/// An element with what is in it.
#[derive(Debug, Default)]
pub(crate) struct Element {
    name: Option<Name>,
    attributes: Attributes,
    children: Vec<Element>,
    text: String,
    markup: Option<String>,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// 400 with the line for what is not well-formed, not UTF-8, too deep, or has a `DOCTYPE` or
    /// entities; 413 for too many elements.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DavError> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|error| {
            let line = line_of(body, error.valid_up_to());
            DavError::malformed(format!(
                "the XML in the body is not UTF-8, line {line}: send it as UTF-8"
            ))
        })?;
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            let (line, code) = (line_of(body, at), u32::from(c));
            return Err(DavError::malformed(format!(
                "the XML in the body has the character U+{code:04X} in line {line}, which XML 1.0 \
                 does not allow: leave it out"
            )));
        }
        Builder::new(text).read()
    }

    /// Whether it has this name.
    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.name
            .as_ref()
            .is_some_and(|name| name.is(namespace, local))
    }

    /// Its name.
    pub(crate) fn name(&self) -> Name {
        self.name.clone().unwrap_or_else(|| Name::new("", ""))
    }

    /// The elements directly in it.
    pub(crate) fn children(&self) -> &[Self] {
        &self.children
    }

    /// The same, for good.
    pub(crate) fn into_children(self) -> Vec<Self> {
        self.children
    }

    /// The first of them with this name.
    pub(crate) fn child(&self, namespace: &str, local: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|child| child.is(namespace, local))
    }

    /// The text directly in it, whitespace and all.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The value of an attribute without a namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<&str> {
        let mut found = self.attributes.iter();
        found
            .find(|(name, _)| name.is("", local))
            .map(|(_, value)| value.as_str())
    }

    /// The element as it came, made to stand alone: with the namespaces and the `xml:lang` that it
    /// had from around it (RFC 4918 §4.3). Only for properties inside `DAV:set`.
    pub(crate) fn markup(&self) -> Option<&str> {
        self.markup.as_deref()
    }
}

/// An element whose end has not come.
struct Open {
    element: Element,
    /// Where it begins in the text.
    start: usize,
    /// For a property that may be kept as it came: what its start tag says itself.
    kept: Option<StartTag>,
    lang: Option<String>,
}

struct StartTag {
    name_len: usize,
    attributes: Vec<String>,
}

struct Builder<'t> {
    text: &'t str,
    reader: NsReader<&'t [u8]>,
    open: Vec<Open>,
    root: Option<Element>,
    elements: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self {
            text,
            reader,
            open: Vec::new(),
            root: None,
            elements: 0,
        }
    }

    fn read(mut self) -> Result<Element, DavError> {
        loop {
            let start = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.fault(&error.to_string())),
            };
            match event {
                Event::Start(tag) => self.begin(&tag, start)?,
                Event::End(_) => self.end(),
                Event::Text(text) => self.append(&text.xml10_content())?,
                Event::CData(text) => self.append(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let text = self.resolve(&reference)?;
                    self.append(&text)?;
                }
                Event::DocType(_) => {
                    return Err(self.fault("it has a DOCTYPE; WebDAV needs none, leave it out"));
                }
                Event::Eof => break,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        if let Some(Open { element, .. }) = self.open.last() {
            return Err(self.fault(&format!("it ends inside of {}", spelled(&element.name()))));
        }
        self.root
            .take()
            .ok_or_else(|| self.fault("it has no element"))
    }

    fn begin(&mut self, tag: &BytesStart<'_>, start: usize) -> Result<(), DavError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.fault("it has a second root element"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(self.fault(&format!("elements are nested more than {DEPTH_MAX} deep")));
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(DavError::new(
                axum::http::StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "the XML in the body has more than {ELEMENTS_MAX} elements: ask for less at a \
                     time"
                ),
            ));
        }
        let (namespace, local) = self.reader.resolver().resolve_element(tag.name());
        let name = self.name(&namespace, local.into_inner())?;
        if name.namespace == "http://www.w3.org/XML/1998/namespace"
            || name.namespace == "http://www.w3.org/2000/xmlns/"
        {
            return Err(self.fault("no element may have a name in the namespace of XML itself"));
        }
        let (attributes, lang) = self.attributes(tag)?;
        let lang = lang.or_else(|| self.open.last().and_then(|parent| parent.lang.clone()));
        let kept = self.is_kept().then(|| StartTag {
            name_len: tag.name().into_inner().len(),
            attributes: names_of_attributes(tag),
        });
        self.open.push(Open {
            element: Element {
                name: Some(name),
                attributes,
                ..Element::default()
            },
            start,
            kept,
            lang,
        });
        Ok(())
    }

    /// Whether the next element is a property that may be kept as it came.
    fn is_kept(&self) -> bool {
        let mut around = self.open.iter().rev().map(|open| &open.element);
        around.next().is_some_and(|prop| prop.is(DAV, "prop"))
            && around.next().is_some_and(|set| set.is(DAV, "set"))
    }

    fn end(&mut self) {
        let end = self.position();
        let Some(mut closed) = self.open.pop() else {
            return;
        };
        if let Some(tag) = closed.kept {
            let raw = self.text.get(closed.start..end).unwrap_or_default();
            // At the end tag the bindings of the element still hold.
            let needed = self.declarations(&tag, raw, closed.lang.as_deref());
            if let Some((head, tail)) = raw.split_at_checked(1 + tag.name_len) {
                closed.element.markup = Some(format!("{head}{needed}{tail}"));
            }
        }
        match self.open.last_mut() {
            Some(parent) => parent.element.children.push(closed.element),
            None => self.root = Some(closed.element),
        }
    }

    fn append(&mut self, text: &str) -> Result<(), DavError> {
        match self.open.last_mut() {
            Some(open) => open.element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(self.fault("it has text outside of the root element")),
        }
        Ok(())
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<String, DavError> {
        let character = reference
            .resolve_char_ref()
            .map_err(|error| self.fault(&error.to_string()))?;
        if let Some(c) = character {
            return if is_xml_char(c) {
                Ok(c.to_string())
            } else {
                Err(self.fault(&format!("&{}; is no character of XML 1.0", &**reference)))
            };
        }
        resolve_xml_entity(reference)
            .map(str::to_owned)
            .ok_or_else(|| {
                self.fault(&format!(
                    "the entity &{}; is not defined; only amp, lt, gt, apos and quot are",
                    shortened(reference)
                ))
            })
    }

    fn name(&self, namespace: &ResolveResult<'_>, local: &str) -> Result<Name, DavError> {
        if !is_ncname(local) {
            return Err(self.fault(&format!("{:?} is no name", shortened(local))));
        }
        match namespace {
            ResolveResult::Unbound => Ok(Name::new("", local)),
            ResolveResult::Bound(namespace) => match unescape(namespace.into_inner()) {
                Ok(namespace) => Ok(Name::new(&namespace, local)),
                Err(error) => Err(self.fault(&error.to_string())),
            },
            ResolveResult::Unknown(prefix) => Err(self.fault(&format!(
                "the prefix {:?} is not declared",
                shortened(prefix)
            ))),
        }
    }

    /// The attributes that declare no namespace, and the language if the element tells one.
    fn attributes(&self, tag: &BytesStart<'_>) -> Result<(Attributes, Option<String>), DavError> {
        let mut attributes = Vec::new();
        let mut lang = None;
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.fault(&error.to_string()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| self.fault(&error.to_string()))?;
            if !value.chars().all(is_xml_char) {
                return Err(
                    self.fault("an attribute holds a character that XML 1.0 does not allow")
                );
            }
            if attribute.key.into_inner() == "xml:lang" {
                lang = Some(value.into_owned());
                continue;
            }
            let (namespace, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let name = self.name(&namespace, local.into_inner())?;
            attributes.push((name, value.into_owned()));
        }
        Ok((attributes, lang))
    }

    /// The declarations that the element `raw` needs from around it to stand alone.
    fn declarations(&self, tag: &StartTag, raw: &str, lang: Option<&str>) -> String {
        let own = |name: &str| tag.attributes.iter().any(|attribute| attribute == name);
        let mut declarations = String::new();
        let mut declare = |attribute: &str, value: &str| {
            let _infallible = write!(declarations, " {attribute}=\"{}\"", escape(value));
        };
        for (prefix, namespace) in self.reader.resolver().bindings() {
            let (attribute, is_used) = match prefix {
                PrefixDeclaration::Default => ("xmlns".to_owned(), true),
                // Values may hold names as well, so a look at the text is what it takes.
                PrefixDeclaration::Named(prefix) => (
                    format!("xmlns:{prefix}"),
                    raw.contains(&format!("{prefix}:")),
                ),
            };
            if is_used && !own(&attribute) {
                declare(
                    &attribute,
                    &unescape(namespace.into_inner()).unwrap_or_default(),
                );
            }
        }
        if let Some(lang) = lang.filter(|_| !own("xml:lang")) {
            declare("xml:lang", lang);
        }
        declarations
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn fault(&self, what: &str) -> DavError {
        let line = line_of(self.text.as_bytes(), self.position());
        DavError::malformed(format!(
            "the XML in the body cannot be read, line {line}: {what}"
        ))
    }
}

fn names_of_attributes(tag: &BytesStart<'_>) -> Vec<String> {
    let attributes = tag.attributes().flatten();
    attributes
        .map(|attribute| attribute.key.into_inner().to_owned())
        .collect()
}

/// The line of an offset, counted from 1.
fn line_of(text: &[u8], at: usize) -> usize {
    1 + text.iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// The first 60 characters, so that a message stays readable.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
