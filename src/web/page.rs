//! From a template to an answer: the frame around every page, and its headers.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};

use super::assets::Links;
use crate::base::random;
use crate::edge::{Fault, headers};
use crate::identity::{Actor, Role, history};

/// What every page has around its content.
pub(super) struct Frame {
    pub(super) title: String,
    /// Whose page it is; nobody's before the sign-in.
    pub(super) handle: Option<String>,
    /// Whether they read the audit.
    pub(super) oversees: bool,
    /// Whether the person administers: then the navigation has one entry more.
    pub(super) administers: bool,
    /// The entry of the navigation that is current: `calendar`, `items`, `connect`, `people` or
    /// `audit`.
    pub(super) here: &'static str,
    /// Allows the page's own style element, where it has one.
    pub(super) nonce: String,
    pub(super) links: Links,
}

impl Frame {
    /// For a page before the sign-in.
    pub(super) fn public(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            handle: None,
            oversees: false,
            administers: false,
            here: "",
            nonce: BASE64_STANDARD.encode(random::bytes::<18>()),
            links: Links::new(),
        }
    }

    /// For a page of `actor`.
    pub(super) fn own(title: &str, here: &'static str, actor: &Actor) -> Self {
        Self {
            handle: Some(actor.handle.to_string()),
            oversees: history::may_read(actor).is_ok(),
            administers: actor.roles.has(Role::Administrator),
            here,
            ..Self::public(title)
        }
    }
}

/// Renders `page` with `status`.
pub(super) fn render(status: StatusCode, page: &impl Template, frame: &Frame) -> Response {
    let mut response = match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            response.extensions_mut().insert(Fault::of(&error));
            response
        }
    };
    let held = response.headers_mut();
    let policy = headers::page_policy(Some(&frame.nonce));
    held.insert(CONTENT_SECURITY_POLICY, policy);
    // Not "no-referrer": browsers would then send `Origin: null` with our own forms.
    held.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The address of `path` with these fields behind it, but for those that say nothing.
pub(super) fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
    format!("{path}?{}", query.finish())
}

/// A redirect to `location`, which is `GET` whatever came before (RFC 9110 §15.4.4).
pub(super) fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let held = response.headers_mut();
    // What cannot stand in a header is no address of ours.
    let location =
        HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
    held.insert(http::header::LOCATION, location);
    response
}
