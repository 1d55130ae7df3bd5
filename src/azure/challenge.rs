//! What a vault wants: `WWW-Authenticate: Bearer authorization="…", resource="…"` (RFC 9110 §11.6.1;
//! "Authentication, requests and responses").

use http::{HeaderMap, header};
use url::Url;

use crate::config::is_below;

/// What a vault answers to who shows no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The tenant whose tokens it takes, as the path of `authorization`.
    pub(super) tenant: String,
    /// For which resource the token has to be.
    pub(super) resource: String,
}

/// Why a challenge is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is none, or it names no resource.
    Absent,
    /// It wants a token of another domain.
    Foreign(String),
}

impl Challenge {
    /// The challenge of the vault at `vault`.
    pub(super) fn of(headers: &HeaderMap, vault: &Url) -> Result<Self, Refused> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let mut bearers = texts.filter_map(bearer);
        let found = bearers.find_map(|parameters| {
            let text = |name: &str| {
                let mut named = parameters.iter().filter(|(key, _)| key == name);
                named.next().map(|(_, value)| value.clone())
            };
            let scope = text("scope").map(|scope| scope.trim_end_matches("/.default").to_owned());
            let tenant = text("authorization").or_else(|| text("authorization_uri"));
            let tenant = tenant.and_then(|uri| Url::parse(&uri).ok());
            Some(Self {
                tenant: tenant.map_or_else(String::new, |uri| uri.path().replace('/', "")),
                resource: text("resource").or(scope)?,
            })
        });
        let found = found.ok_or(Refused::Absent)?;
        if belongs(&found.resource, vault) {
            Ok(found)
        } else {
            Err(Refused::Foreign(super::said(&found.resource)))
        }
    }
}

/// Whether tokens for `resource` may go to `vault`: it is the vault's own address or a domain above
/// it. Otherwise a vault could ask for a token that opens something else.
fn belongs(resource: &str, vault: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else {
        return false;
    };
    let (Some(of), Some(name)) = (resource.host_str(), vault.host_str()) else {
        return false;
    };
    let same = resource.scheme() == vault.scheme();
    same && (of == name || of.contains('.') && vault.domain().is_some() && is_below(name, of))
}

/// The parameters of a Bearer challenge, names in lower case.
fn bearer(value: &str) -> Option<Vec<(String, String)>> {
    let (scheme, mut rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let (text, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        parameters.push((name, text.trim().to_owned()));
        rest = next;
    }
    Some(parameters)
}
