//! What Azure makes of this service: the identity, what Entra will see of it, the key and the secrets
//! in Key Vault, and whether the clocks agree. No token and no secret is shown.

use std::collections::BTreeMap;

use url::Url;

use super::{Finding, out};
use crate::azure::{Azure, Claims, exchange_audience};
use crate::base::{Clock as _, SystemClock, Timestamp, random};
use crate::config::{ClientAuthentication, KekProvider, KeyAddress, Provider, Settings};
use crate::identity::providers::client_jwk;
use crate::web::{CALLBACK, FRONT_CHANNEL_LOGOUT, SIGN_IN};

/// So far a clock may be off before somebody should look.
const OFF_SECS: i64 = 10;
/// So far it may be off before tokens are refused (OpenID Connect Core 1.0 §3.1.3.7 leaves "a few
/// minutes" to us; this is what sign-in forgives).
const WRONG_SECS: i64 = 60;

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    let mut findings = Vec::new();
    if uses_azure(settings) {
        findings.push(match azure.source() {
            Ok(source) => Finding::ok("Azure", source.to_string()),
            Err(error) => Finding::fail("Azure", out::told(&error)),
        });
    }
    for provider in &settings.identity.providers {
        findings.push(addresses(provider, settings));
        findings.extend(client(provider, azure).await);
    }
    if settings.vault.kek == KekProvider::AzureKeyVault
        && let Some(key) = &settings.vault.key_vault_key
    {
        findings.push(trial(key, azure).await);
    }
    findings.extend(clocks(settings, azure).await);
    findings
}

fn uses_azure(settings: &Settings) -> bool {
    let mut providers = settings.identity.providers.iter();
    providers.any(|one| one.client_authentication() == ClientAuthentication::AzureIdentity)
        || !settings.vaults().is_empty()
}

/// What has to be registered at the provider.
fn addresses(provider: &Provider, settings: &Settings) -> Finding {
    const PART: &str = "redirect URI";
    let id = &provider.id;
    let Some(public) = &settings.server.public_url else {
        let text = format!(
            "server.public_url is not set, so the address that the provider {id} has to know depends \
             on the listener: set it to the address that people use"
        );
        return Finding::warn(PART, text);
    };
    let and_logout = format!("; front-channel logout URL {public}{FRONT_CHANNEL_LOGOUT}");
    let (more, how) = if provider.is_by_tenant() {
        let how = "infra/entra/register.sh sets them (portal: the application, Authentication)";
        (and_logout.as_str(), how)
    } else {
        ("", "compare with the client's page there")
    };
    Finding::ok(
        PART,
        format!(
            "the provider {id} has to know {public}{CALLBACK} and {public}{SIGN_IN}{more}: {how}"
        ),
    )
}

/// How this service proves to the provider that it is the client.
async fn client(provider: &Provider, azure: &Azure) -> Option<Finding> {
    const PART: &str = "client";
    let (id, client) = (&provider.id, &provider.client_id);
    match provider.client_authentication() {
        ClientAuthentication::None | ClientAuthentication::Secret => None,
        ClientAuthentication::PrivateKeyJwt => Some(match client_jwk(provider, azure).await {
            Ok(Some(jwk)) => Finding::ok(
                PART,
                format!(
                    "the provider {id} has to know this public key for the client {client}: {jwk} (or \
                     the certificate beside it)"
                ),
            ),
            Ok(None) => Finding::fail(PART, format!("the provider {id} has no client_key: set it")),
            Err(error) => Finding::fail(PART, out::told(&error)),
        }),
        ClientAuthentication::AzureIdentity => Some(assertion(provider, azure).await),
    }
}

/// What Entra will see in place of a client secret.
async fn assertion(provider: &Provider, azure: &Azure) -> Finding {
    const PART: &str = "client";
    let expected = provider.address();
    let expected = expected.map_or("", |url| exchange_audience(&url));
    let token = match azure.assertion(expected).await {
        Ok(token) => token,
        Err(error) => return Finding::fail(PART, out::told(&error)),
    };
    let Some(seen) = Claims::of(token.expose()) else {
        let text = "the platform's token is no JWT, so Entra cannot take it in place of a secret: is \
                    AZURE_FEDERATED_TOKEN_FILE the file that AKS writes?";
        return Finding::fail(PART, text);
    };
    let client = &provider.client_id;
    let Claims {
        issuer,
        subject,
        audience,
        expires,
    } = &seen;
    let shown = format!("issuer {issuer}, subject {subject}, audience {audience}");
    if audience != expected {
        let text = format!(
            "Entra will see {shown}, and takes the audience {expected} only: in AKS the annotation \
             `azure.workload.identity/` of the service account and the webhook set it; remove what \
             changes it"
        );
        return Finding::fail(PART, text);
    }
    if expires.is_none_or(|end| end <= SystemClock.now()) {
        let text = format!(
            "the platform's token ({shown}) has expired: see that the platform renews \
                            it, and set this machine's clock"
        );
        return Finding::fail(PART, text);
    }
    Finding::ok(
        PART,
        format!(
            "Entra will see {shown}; `az ad app federated-credential list --id {client}` has to say \
             the same, letter for letter"
        ),
    )
}

/// Wraps and unwraps a key that is used for nothing.
async fn trial(key: &KeyAddress, azure: &Azure) -> Finding {
    const PART: &str = "Key Vault";
    let plain = zeroize::Zeroizing::new(random::bytes::<32>());
    let done = async {
        let wrapped = azure.wrap_key(key, &plain).await?;
        let again = azure.unwrap_key(&wrapped.key, &wrapped.bytes).await?;
        Ok::<_, crate::azure::KeyVaultError>((wrapped.key, again))
    };
    match done.await {
        Ok((version, again)) if again.as_slice() == plain.as_slice() => {
            Finding::ok(PART, format!("{version} wraps and unwraps"))
        }
        Ok((version, _)) => Finding::fail(
            PART,
            format!("{version} does not unwrap what it has wrapped: is that Key Vault?"),
        ),
        Err(error) => Finding::fail(PART, out::told(&error)),
    }
}

/// Whether this machine's clock is that of the hosts whose tokens it takes.
async fn clocks(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    let issuers = settings.identity.providers.iter();
    let issuers = issuers.filter_map(|one| one.address().ok());
    let vaults = settings.vaults().into_iter();
    let asked = vaults.map(|(_, vault)| vault.clone()).chain(issuers);
    // Each host once.
    let hosts: BTreeMap<String, Url> = asked
        .filter_map(|url: Url| Some((url.host_str()?.to_owned(), url)))
        .collect();
    let mut findings = Vec::new();
    for (host, url) in hosts {
        // A host that does not answer has a finding of its own.
        if let Ok(Some(there)) = azure.outbound().time_of(&url).await {
            findings.push(clock(&host, there, SystemClock.now()));
        }
    }
    findings
}

pub(super) fn clock(host: &str, there: Timestamp, here: Timestamp) -> Finding {
    const PART: &str = "clock";
    let off = here.as_second().saturating_sub(there.as_second());
    let (by, way) = (off.abs(), if off < 0 { "behind" } else { "ahead of" });
    let advice = "set it, and keep it right with NTP (`timedatectl set-ntp true`)";
    if by > WRONG_SECS {
        let text = format!("it is {by} seconds {way} {host}, so tokens are refused: {advice}");
        return Finding::fail(PART, text);
    }
    if by > OFF_SECS {
        return Finding::warn(PART, format!("it is {by} seconds {way} {host}: {advice}"));
    }
    Finding::ok(PART, format!("as {host} has it, within {OFF_SECS} seconds"))
}
