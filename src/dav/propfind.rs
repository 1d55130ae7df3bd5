//! PROPFIND (RFC 4918 §9.1).

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::Response;

use super::error::{Condition, DavError};
use super::path::{Resource, calendar_href, home_href, object_href, principal_href};
use super::props::{self, Subject};
use super::xml::Multistatus;
use super::xml::request::{self, PropRequest};
use super::{Call, answer};
use crate::calendar::{Calendar, CalendarRef, ObjectEntry, ObjectRef};
use crate::identity::Handle;

/// The `Depth` header (RFC 4918 §10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The resource itself.
    Zero,
    /// And its members.
    One,
    /// And theirs.
    Infinity,
}

/// Reads `Depth`; `None` where there is none.
pub(super) fn depth(headers: &HeaderMap) -> Result<Option<Depth>, DavError> {
    let Some(value) = headers.get("depth") else {
        return Ok(None);
    };
    match value.to_str().unwrap_or_default().trim() {
        "0" => Ok(Some(Depth::Zero)),
        "1" => Ok(Some(Depth::One)),
        text if text.eq_ignore_ascii_case("infinity") => Ok(Some(Depth::Infinity)),
        other => Err(DavError::malformed(format!(
            "the header Depth is 0, 1 or infinity, not {other:?}"
        ))),
    }
}

/// PROPFIND.
pub(super) async fn propfind(call: Call, body: Body) -> Result<Response, DavError> {
    let body = call.read(body).await?;
    let request = request::propfind(&body)?;
    // Without a Depth it is infinity (§9.1), which is nothing but 0 for what has no members.
    let depth = depth(&call.headers)?.unwrap_or(Depth::Infinity);
    if depth == Depth::Infinity && !matches!(call.resource, Resource::Object(_)) {
        return Err(DavError::unmet(
            Condition::PropfindFiniteDepth,
            "send PROPFIND with the header Depth: 0 or Depth: 1",
        ));
    }
    let mut walk = Walk {
        multistatus: Multistatus::new(call.detail()),
        call: &call,
        request: &request,
    };
    walk.visit(depth == Depth::One).await?;
    let body = walk.multistatus.finish();
    Ok(answer::xml(StatusCode::MULTI_STATUS, body))
}

/// Whether there is something at `resource` for this actor.
///
/// # Errors
/// 404.
pub(super) async fn check_exists(call: &Call, resource: &Resource) -> Result<(), DavError> {
    match resource {
        Resource::Root | Resource::Principals | Resource::Homes => {}
        Resource::Principal(who) => own(call, who)?,
        Resource::Home(who) => {
            call.calendars.home(&call.actor, who).await?;
        }
        Resource::Calendar(at) => {
            call.calendars.calendar(&call.actor, at).await?;
        }
        Resource::Object(at) => {
            call.calendars.object(&call.actor, at).await?;
        }
        Resource::Nowhere => return Err(DavError::not_found()),
    }
    Ok(())
}

/// Of the principals an actor sees only themselves.
fn own(call: &Call, who: &Handle) -> Result<(), DavError> {
    if *who == call.actor.handle {
        return Ok(());
    }
    Err(DavError::not_found())
}

struct Walk<'w> {
    multistatus: Multistatus,
    call: &'w Call,
    request: &'w PropRequest,
}

impl Walk<'_> {
    async fn visit(&mut self, with_members: bool) -> Result<(), DavError> {
        let actor = &self.call.actor.handle;
        match &self.call.resource {
            Resource::Root => {
                self.collection(&Resource::Root);
                if with_members {
                    self.collection(&Resource::Principals);
                    self.collection(&Resource::Homes);
                }
            }
            Resource::Principals => {
                self.collection(&Resource::Principals);
                if with_members {
                    self.write(&principal_href(actor), Subject::Principal(actor));
                }
            }
            Resource::Principal(who) => {
                own(self.call, who)?;
                self.write(&principal_href(who), Subject::Principal(who));
            }
            Resource::Homes => {
                self.collection(&Resource::Homes);
                if with_members {
                    self.write(&home_href(actor), Subject::Home(actor));
                }
            }
            Resource::Home(who) => self.home(who, with_members).await?,
            Resource::Calendar(at) => self.calendar(at, with_members).await?,
            Resource::Object(at) => self.object(at).await?,
            Resource::Nowhere => return Err(DavError::not_found()),
        }
        Ok(())
    }

    async fn home(&mut self, who: &Handle, with_members: bool) -> Result<(), DavError> {
        let call = self.call;
        let calendars = call.calendars.home(&call.actor, who).await?;
        self.write(&home_href(who), Subject::Home(who));
        if with_members {
            for calendar in &calendars {
                self.one_calendar(calendar);
            }
        }
        Ok(())
    }

    async fn calendar(&mut self, at: &CalendarRef, with_members: bool) -> Result<(), DavError> {
        let call = self.call;
        let calendar = call.calendars.calendar(&call.actor, at).await?;
        self.one_calendar(&calendar);
        if with_members {
            let entries = call.calendars.list(&call.actor, at).await?;
            for some in entries.chunks(answer::AT_ONCE) {
                for entry in some {
                    self.one_object(at, entry);
                }
                // Writing thousands takes milliseconds; others may go first.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn object(&mut self, at: &ObjectRef) -> Result<(), DavError> {
        let call = self.call;
        let object = call.calendars.object(&call.actor, at).await?;
        self.one_object(&at.calendar, &object.entry);
        Ok(())
    }

    fn collection(&mut self, resource: &Resource) {
        self.write(&resource.href(), Subject::Collection);
    }

    fn one_calendar(&mut self, calendar: &Calendar) {
        self.write(&calendar_href(&calendar.at), Subject::Calendar(calendar));
    }

    fn one_object(&mut self, at: &CalendarRef, entry: &ObjectEntry) {
        self.write(&object_href(at, &entry.name), Subject::Object(at, entry));
    }

    fn write(&mut self, href: &str, subject: Subject<'_>) {
        let propstats = props::answer(self.request, subject, self.call.view());
        self.multistatus.properties(href, propstats);
    }
}
