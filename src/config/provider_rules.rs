//! What the settings of providers must fulfil together, each provider by its type, and who
//! administers by a role there. Pure: settings in, sentences out.

use std::collections::BTreeSet;

use super::provider::{ClientAuthentication, Provider, ProviderType, TENANT_PLACE};
use super::rules::Verdict;
use super::values::{is_issuer, is_protected};
use super::{Administrator, Identity};

/// Claims that people can often change themselves at their provider.
const CHANGEABLE: [&str; 7] = [
    "email",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "preferred_username",
    "upn",
];

/// Judges all providers, and the administrators who are known by a role there.
pub(super) fn judge(identity: &Identity) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, provider) in identity.providers.iter().enumerate() {
        let mut must = |holds: bool, key: &str, sentence: &str| {
            if !holds {
                let key = format!("identity.providers[{index}].{key}");
                let sentence = format!("`{key}` {sentence}");
                verdicts.push((key, sentence));
            }
        };
        must(
            ids.insert(&provider.id),
            "id",
            "is also the id of another provider",
        );
        of_any_type(provider, &mut must);
        of_its_type(provider, &mut must);
    }
    for (index, administrator) in identity.administrators.iter().enumerate() {
        if let Administrator::Role { provider, .. } = administrator
            && !ids.contains(provider)
        {
            let key = format!("identity.administrators[{index}]");
            let sentence = format!(
                "`{key}` names a role at a provider that is not under `identity.providers`; use \
                 its id: `role:ID:ROLE`"
            );
            verdicts.push((key, sentence));
        }
    }
    verdicts
}

/// Says what must hold, at which key, and what to do where it does not.
type Must<'m> = &'m mut dyn FnMut(bool, &str, &str);

fn of_any_type(provider: &Provider, must: Must<'_>) {
    must(
        is_id(&provider.id),
        "id",
        "is required: 1 to 32 lower-case letters, digits and hyphens",
    );
    must(!provider.client_id.is_empty(), "client_id", "is required");
    must(
        has_scope(provider, "openid"),
        "scopes",
        "must have `openid` among them (OpenID Connect Core §3.1.2.1)",
    );
    must(
        provider
            .endpoint_hosts
            .iter()
            .all(|host| is_protected(host.url())),
        "endpoint_hosts",
        "must be `https` addresses (`http` only on this machine)",
    );
    client_authentication(provider, must);
    for (key, claim) in [
        ("roles_claim", &provider.roles_claim),
        ("groups_claim", &provider.groups_claim),
    ] {
        must(
            !CHANGEABLE.contains(&claim.as_str()),
            key,
            "is a claim that people can change themselves: name one that only an administrator \
             of the provider sets",
        );
    }
}

/// What proves who we are is there.
fn client_authentication(provider: &Provider, must: Must<'_>) {
    let chosen = provider.client_authentication();
    must(
        chosen != ClientAuthentication::Secret || provider.client_secret.is_some(),
        "client_secret",
        "is required with `client_authentication = \"secret\"`",
    );
    must(
        chosen != ClientAuthentication::PrivateKeyJwt || provider.client_key.is_some(),
        "client_key",
        "is required with `client_authentication = \"private-key-jwt\"`",
    );
}

fn of_its_type(provider: &Provider, must: Must<'_>) {
    let of = |kind| provider.r#type == kind;
    if provider.is_by_tenant() {
        let (places, filled) = (
            provider.issuer().matches(TENANT_PLACE).count(),
            provider.issuer().replace(TENANT_PLACE, "common"),
        );
        must(
            places == 1 && is_issuer(&filled),
            "issuer",
            "must be an `https` address (`http` only on this machine) with `{tenantid}` where the \
             tenant stands: `https://login.microsoftonline.us/{tenantid}/v2.0`",
        );
        must(
            has_scope(provider, "profile"),
            "scopes",
            "must have `profile` among them: Microsoft gives the id of the person (`oid`) only with it",
        );
    } else {
        must(
            is_issuer(provider.issuer()),
            "issuer",
            "is required: the provider's `https` address (`http` only on this machine), without \
             query and fragment",
        );
    }
    must(
        !of(ProviderType::Entra) || !provider.tenants.is_empty(),
        "tenants",
        "is required with `type = \"entra\"`: list the directory (tenant) ids whose people may \
         sign in, even with a registration for accounts of any tenant",
    );
    must(
        of(ProviderType::Entra) || provider.tenants.is_empty(),
        "tenants",
        "is only for `type = \"entra\"`: remove it, or set the type",
    );
    must(
        of(ProviderType::Entra) || provider.graph.is_none(),
        "graph",
        "is only for `type = \"entra\"`: remove it, or set the type",
    );
    must(
        provider.graph.as_deref().is_none_or(is_issuer),
        "graph",
        "must be the `https` address of Microsoft Graph (`http` only on this machine): \
         `https://graph.microsoft.com`, or that of your sovereign cloud",
    );
    must(
        of(ProviderType::Google) || provider.hosted_domains.is_empty(),
        "hosted_domains",
        "is only for `type = \"google\"`: remove it, or set the type",
    );
}

fn has_scope(provider: &Provider, wanted: &str) -> bool {
    provider.scopes.iter().any(|scope| scope == wanted)
}

pub(super) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}
