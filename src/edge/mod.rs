//! Edge: what all doors share, so that each is three sentences: read, ask, write.
//!
//! - [`authenticate`]: who comes with this `Authorization` header (RFC 7617, RFC 6750).
//! - [`source_of`]: where a request comes from; [`Proxies`] are believed about it.
//! - [`precondition`], [`not_modified`]: `If-Match` and `If-None-Match` (RFC 9110 §13.1).
//! - [`read_body`]: a body within limits that the refusal names; [`gather`]: a small one, always;
//!   [`linger`]: what nobody reads of a larger one.
//! - [`unambiguous`]: what could be read in two ways comes to no door.
//! - [`status`]: the status of a [`crate::base::Kind`], mapped here and nowhere else.
//! - [`Cookies`], [`same_origin`], [`headers`]: what browsers need.
//! - [`Endpoint`]: what there is to ask of a door, listed.
//! - [`track`]: the request's id, its one line in the log, its span and its metrics. A door hands over
//!   the cause of a 5xx as a [`Fault`]; the answer shows the id, the log has both. A door whose one
//!   route is many forms of address says which it was by a [`Route`].
//!
//! **Absent on purpose.** Bodies of refusals: each door has its standard's own form for them. Only
//! what comes to no door gets a line of text.

mod body;
mod conditions;
mod credentials;
mod csrf;
mod framing;
pub mod headers;
mod linger;
mod session;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod track;

use std::time::Duration;

pub use body::{BodyError, gather, read_body};
pub use conditions::{BadCondition, not_modified, precondition};
pub use credentials::{Denied, authenticate, step_up};
pub use csrf::{CrossSite, same_origin};
pub use framing::unambiguous;
pub use linger::linger;
pub use session::Cookies;
pub use source::{Proxies, source_of};
pub use status::status;
pub use track::{Fault, RequestId, Route, Synchronised, Tracker, track};

/// One method at one form of URL: what there is to ask of a door. The test of every route reads
/// these lists, and each router is built from its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The form of the URL's path, with the names of its variable segments in braces.
    pub path: &'static str,
    /// The method; GET stands for HEAD too, where HEAD is not listed.
    pub method: &'static str,
}

/// The limits of requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// How long all of it may take.
    pub body_patience: Duration,
}

impl Default for Limits {
    /// 10 MiB, two minutes.
    fn default() -> Self {
        Self {
            max_body_bytes: 10 * 1024 * 1024,
            body_patience: Duration::from_mins(2),
        }
    }
}
