//! Whether a request that changes something comes from our own pages: cookies alone do not say so.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use url::Url;

use crate::base::Kind;

/// The request comes from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this request does not come from a page of this service, so nothing was done: open the page \
     itself and use its button"
)]
pub struct CrossSite;

impl CrossSite {
    /// How the caller should take it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        Kind::Forbidden
    }
}

/// Decides by `Sec-Fetch-Site`, which browsers set and pages cannot (Fetch Metadata); where a
/// browser does not send it, by `Origin`: it has to be our public address, or the host that the
/// request was sent to. A request with neither is refused.
///
/// # Errors
/// [`CrossSite`].
pub fn same_origin(headers: &HeaderMap, public_url: &Url) -> Result<(), CrossSite> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let same = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_own(origin, text(HOST.as_str()), public_url),
        (None, None) => false,
    };
    same.then_some(()).ok_or(CrossSite)
}

fn is_own(origin: &str, host: Option<&str>, public_url: &Url) -> bool {
    // An Origin has no path (RFC 6454 §7); "null" is no address.
    let Ok(origin) = origin.parse::<Url>() else {
        return false;
    };
    let sent_to = host.and_then(|host| format!("{}://{host}", public_url.scheme()).parse().ok());
    origin.origin() == public_url.origin()
        || sent_to.is_some_and(|url: Url| url.origin() == origin.origin())
}
