//! Pages that say what went wrong and what to do, in the look of the others.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::RETRY_AFTER;

use super::page::{Frame, render};
use crate::base::Kind;
use crate::base::page::PageError;
use crate::calendar::CalendarError;
use crate::edge::{CrossSite, Fault, status};
use crate::identity::IdentityError;
use crate::identity::providers::SignInError;
use crate::inventory::InventoryError;

/// A request that was refused or failed.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    fault: Option<Fault>,
    back: Back,
    retry_after_secs: Option<u32>,
}

/// Where the person goes from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Back {
    Start,
    SignIn,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: &'a Frame,
    message: &'a str,
    sign_in: bool,
}

impl Failure {
    /// There is no such page.
    #[must_use]
    pub fn not_found() -> Self {
        Self::plain(Kind::NotFound, "there is no page at this address")
    }

    /// `message` for an error of this kind that needs no line in the log.
    pub(super) fn plain(kind: Kind, message: &str) -> Self {
        Self {
            kind,
            message: message.to_owned(),
            fault: None,
            back: Back::Start,
            retry_after_secs: None,
        }
    }

    /// `message` for somebody who is to come back after so many seconds.
    pub(super) fn later(retry_after_secs: u32, message: &str) -> Self {
        Self {
            retry_after_secs: Some(retry_after_secs),
            ..Self::plain(Kind::TooMany, message)
        }
    }

    fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Self {
        let ours = matches!(kind, Kind::Internal | Kind::StorageFull | Kind::Unavailable);
        let message = if kind == Kind::Internal {
            "something went wrong on our side: the operator finds it in the log, under the id in \
             this answer's header X-Request-Id"
                .to_owned()
        } else {
            error.to_string()
        };
        Self {
            kind,
            message,
            fault: ours.then(|| Fault::of(error)),
            back: Back::Start,
            retry_after_secs: None,
        }
    }
}

impl From<CalendarError> for Failure {
    fn from(error: CalendarError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<InventoryError> for Failure {
    fn from(error: InventoryError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        if let IdentityError::TooMany { retry_after_secs } = error {
            return Self::later(retry_after_secs, &error.to_string());
        }
        Self::of(error.kind(), &error)
    }
}

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        Self::of(Kind::Malformed, &error)
    }
}

impl From<CrossSite> for Failure {
    fn from(error: CrossSite) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        Self {
            back: Back::SignIn,
            ..Self::of(error.kind(), &error)
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = status(self.kind);
        let title = match self.kind {
            Kind::NotFound => "Nothing here",
            Kind::Forbidden | Kind::Unauthenticated => "Not allowed",
            Kind::Malformed | Kind::Invalid => "That did not work",
            _ => "Something went wrong",
        };
        let frame = Frame::public(title);
        let page = ErrorPage {
            frame: &frame,
            message: &self.message,
            sign_in: self.back == Back::SignIn,
        };
        let mut response = render(status, &page, &frame);
        if let Some(secs) = self.retry_after_secs {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(secs));
        }
        if let Some(fault) = self.fault {
            response.extensions_mut().insert(fault);
        }
        response
    }
}
