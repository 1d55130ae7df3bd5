//! Asking Microsoft Graph which groups a person is in, where the token leaves them out because they
//! are too many: only those of `role_groups`, with the person's own access token, at each sign-in.
//!
//! Graph may want more of the sign-in than it was (Conditional Access, Continuous Access
//! Evaluation): it then answers 401 with a claims challenge, whose claims go into the next
//! authorization request. It does so only to a client that says it can, by the capability `cp1`.
//! Two challenges in a row are an error: nobody is sent around in a circle.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use url::Url;

use super::discovery::Provider;
use super::verify::Access;
use crate::outbound::OutboundError;

/// So many groups may be named in one request.
const GROUPS_MAX: usize = 20;
/// The longest challenge that is followed, decoded: it goes into an address.
const CHALLENGE_BYTES_MAX: usize = 2048;

/// The claims that a challenge asks for, by the token that has to have them.
pub(super) type Challenge = Map<String, Value>;

/// Why Graph did not say.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTold {
    /// It wants these claims of the next access token.
    #[error("Microsoft Graph asks for another sign-in")]
    Challenged(Challenge),
    /// The request did not get through.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It answered something else.
    #[error("Microsoft Graph answers {0}")]
    Answer(String),
}

/// The scope with which Graph says something about whoever signs in; none where it is not asked.
pub(super) fn scope(graph: Option<&Url>) -> Option<String> {
    graph.map(|graph| format!("{}User.Read", based(graph)))
}

/// The parameter `claims` of an authorization request (OpenID Connect Core 1.0 §5.5): what the
/// challenge asks for, and that we understand challenges.
pub(super) fn claims(challenge: Option<&Challenge>) -> String {
    let mut all = challenge.cloned().unwrap_or_default();
    let of_access = all.entry("access_token").or_insert_with(|| json!({}));
    if let Value::Object(of_access) = of_access {
        of_access.insert("xms_cc".to_owned(), json!({ "values": ["cp1"] }));
    }
    Value::Object(all).to_string()
}

/// Which of `groups` the person with this access token is in, directly or through another group.
pub(super) async fn member_of(
    provider: &Provider,
    graph: &Url,
    access: &Access,
    groups: &[&String],
) -> Result<Vec<String>, NotTold> {
    let address = format!("{}v1.0/me/checkMemberGroups", based(graph));
    let mut found = Vec::new();
    for some in groups.chunks(GROUPS_MAX) {
        let request = http::Request::post(&address)
            .header(header::AUTHORIZATION, access.bearer())
            .header(header::CONTENT_TYPE, "application/json")
            .body(json!({ "groupIds": some }).to_string().into_bytes());
        let request = request.map_err(|_| OutboundError::Address(address.clone()))?;
        let answer = provider.ask(request).await?;
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Some(challenge) = challenge(answer.headers())
        {
            return Err(NotTold::Challenged(challenge));
        }
        if answer.status() != StatusCode::OK {
            return Err(NotTold::Answer(answer.status().to_string()));
        }
        let told: Value = serde_json::from_slice(answer.body())
            .map_err(|error| NotTold::Answer(error.to_string()))?;
        let told = told.get("value").and_then(Value::as_array);
        let told = told.ok_or_else(|| NotTold::Answer("without a value".to_owned()))?;
        found.extend(told.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    Ok(found)
}

/// The claims that a Bearer challenge of `insufficient_claims` asks for.
fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let all = lines.flat_map(|line| http_auth::parse_challenges(line).unwrap_or_default());
    let mut bearer = all.filter(|one| one.scheme.eq_ignore_ascii_case("Bearer"));
    bearer.find_map(|one| {
        let param = |name: &str| {
            let mut all = one.params.iter();
            let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        (param("error")? == "insufficient_claims").then_some(())?;
        decoded(&param("claims")?)
    })
}

/// Base64 or base64url, padded or not, of a JSON object.
fn decoded(claims: &str) -> Option<Challenge> {
    let any = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&alphabet::URL_SAFE, any);
    let url_safe = claims.replace('+', "-").replace('/', "_");
    let plain = engine.decode(url_safe).ok()?;
    (plain.len() <= CHALLENGE_BYTES_MAX).then_some(())?;
    match serde_json::from_slice(&plain) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The address with a slash at its end.
fn based(graph: &Url) -> String {
    format!("{}/", graph.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
