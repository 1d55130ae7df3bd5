//! REPORT (RFC 3253 §3.6): one file for each report.

mod calendar_multiget;
mod calendar_query;
mod data;
mod sync_collection;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::error::{Condition, DavError};
use super::path::{Resource, object_href};
use super::props::{self, Subject};
use super::xml::request::{self, Asked, Report};
use super::xml::{CALDAV, Multistatus, Name};
use super::{Call, answer};
use crate::calendar::{CalendarRef, ObjectEntry, StoredObject};
use crate::edge::Synchronised;

/// From so many bytes of XML on an answer has no more calendar data.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// REPORT.
pub(super) async fn report(call: Call, body: Body) -> Result<Response, DavError> {
    let body = call.read(body).await?;
    let multistatus = match request::report(&body)? {
        Report::CalendarQuery(query) => calendar_query::answer(&call, query).await?,
        Report::CalendarMultiget(multiget) => calendar_multiget::answer(&call, multiget).await?,
        Report::SyncCollection(sync) => return synchronise(&call, sync).await,
    };
    Ok(answer::xml(StatusCode::MULTI_STATUS, multistatus.finish()))
}

/// The answer to a synchronisation says how much it names, for the metrics.
async fn synchronise(call: &Call, sync: request::SyncCollection) -> Result<Response, DavError> {
    let synchronised = sync_collection::answer(call, sync).await?;
    let xml = synchronised.multistatus.finish();
    let mut response = answer::xml(StatusCode::MULTI_STATUS, xml);
    let objects = Synchronised(synchronised.objects as u64);
    response.extensions_mut().insert(objects);
    Ok(response)
}

/// The report is not one of this resource (RFC 3253 §3.6).
fn unsupported(call: &Call, report: &str) -> DavError {
    if call.resource == Resource::Nowhere {
        return DavError::not_found();
    }
    DavError::unmet(
        Condition::SupportedReport,
        format!("this resource has no {report}: see DAV:supported-report-set"),
    )
}

/// An answer that grows object by object.
struct Answer<'a> {
    call: &'a Call,
    asked: &'a Asked,
    multistatus: Multistatus,
    objects: usize,
}

impl<'a> Answer<'a> {
    fn new(call: &'a Call, asked: &'a Asked) -> Self {
        Self {
            call,
            asked,
            multistatus: Multistatus::new(call.detail()),
            objects: 0,
        }
    }

    /// An object with its calendar data, if they are asked for. Now and then it lets others run.
    async fn object(&mut self, at: &CalendarRef, object: &StoredObject, zone: &TimeZone) {
        self.objects += 1;
        if self.objects.is_multiple_of(64) {
            tokio::task::yield_now().await;
        }
        let name = Name::new(CALDAV, "calendar-data");
        let subject = Subject::Object(at, &object.entry);
        let mut propstats = props::answer(&self.asked.props, subject, self.call.view());
        if let Some(asked) = &self.asked.data {
            let rendered = if self.multistatus.len() > ANSWER_BYTES_MAX {
                Err(DavError::unmet(
                    Condition::NumberOfMatchesWithinLimits,
                    "the answer is full: ask for this object separately",
                ))
            } else {
                data::render(&object.body, asked, zone)
            };
            match rendered {
                Ok(text) => propstats.found().element_named(&name, &text),
                Err(why) => propstats.refused([&name], why),
            }
        }
        self.multistatus
            .properties(&object_href(at, &object.entry.name), propstats);
    }

    /// Objects whose bytes are not asked for. Now and then it lets others run.
    async fn entries(&mut self, at: &CalendarRef, entries: &[ObjectEntry]) {
        for some in entries.chunks(answer::AT_ONCE) {
            for entry in some {
                let subject = Subject::Object(at, entry);
                let propstats = props::answer(&self.asked.props, subject, self.call.view());
                self.multistatus
                    .properties(&object_href(at, &entry.name), propstats);
            }
            tokio::task::yield_now().await;
        }
    }

    /// There is more than this (RFC 4791 §7.8, RFC 6578 §3.6).
    fn truncated(&mut self, reason: &str) {
        let why = DavError::unmet(Condition::NumberOfMatchesWithinLimits, reason);
        self.multistatus.refused(&self.call.resource.href(), &why);
    }
}
