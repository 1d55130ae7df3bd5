//! Refusals on the wire: a status, the precondition element that the RFC names, and a sentence
//! (RFC 4918 §16, RFC 3253 §1.6).

use axum::http::StatusCode;
use axum::http::header::{ALLOW, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::answer;
use super::xml::{CALDAV, DAV, Xml};
use crate::base::Kind;
use crate::calendar::CalendarError;
use crate::edge::{self, BadCondition, BodyError, Denied, Fault};
use crate::identity::Refusal;

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
#[derive(Debug)]
pub(crate) struct DavError {
    /// The status of the answer, or of the response inside a multistatus.
    pub(crate) status: StatusCode,
    condition: Option<Condition>,
    /// The resource in the way.
    href: Option<String>,
    /// For whoever reads it at night.
    reason: String,
    headers: Option<Box<HeaderMap>>,
    fault: Option<Fault>,
}

impl DavError {
    /// A refusal without a word of an RFC.
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            condition: None,
            href: None,
            reason: reason.into(),
            headers: None,
            fault: None,
        }
    }

    /// A request that cannot be understood: 400.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// Nothing is here: 404. Says the same whether it is not there or not for this actor.
    pub(crate) fn not_found() -> Self {
        Refusal::NotFound.into()
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
        Self::new(StatusCode::METHOD_NOT_ALLOWED, reason).allowing(allow)
    }

    /// The same, with the methods that are allowed instead.
    pub(crate) fn allowing(self, allow: &'static str) -> Self {
        let allowed = HeaderMap::from_iter([(ALLOW, HeaderValue::from_static(allow))]);
        Self {
            headers: Some(Box::new(allowed)),
            ..self
        }
    }

    /// The same, with the resource that is in the way.
    pub(crate) fn with_href(self, href: String) -> Self {
        Self {
            href: Some(href),
            ..self
        }
    }

    fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Self {
        let status = edge::status(kind);
        let fault = status.is_server_error().then(|| Fault::of(error));
        let reason = if kind == Kind::Internal {
            "this server made a mistake: the operator finds the cause in its log under the id in \
             the header X-Request-Id"
                .to_owned()
        } else {
            error.to_string()
        };
        Self {
            fault,
            ..Self::new(status, reason)
        }
    }

    /// The condition, where an RFC has a word for it.
    pub(crate) const fn condition(&self) -> Option<Condition> {
        self.condition
    }

    /// The sentence.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// Writes the element of the condition, where an RFC has a word for it.
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
    fn into_response(self) -> Response {
        let mut response = answer::xml(self.status, self.body());
        if let Some(headers) = self.headers {
            response.headers_mut().extend(*headers);
        }
        if let Some(fault) = self.fault {
            response.extensions_mut().insert(fault);
        }
        response
    }
}

impl From<Denied> for DavError {
    fn from(denied: Denied) -> Self {
        let mut headers = HeaderMap::new();
        denied.headers(&mut headers);
        Self {
            headers: Some(Box::new(headers)),
            ..Self::of(denied.kind(), &denied)
        }
    }
}

impl From<Refusal> for DavError {
    fn from(refusal: Refusal) -> Self {
        Self::of(refusal.kind(), &refusal)
    }
}

impl From<CalendarError> for DavError {
    fn from(error: CalendarError) -> Self {
        use CalendarError as E;
        let condition = match &error {
            E::UidConflict { .. } => Some(Condition::NoUidConflict),
            E::InvalidData(_) => Some(Condition::ValidCalendarData),
            E::InvalidObject(_) => Some(Condition::ValidCalendarObjectResource),
            E::UnsupportedComponent { .. } => Some(Condition::SupportedCalendarComponent),
            E::TooLarge { .. } => Some(Condition::MaxResourceSize),
            E::BadSyncToken(_) => Some(Condition::ValidSyncToken),
            _ => None,
        };
        match condition {
            Some(condition) => Self::unmet(condition, error.to_string()),
            None => Self::of(error.kind(), &error),
        }
    }
}

impl From<BodyError> for DavError {
    fn from(error: BodyError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<BadCondition> for DavError {
    fn from(error: BadCondition) -> Self {
        Self::malformed(error.to_string())
    }
}
