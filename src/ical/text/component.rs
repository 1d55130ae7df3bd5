//! The tree of components (RFC 5545 §3.4, §3.6): `BEGIN`, content lines, components, `END`.

use std::borrow::Cow;

use super::super::error::{IcalError, Reason};
use super::{ContentLine, logical_lines};

/// How deep components may be nested; real calendars need three.
pub const MAX_DEPTH: usize = 100;

/// A component with everything in it, in the order it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    name: String,
    line: u32,
    entries: Vec<Entry>,
}

/// What stands between `BEGIN` and `END`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A property.
    Line(ContentLine),
    /// A component inside this one.
    Component(Component),
}

impl Component {
    /// An empty component of our own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            line: 0,
            entries: Vec::new(),
        }
    }

    /// Reads a stream of components (RFC 5545 §3.4 allows several calendars in one text).
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, IcalError> {
        let mut roots = Vec::new();
        let mut open: Vec<Self> = Vec::new();
        for logical in logical_lines(bytes) {
            let line = logical.line;
            let content = ContentLine::parse(logical.decode()?, line)?;
            if content.is("BEGIN") {
                if open.len() >= MAX_DEPTH {
                    return Err(IcalError::new(line, Reason::TooDeep(MAX_DEPTH)));
                }
                let name = content.value().trim().to_owned();
                open.push(Self {
                    name,
                    line,
                    entries: Vec::with_capacity(16),
                });
            } else if content.is("END") {
                let done = close(&mut open, &content)?;
                match open.last_mut() {
                    Some(parent) => parent.entries.push(Entry::Component(done)),
                    None => roots.push(done),
                }
            } else {
                match open.last_mut() {
                    Some(parent) => parent.entries.push(Entry::Line(content)),
                    None => {
                        return Err(IcalError::new(
                            line,
                            Reason::Outside(super::super::error::cut(content.raw())),
                        ));
                    }
                }
            }
        }
        match open.pop() {
            Some(left) => Err(IcalError::new(left.line, Reason::Unclosed(left.name))),
            None => Ok(roots),
        }
    }

    /// The name as written; compare with [`Self::is`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the component has this name, in any letter case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The physical line of its `BEGIN`, counted from 1; 0 for one of our own.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Everything in it, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its own content lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = &ContentLine> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Line(line) => Some(line),
            Entry::Component(_) => None,
        })
    }

    /// The components directly inside, in order.
    pub fn components(&self) -> impl Iterator<Item = &Self> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Line(_) => None,
            Entry::Component(component) => Some(component),
        })
    }

    /// The first property of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&ContentLine> {
        self.lines().find(|line| line.is(name))
    }

    /// The TEXT value of the first property of this name, unescaped.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.first(name)
            .map(|line| super::unescape_text(line.value()))
    }

    /// Appends to the end of the component.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn push_all(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
    }

    /// The component as iCalendar text: CRLF, folded at 75 octets.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(1024);
        self.write(&mut text);
        text
    }

    /// Appends the component as iCalendar text: CRLF, folded at 75 octets.
    pub fn write(&self, to: &mut String) {
        to.push_str("BEGIN:");
        to.push_str(&self.name);
        to.push_str("\r\n");
        for entry in &self.entries {
            match entry {
                Entry::Line(line) => line.write(to),
                Entry::Component(component) => component.write(to),
            }
        }
        to.push_str("END:");
        to.push_str(&self.name);
        to.push_str("\r\n");
    }
}

/// Takes the innermost open component when `end` names it.
fn close(open: &mut Vec<Component>, end: &ContentLine) -> Result<Component, IcalError> {
    let found = end.value().trim();
    match open.pop() {
        Some(done) if done.is(found) => Ok(done),
        other => Err(IcalError::new(
            end.line(),
            Reason::UnmatchedEnd {
                found: super::super::error::cut(found),
                expected: other.map(|component| component.name).unwrap_or_default(),
            },
        )),
    }
}
