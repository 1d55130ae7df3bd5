//! Refusals on the wire: a status, the precondition element that the RFC names, and a sentence
//! (RFC 4918 §16, RFC 3253 §1.6).

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;

use super::xml::{CALDAV, DAV, Xml};

/// The precondition or postcondition that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `DAV:propfind-finite-depth` (RFC 4918 §9.1.1).
    PropfindFiniteDepth,
    /// `DAV:cannot-modify-protected-property` (RFC 4918 §16).
    CannotModifyProtectedProperty,
    /// `DAV:supported-report` (RFC 3253 §3.6).
    SupportedReport,
    /// `DAV:valid-sync-token` (RFC 6578 §3.2).
    ValidSyncToken,
    /// `DAV:sync-traversal-supported` (RFC 6578 §3.3).
    SyncTraversalSupported,
    /// `DAV:number-of-matches-within-limits` (RFC 4791 §7.8, RFC 6578 §3.6).
    NumberOfMatchesWithinLimits,
    /// `DAV:resource-must-be-null` (RFC 4791 §5.3.1.1).
    ResourceMustBeNull,
    /// `DAV:valid-resourcetype` (RFC 5689 §3.3).
    ValidResourcetype,
    /// `CALDAV:calendar-collection-location-ok` (RFC 4791 §5.3.1.1).
    CalendarCollectionLocationOk,
    /// `CALDAV:supported-calendar-data` (RFC 4791 §5.3.2.1, §7.8).
    SupportedCalendarData,
    /// `CALDAV:valid-calendar-data` (RFC 4791 §5.3.2.1, §7.8).
    ValidCalendarData,
    /// `CALDAV:valid-calendar-object-resource` (RFC 4791 §5.3.2.1).
    ValidCalendarObjectResource,
    /// `CALDAV:supported-calendar-component` (RFC 4791 §5.3.2.1).
    SupportedCalendarComponent,
    /// `CALDAV:no-uid-conflict` (RFC 4791 §5.3.2.1).
    NoUidConflict,
    /// `CALDAV:max-resource-size` (RFC 4791 §5.3.2.1).
    MaxResourceSize,
    /// `CALDAV:valid-filter` (RFC 4791 §7.8).
    ValidFilter,
    /// `CALDAV:supported-collation` (RFC 4791 §7.8).
    SupportedCollation,
    /// `CALDAV:valid-timezone` (RFC 7809 §3.1.3).
    ValidTimezone,
}

impl Condition {
    /// The namespace and name of its element.
    pub(crate) const fn element(self) -> (&'static str, &'static str) {
        match self {
            Self::PropfindFiniteDepth => (DAV, "propfind-finite-depth"),
            Self::CannotModifyProtectedProperty => (DAV, "cannot-modify-protected-property"),
            Self::SupportedReport => (DAV, "supported-report"),
            Self::ValidSyncToken => (DAV, "valid-sync-token"),
            Self::SyncTraversalSupported => (DAV, "sync-traversal-supported"),
            Self::NumberOfMatchesWithinLimits => (DAV, "number-of-matches-within-limits"),
            Self::ResourceMustBeNull => (DAV, "resource-must-be-null"),
            Self::ValidResourcetype => (DAV, "valid-resourcetype"),
            Self::CalendarCollectionLocationOk => (CALDAV, "calendar-collection-location-ok"),
            Self::SupportedCalendarData => (CALDAV, "supported-calendar-data"),
            Self::ValidCalendarData => (CALDAV, "valid-calendar-data"),
            Self::ValidCalendarObjectResource => (CALDAV, "valid-calendar-object-resource"),
            Self::SupportedCalendarComponent => (CALDAV, "supported-calendar-component"),
            Self::NoUidConflict => (CALDAV, "no-uid-conflict"),
            Self::MaxResourceSize => (CALDAV, "max-resource-size"),
            Self::ValidFilter => (CALDAV, "valid-filter"),
            Self::SupportedCollation => (CALDAV, "supported-collation"),
            Self::ValidTimezone => (CALDAV, "valid-timezone"),
        }
    }

    /// The status it goes with. RFC 4791 §1.3: 403 where repeating the request is no use, 409 where
    /// the client may mend it.
    const fn status(self) -> StatusCode {
        match self {
            Self::NoUidConflict => StatusCode::CONFLICT,
            Self::MaxResourceSize => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ResourceMustBeNull => StatusCode::METHOD_NOT_ALLOWED,
            Self::NumberOfMatchesWithinLimits => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

/// A refusal, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DavError {
    /// The status of the answer, or of the response inside a multistatus.
    pub(crate) status: StatusCode,
    /// What does not hold, if an RFC has a word for it.
    pub(crate) condition: Option<Condition>,
    /// The resource in the way.
    pub(crate) href: Option<String>,
    /// For whoever reads it at night.
    pub(crate) reason: String,
    /// The methods that are allowed instead.
    pub(crate) allow: Option<&'static str>,
}

impl DavError {
    /// A refusal without a word of an RFC.
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            condition: None,
            href: None,
            reason: reason.into(),
            allow: None,
        }
    }

    /// A request that cannot be understood: 400.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// `condition` does not hold.
    pub(crate) fn unmet(condition: Condition, reason: impl Into<String>) -> Self {
        Self {
            condition: Some(condition),
            ..Self::new(condition.status(), reason)
        }
    }

    /// Another method would do: 405.
    pub(crate) fn not_allowed(allow: &'static str, reason: impl Into<String>) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, reason)
        }
    }

    /// Appends `DAV:error` with the condition, where an RFC has a word for it.
    pub(crate) fn write_condition(&self, xml: &mut Xml) {
        if let Some(condition) = self.condition {
            let (namespace, local) = condition.element();
            match &self.href {
                Some(href) => xml.within(namespace, local, |xml| xml.element(DAV, "href", href)),
                None => xml.empty(namespace, local),
            }
        }
    }

    fn body(&self) -> String {
        let mut xml = Xml::document();
        xml.root(DAV, "error", |xml| {
            self.write_condition(xml);
            xml.element(DAV, "responsedescription", &self.reason);
        });
        xml.finish()
    }
}

impl IntoResponse for DavError {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, super::answer::XML);
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            crate::edge::challenge(headers);
        }
        response
    }
}
