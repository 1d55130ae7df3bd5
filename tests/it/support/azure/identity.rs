//! Who gives tokens: IMDS, `IDENTITY_ENDPOINT`, and Entra for the token of a service account.

use axum::response::Response;
use http::Method;
use serde_json::json;

use super::jwt::{Issuer, claims};
use super::{Asked, CLIENT, IDENTITY_HEADER, Script, TENANT, answer, pairs};

/// What an application trusts in place of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FederatedCredential {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

/// The instance metadata service of a machine.
pub(super) fn imds(script: &mut Script, asked: &Asked) -> Response {
    let header = |name: &str| asked.parts.headers.get(name);
    if header("metadata").is_none_or(|value| value != "true") || header("x-forwarded-for").is_some()
    {
        let why = json!({
            "error": "invalid_request",
            "error_description": "Required metadata header not specified",
        });
        return answer(400, &why);
    }
    if asked.query.get("api-version").map(String::as_str) != Some("2018-02-01") {
        let why = json!({ "error": "invalid_request", "error_description": "Bad api-version" });
        return answer(400, &why);
    }
    managed(
        script,
        asked,
        |end, now| json!({ "expires_in": (end - now).to_string() }),
    )
}

/// What App Service and Container Apps have in its place.
pub(super) fn endpoint(script: &mut Script, asked: &Asked) -> Response {
    let shown = asked.parts.headers.get("x-identity-header");
    if shown.is_none_or(|value| value != IDENTITY_HEADER) {
        return answer(401, &json!({ "error": "invalid_header" }));
    }
    if asked.query.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return answer(400, &json!({ "error": "invalid_request" }));
    }
    managed(
        script,
        asked,
        |end, _| json!({ "expires_on": end.to_string() }),
    )
}

fn managed(
    script: &mut Script,
    asked: &Asked,
    lasts: impl Fn(i64, i64) -> serde_json::Value,
) -> Response {
    if let Some(status) = script.identity_refuses.pop_front() {
        return answer(status, &json!({ "error": "too busy" }));
    }
    let client = asked.query.get("client_id");
    let (Some(resource), true) = (
        asked.query.get("resource"),
        client.is_none_or(|client| client == CLIENT),
    ) else {
        let why = json!({ "error": "invalid_request", "error_description": "Identity not found" });
        return answer(400, &why);
    };
    assert_eq!(asked.parts.method, Method::GET);
    let (now, end) = (script.now(), script.now() + script.lifetime_secs);
    let mut given = json!({
        "access_token": script.give(resource), "resource": resource, "token_type": "Bearer",
        "client_id": CLIENT,
    });
    let lasts = lasts(end, now);
    for (name, value) in lasts.as_object().unwrap() {
        given[name] = value.clone();
    }
    answer(200, &given)
}

/// `POST /TENANT/oauth2/v2.0/token` with a federated assertion.
pub(super) fn entra(script: &mut Script, asked: &Asked) -> Response {
    if asked.parts.uri.path() != format!("/{TENANT}/oauth2/v2.0/token") {
        return answer(404, &json!({ "error": "not_found" }));
    }
    let form = pairs(&asked.body);
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let Some(resource) = text("scope").strip_suffix("/.default") else {
        return refused(
            "AADSTS70011: The provided value for the input parameter 'scope' is not valid.",
        );
    };
    if text("grant_type") != "client_credentials" {
        return refused("AADSTS70003: The app requested an unsupported grant type.");
    }
    if let Err(why) = verify(script, &form) {
        return refused(&why);
    }
    let resource = resource.to_owned();
    let token = script.give(&resource);
    let lasts = script.lifetime_secs;
    let given = json!({ "token_type": "Bearer", "expires_in": lasts, "access_token": token });
    answer(200, &given)
}

/// Whether what stands in place of a client secret is good: type, application, issuer, signature,
/// subject, audience, time. Otherwise Entra's own words.
pub(crate) fn verify(
    script: &Script,
    form: &std::collections::BTreeMap<String, String>,
) -> Result<(), String> {
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let (client, assertion) = (text("client_id"), text("client_assertion"));
    if client != CLIENT {
        return Err(format!(
            "AADSTS700016: Application with identifier '{client}' was not found in the directory."
        ));
    }
    if text("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        || form.contains_key("client_secret")
    {
        return Err("AADSTS7000218: The request body must contain 'client_assertion'.".to_owned());
    }
    let malformed = "AADSTS50027: JWT token is invalid or malformed.";
    let claims = claims(assertion).ok_or(malformed)?;
    let claim = |name: &str| claims[name].as_str().unwrap_or_default();
    let issuers: [&Issuer; 2] = [&script.cluster, &script.entra];
    let known = issuers.into_iter().find(|one| one.name == claim("iss"));
    let of_issuer = script
        .federated
        .iter()
        .filter(|one| one.issuer == claim("iss"));
    let of_issuer: Vec<&FederatedCredential> = of_issuer.collect();
    let (Some(issuer), false) = (known, of_issuer.is_empty()) else {
        return Err(format!(
            "AADSTS700211: No matching federated identity record found for presented assertion \
             issuer '{}'.",
            claim("iss")
        ));
    };
    if !issuer.has_signed(assertion) {
        return Err("AADSTS50013: Assertion failed signature validation.".to_owned());
    }
    let subject = |one: &&&FederatedCredential| one.subject == claim("sub");
    let Some(trusted) = of_issuer.iter().find(subject) else {
        return Err(format!(
            "AADSTS700213: No matching federated identity record found for presented assertion \
             subject '{}'.",
            claim("sub")
        ));
    };
    let audience = match &claims["aud"] {
        serde_json::Value::Array(list) if list.len() == 1 => list[0].as_str().unwrap_or_default(),
        other => other.as_str().unwrap_or_default(),
    };
    if audience != trusted.audience {
        return Err(format!(
            "AADSTS700212: No matching federated identity record found for presented assertion \
             audience '{audience}'."
        ));
    }
    let (now, skew) = (script.now(), 300);
    let from = claims["nbf"].as_i64().unwrap_or(0);
    if claims["exp"].as_i64().is_none_or(|end| end + skew <= now) || from - skew > now {
        let why = "AADSTS700024: Client assertion is not within its valid time range.";
        return Err(why.to_owned());
    }
    Ok(())
}

fn refused(why: &str) -> Response {
    let number = why.split(':').next().unwrap().trim_start_matches("AADSTS");
    let error = if number.starts_with("7000") || number.starts_with("50") {
        "invalid_client"
    } else {
        "invalid_request"
    };
    let told = format!("{why} Trace ID: 0 Correlation ID: 0");
    let codes = [number.parse::<u32>().unwrap()];
    answer(
        401,
        &json!({ "error": error, "error_description": told, "error_codes": codes }),
    )
}
