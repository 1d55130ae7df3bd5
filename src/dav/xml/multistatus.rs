//! `DAV:multistatus`: one response for each resource (RFC 4918 §13, §14.16).

use axum::http::StatusCode;

use super::{DAV, Name, Xml};
use crate::dav::error::DavError;

/// How much is left unsaid (RFC 8144 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// Everything.
    #[default]
    Full,
    /// Properties that are not there are not mentioned.
    Minimal,
}

/// A multistatus that is being written.
#[derive(Debug)]
pub(crate) struct Multistatus {
    xml: Xml,
    detail: Detail,
}

/// The properties of one resource, by the status they have.
#[derive(Debug)]
pub(crate) struct Propstats {
    found: Xml,
    missing: Xml,
    refused: Vec<Refused>,
}

/// Properties that share a reason for not being there.
#[derive(Debug)]
struct Refused {
    names: Xml,
    why: DavError,
}

impl Propstats {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            found: Xml::piece(),
            missing: Xml::piece(),
            refused: Vec::new(),
        }
    }

    /// Where properties that are there are written.
    pub(crate) fn found(&mut self) -> &mut Xml {
        &mut self.found
    }

    /// A property that is not there: 404.
    pub(crate) fn missing(&mut self, name: &Name) {
        self.missing.empty_named(name);
    }

    /// Properties that are refused for the same reason.
    pub(crate) fn refused<'n>(&mut self, names: impl IntoIterator<Item = &'n Name>, why: DavError) {
        let mut written = Xml::piece();
        for name in names {
            written.empty_named(name);
        }
        if !written.is_empty() {
            self.refused.push(Refused {
                names: written,
                why,
            });
        }
    }

    /// Writes one `DAV:propstat` for each status that occurs.
    pub(crate) fn write(self, xml: &mut Xml, detail: Detail) {
        let has_missing = !self.missing.is_empty() && detail == Detail::Full;
        if !self.found.is_empty() || (!has_missing && self.refused.is_empty()) {
            propstat(xml, self.found, StatusCode::OK, None);
        }
        if has_missing {
            propstat(xml, self.missing, StatusCode::NOT_FOUND, None);
        }
        for refused in self.refused {
            let status = refused.why.status;
            propstat(xml, refused.names, status, Some(&refused.why));
        }
    }
}

fn propstat(xml: &mut Xml, props: Xml, status: StatusCode, why: Option<&DavError>) {
    xml.within(DAV, "propstat", |xml| {
        xml.within(DAV, "prop", |xml| xml.markup(&props.finish()));
        write_status(xml, status);
        if let Some(why) = why {
            write_reason(xml, why);
        }
    });
}

impl Multistatus {
    /// A multistatus without responses.
    pub(crate) fn new(detail: Detail) -> Self {
        let mut xml = Xml::document();
        xml.open_root(DAV, "multistatus");
        Self { xml, detail }
    }

    /// The properties of the resource at `href`.
    pub(crate) fn properties(&mut self, href: &str, propstats: Propstats) {
        let detail = self.detail;
        self.xml.within(DAV, "response", |xml| {
            xml.element(DAV, "href", href);
            propstats.write(xml, detail);
        });
    }

    /// What is the matter with the resource at `href`.
    pub(crate) fn refused(&mut self, href: &str, why: &DavError) {
        self.xml.within(DAV, "response", |xml| {
            xml.element(DAV, "href", href);
            write_status(xml, why.status);
            write_reason(xml, why);
        });
    }

    /// There is nothing at `href` (RFC 6578 §3.5.2, RFC 4791 §7.9).
    pub(crate) fn not_found(&mut self, href: &str) {
        self.xml.within(DAV, "response", |xml| {
            xml.element(DAV, "href", href);
            write_status(xml, StatusCode::NOT_FOUND);
        });
    }

    /// `DAV:sync-token` (RFC 6578 §6.4); behind all responses.
    pub(crate) fn sync_token(&mut self, token: &str) {
        self.xml.element(DAV, "sync-token", token);
    }

    /// A sentence about all of it; behind all responses.
    pub(crate) fn description(&mut self, text: &str) {
        self.xml.element(DAV, "responsedescription", text);
    }

    /// How many bytes have been written.
    pub(crate) fn len(&self) -> usize {
        self.xml.len()
    }

    /// The text.
    pub(crate) fn finish(mut self) -> String {
        self.xml.close(DAV, "multistatus");
        self.xml.finish()
    }
}

fn write_status(xml: &mut Xml, status: StatusCode) {
    let reason = status.canonical_reason().unwrap_or_default();
    let line = format!("HTTP/1.1 {} {reason}", status.as_u16());
    xml.element(DAV, "status", &line);
}

fn write_reason(xml: &mut Xml, why: &DavError) {
    if why.condition().is_some() {
        xml.within(DAV, "error", |xml| why.write_condition(xml));
    }
    xml.element(DAV, "responsedescription", why.reason());
}
