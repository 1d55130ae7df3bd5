//! `DAV:propertyupdate` (RFC 4918 §14.19), and the bodies of MKCALENDAR (RFC 4791 §9.2) and
//! extended MKCOL (RFC 5689 §5).

use super::super::{CALDAV, DAV, Element, Name, spelled};
use super::{is_blank, unexpected};
use crate::dav::error::DavError;

/// One step, to be made in the order of the body.
#[derive(Debug)]
pub(crate) enum Update {
    /// Give the property this value.
    Set(Element),
    /// Take the property away.
    Remove(Name),
}

impl Update {
    /// The property's name.
    pub(crate) fn name(&self) -> Name {
        match self {
            Self::Set(element) => element.name(),
            Self::Remove(name) => name.clone(),
        }
    }
}

/// Reads the body of a PROPPATCH.
///
/// # Errors
/// 400.
pub(crate) fn propertyupdate(body: &[u8]) -> Result<Vec<Update>, DavError> {
    let root = Element::parse(body)?;
    if !root.is(DAV, "propertyupdate") {
        return Err(unexpected(&root, "DAV:propertyupdate"));
    }
    let updates = steps(root);
    if updates.is_empty() {
        return Err(DavError::malformed(
            "DAV:propertyupdate names no property: put DAV:prop with one into DAV:set or \
             DAV:remove",
        ));
    }
    Ok(updates)
}

fn steps(root: Element) -> Vec<Update> {
    let mut steps = Vec::new();
    for step in root.into_children() {
        let is_set = step.is(DAV, "set");
        if !is_set && !step.is(DAV, "remove") {
            continue;
        }
        let props = step.into_children().into_iter();
        for prop in props.filter(|prop| prop.is(DAV, "prop")) {
            steps.extend(prop.into_children().into_iter().map(|property| {
                if is_set {
                    Update::Set(property)
                } else {
                    Update::Remove(property.name())
                }
            }));
        }
    }
    steps
}

/// What MKCALENDAR or MKCOL shall make.
#[derive(Debug, Default)]
pub(crate) struct Creation {
    /// The values of `DAV:set`, in order.
    pub(crate) properties: Vec<Element>,
}

impl Creation {
    /// Whether `DAV:resourcetype` among the properties says that it is a calendar.
    pub(crate) fn is_calendar(&self) -> bool {
        let mut types = self
            .properties
            .iter()
            .filter(|property| property.is(DAV, "resourcetype"));
        types.any(|types| types.child(CALDAV, "calendar").is_some())
    }
}

/// Reads the body of MKCALENDAR (`CALDAV:mkcalendar`) or MKCOL (`DAV:mkcol`), which may be empty.
///
/// # Errors
/// 400.
pub(crate) fn creation(body: &[u8], namespace: &str, local: &str) -> Result<Creation, DavError> {
    if is_blank(body) {
        return Ok(Creation::default());
    }
    let root = Element::parse(body)?;
    if !root.is(namespace, local) {
        let expected = spelled(&Name::new(namespace, local));
        return Err(unexpected(&root, &expected));
    }
    let set = |step| match step {
        Update::Set(property) => Some(property),
        Update::Remove(_) => None,
    };
    Ok(Creation {
        properties: steps(root).into_iter().filter_map(set).collect(),
    })
}
