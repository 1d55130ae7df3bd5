//! `DAV:propfind` (RFC 4918 §14.20) and the same choice inside of reports.

use super::super::{DAV, Element, Name};
use super::{is_blank, names_in, unexpected};
use crate::dav::error::DavError;

/// Which properties are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PropRequest {
    /// `DAV:allprop`, and those that `DAV:include` adds.
    All(Vec<Name>),
    /// `DAV:propname`: the names of all there are.
    Names,
    /// `DAV:prop`: these.
    Props(Vec<Name>),
}

impl PropRequest {
    /// The choice among the children of `element`, if it makes one.
    pub(super) fn of(element: &Element) -> Option<Self> {
        if let Some(prop) = element.child(DAV, "prop") {
            return Some(Self::Props(names_in(prop)));
        }
        if element.child(DAV, "propname").is_some() {
            return Some(Self::Names);
        }
        element.child(DAV, "allprop").map(|_| {
            let include = element.child(DAV, "include");
            Self::All(include.map(names_in).unwrap_or_default())
        })
    }
}

/// Reads the body of a PROPFIND; an empty one asks for all properties (§9.1).
///
/// # Errors
/// 400.
pub(crate) fn propfind(body: &[u8]) -> Result<PropRequest, DavError> {
    if is_blank(body) {
        return Ok(PropRequest::All(Vec::new()));
    }
    let root = Element::parse(body)?;
    if !root.is(DAV, "propfind") {
        return Err(unexpected(&root, "DAV:propfind"));
    }
    PropRequest::of(&root).ok_or_else(|| {
        DavError::malformed("DAV:propfind holds none of DAV:prop, DAV:allprop and DAV:propname")
    })
}
