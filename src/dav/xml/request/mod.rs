//! Elements to what was asked: one type for each request body.
//!
//! Elements that nobody knows are skipped (RFC 4918 §17). What an RFC calls a precondition of a
//! body (`valid-filter`, `supported-collation`) is refused here with its word.

mod calendar_data;
mod filter;
mod propertyupdate;
mod propfind;
mod report;

pub(crate) use calendar_data::{CalendarData, CompSelection, Shape};
pub(crate) use propertyupdate::{Creation, Update, creation, propertyupdate};
pub(crate) use propfind::{PropRequest, propfind};
pub(crate) use report::{Asked, Multiget, Query, Report, SyncCollection, report};

use super::{Element, Name, spelled};
use crate::dav::error::DavError;

/// Whether a body has nothing in it.
fn is_blank(body: &[u8]) -> bool {
    body.trim_ascii().is_empty()
}

/// The names of the elements directly in `element`, each once.
fn names_in(element: &Element) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for child in element.children() {
        let name = child.name();
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn unexpected(root: &Element, expected: &str) -> DavError {
    DavError::malformed(format!(
        "the body's root element is {}, and this method needs {expected}",
        spelled(&root.name())
    ))
}
