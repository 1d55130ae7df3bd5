//! The files that pages refer to. Their names hold a digest of their content, so that browsers may
//! keep them for good.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::error::Failure;
use crate::crypto::{hex, sha256};

/// A file and what it is.
struct Asset {
    stem: &'static str,
    ending: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const STYLE: Asset = Asset {
    stem: "style",
    ending: "css",
    content_type: "text/css; charset=utf-8",
    content: include_str!("assets/style.css"),
};

const ICON: Asset = Asset {
    stem: "icon",
    ending: "svg",
    content_type: "image/svg+xml",
    content: include_str!("assets/icon.svg"),
};

impl Asset {
    fn name(&self) -> String {
        let digest = hex(&sha256(self.content.as_bytes()));
        let short: String = digest.chars().take(16).collect();
        format!("{}-{short}.{}", self.stem, self.ending)
    }
}

/// The addresses of the files, for the head of a page.
pub(super) struct Links {
    pub(super) style: String,
    pub(super) icon: String,
}

impl Links {
    pub(super) fn new() -> Self {
        let address = |asset: Asset| format!("/assets/{}", asset.name());
        Self {
            style: address(STYLE),
            icon: address(ICON),
        }
    }
}

/// `GET /assets/{name}`.
pub(super) async fn get(Path(name): Path<String>) -> Response {
    let found = [STYLE, ICON].into_iter().find(|asset| asset.name() == name);
    let Some(asset) = found else {
        return Failure::not_found().into_response();
    };
    let mut response = asset.content.into_response();
    let held = response.headers_mut();
    held.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    held.insert(CACHE_CONTROL, forever);
    response
}
