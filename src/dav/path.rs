//! Paths of this door: which resource a URL names, and how its URL is written.
//!
//! ```text
//! /dav/                                   root
//! /dav/principals/HANDLE/                 a principal
//! /dav/calendars/HANDLE/                  a calendar home
//! /dav/calendars/HANDLE/SLUG/             a calendar
//! /dav/calendars/HANDLE/SLUG/NAME         a calendar object
//! ```
//! Segments are percent-decoded once. Written, everything but the unreserved characters of RFC 3986
//! §2.3 is encoded, so each resource has one spelling of ours.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::DavError;
use crate::calendar::{CalendarRef, ObjectName, ObjectRef};
use crate::identity::Handle;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a URL of this door names, whether it is there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `/dav/`.
    Root,
    /// `/dav/principals/`.
    Principals,
    /// A principal.
    Principal(Handle),
    /// `/dav/calendars/`.
    Homes,
    /// A calendar home (RFC 4791 §4.2, §6.2.1).
    Home(Handle),
    /// A calendar.
    Calendar(CalendarRef),
    /// A calendar object.
    Object(ObjectRef),
    /// A place where this door can have nothing.
    Nowhere,
}

impl Resource {
    /// What the path of a request names.
    ///
    /// # Errors
    /// 400 for a segment that is empty, `.` or `..`, holds a slash or a control character, is too
    /// long, or is not percent-encoded UTF-8.
    pub(crate) fn of_path(path: &str) -> Result<Self, DavError> {
        let (inner, is_collection) = match path.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (path, false),
        };
        let mut segments = Vec::new();
        for segment in inner.strip_prefix('/').unwrap_or(inner).split('/') {
            segments.push(decoded(segment)?);
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let handle = |text: &str| text.parse().map_err(|_| DavError::not_found());
        Ok(match segments.as_slice() {
            ["dav"] => Self::Root,
            ["dav", "principals"] => Self::Principals,
            ["dav", "principals", who] => Self::Principal(handle(who)?),
            ["dav", "calendars"] => Self::Homes,
            ["dav", "calendars", who] => Self::Home(handle(who)?),
            ["dav", "calendars", who, slug] => Self::Calendar(calendar(handle(who)?, slug)?),
            ["dav", "calendars", who, slug, name] if !is_collection => Self::Object(ObjectRef {
                calendar: calendar(handle(who)?, slug)?,
                name: name.parse().map_err(bad_name)?,
            }),
            _ => Self::Nowhere,
        })
    }

    /// What a `DAV:href` names: a path, or a URL with one.
    ///
    /// # Errors
    /// As [`Self::of_path`].
    pub(crate) fn of_href(href: &str) -> Result<Self, DavError> {
        let path = match href.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
            }
            _ => href,
        };
        let end = path.find(['?', '#']).unwrap_or(path.len());
        Self::of_path(path.get(..end).unwrap_or(path))
    }

    /// The form of its URL, with names in braces; empty for what can have none.
    pub(crate) const fn form(&self) -> &'static str {
        match self {
            Self::Root => "/dav/",
            Self::Principals => "/dav/principals/",
            Self::Principal(_) => "/dav/principals/{handle}/",
            Self::Homes => "/dav/calendars/",
            Self::Home(_) => "/dav/calendars/{handle}/",
            Self::Calendar(_) => "/dav/calendars/{handle}/{calendar}/",
            Self::Object(_) => "/dav/calendars/{handle}/{calendar}/{object}",
            Self::Nowhere => "",
        }
    }

    /// Its URL, without scheme and host.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Root | Self::Nowhere => "/dav/".to_owned(),
            Self::Principals => "/dav/principals/".to_owned(),
            Self::Principal(who) => principal_href(who),
            Self::Homes => "/dav/calendars/".to_owned(),
            Self::Home(who) => home_href(who),
            Self::Calendar(at) => calendar_href(at),
            Self::Object(at) => object_href(&at.calendar, &at.name),
        }
    }
}

/// The URL of a principal.
pub(crate) fn principal_href(who: &Handle) -> String {
    below("/dav/principals/".to_owned(), who.as_str())
}

/// The URL of a calendar home.
pub(crate) fn home_href(who: &Handle) -> String {
    below("/dav/calendars/".to_owned(), who.as_str())
}

/// The URL of a calendar.
pub(crate) fn calendar_href(at: &CalendarRef) -> String {
    below(home_href(&at.owner), at.slug.as_str())
}

/// The URL of a calendar object.
pub(crate) fn object_href(calendar: &CalendarRef, name: &ObjectName) -> String {
    let mut href = calendar_href(calendar);
    href.extend(utf8_percent_encode(name.as_str(), ENCODED));
    href
}

/// The URL of a collection in another.
fn below(mut href: String, segment: &str) -> String {
    href.extend(utf8_percent_encode(segment, ENCODED));
    href.push('/');
    href
}

fn calendar(owner: Handle, slug: &str) -> Result<CalendarRef, DavError> {
    let slug = slug.parse().map_err(bad_name)?;
    Ok(CalendarRef { owner, slug })
}

fn bad_name(error: impl std::fmt::Display) -> DavError {
    DavError::malformed(error.to_string())
}

fn decoded(segment: &str) -> Result<String, DavError> {
    let broken = segment.match_indices('%').any(|(at, _)| {
        let digits = segment.get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    if broken {
        return Err(DavError::malformed(
            "the path has a % that is not followed by two hexadecimal digits",
        ));
    }
    let text = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| DavError::malformed("the path is not UTF-8 once it is percent-decoded"))?;
    if text.is_empty() || text == "." || text == ".." {
        return Err(DavError::malformed(
            "the path has an empty segment, or one that is . or ..",
        ));
    }
    if text.contains(|c: char| c == '/' || c.is_control()) {
        return Err(DavError::malformed(
            "a segment of the path holds an encoded slash or a control character",
        ));
    }
    Ok(text.into_owned())
}
