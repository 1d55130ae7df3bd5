//! Which issuer may vouch for a person, and which account that is.
//!
//! One issuer is the rule: what the metadata names, the tokens name, letter for letter. A provider
//! of Microsoft has one issuer for each tenant, and for several tenants together its metadata names
//! a template. The issuer that a token must name is then computed from its signed `tid`, which must
//! be of an allowed tenant; nothing is ever skipped. A person there is `(tid, oid)`: `sub` differs
//! from one registration to the next, and any tenant writes any address into `email`.

use serde_json::{Map, Value};

use super::SignInError;
use super::error::Unacceptable;
use crate::config::{self, ProviderType, TENANT_PLACE, TenantId};

/// A person as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) issuer: String,
    pub(super) subject: String,
}

/// Where the metadata is read: this address with `/.well-known/openid-configuration`.
pub(super) fn address(settings: &config::Provider) -> String {
    if !settings.is_by_tenant() {
        return settings.issuer().to_owned();
    }
    let tenants = settings.allowed_tenants();
    let personal = tenants.contains(&TenantId::personal());
    // Microsoft's names for its own tenant, for all tenants, for all but its own.
    let place = match tenants.as_slice() {
        [_] if personal => "consumers",
        [only] => only.as_str(),
        _ if personal => "common",
        _ => "organizations",
    };
    settings.issuer().replace(TENANT_PLACE, place)
}

/// The issuer that the metadata must name.
pub(super) fn published(settings: &config::Provider) -> String {
    match settings.allowed_tenants().as_slice() {
        [only] => of_tenant(settings, only),
        _ => settings.issuer().to_owned(),
    }
}

/// The issuers that may name themselves in an answer (RFC 9207 §2.4) or in a token.
pub(super) fn accepted(settings: &config::Provider) -> Vec<String> {
    if settings.is_by_tenant() {
        let tenants = settings.allowed_tenants();
        return tenants.iter().map(|id| of_tenant(settings, id)).collect();
    }
    vec![settings.issuer().to_owned()]
}

/// The account that the claims of a signed token are about, if `issuer` may vouch for it.
pub(super) fn account(
    settings: &config::Provider,
    (issuer, subject): (&str, &str),
    claims: &Map<String, Value>,
) -> Result<Account, SignInError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let refused = |why: &str| {
        let why = why.to_owned();
        Err(SignInError::Unacceptable(Unacceptable::IdToken {
            check: "issuer",
            why,
        }))
    };
    let mut subject = subject;
    if settings.is_by_tenant() {
        let tenant = text("tid").and_then(|tid| tid.parse::<TenantId>().ok());
        let Some(tenant) = tenant else {
            return refused("it has no tenant id in tid");
        };
        if issuer != of_tenant(settings, &tenant) {
            return refused("its issuer is not that of the tenant in tid");
        }
        if !settings.allowed_tenants().contains(&tenant) {
            return Err(SignInError::Foreign);
        }
        subject = match text("oid") {
            Some(oid) if !oid.is_empty() => oid,
            _ => return refused("it has no oid: is profile among the scopes?"),
        };
    } else if issuer != settings.issuer() {
        return refused("its issuer is another one");
    }
    if settings.r#type == ProviderType::Google && !settings.hosted_domains.is_empty() {
        let domain = text("hd").unwrap_or_default();
        let allowed = |one: &String| one.eq_ignore_ascii_case(domain);
        if !settings.hosted_domains.iter().any(allowed) {
            return Err(SignInError::Foreign);
        }
    }
    Ok(Account {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
    })
}

/// The subject of the account that a logout token is about; with Microsoft that is `oid`.
pub(super) fn subject(settings: &config::Provider, claims: &Map<String, Value>) -> Option<String> {
    let name = if settings.is_by_tenant() {
        "oid"
    } else {
        "sub"
    };
    let text = claims.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether a key that is published for `key_issuer` may sign for `issuer`. Microsoft says so at
/// each key, with a template at those that sign for every tenant.
pub(super) fn may_sign(settings: &config::Provider, key_issuer: &str, issuer: &str) -> bool {
    !settings.is_by_tenant() || key_issuer == issuer || key_issuer == settings.issuer()
}

fn of_tenant(settings: &config::Provider, tenant: &TenantId) -> String {
    settings.issuer().replace(TENANT_PLACE, tenant.as_str())
}
