//! Whether each configured sign-in provider publishes what signing in needs.

use super::{Finding, out};
use crate::azure::Azure;
use crate::config::{Provider, Settings};
use crate::identity::providers::examine as ask;

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    const PART: &str = "sign-in";
    let mut findings = Vec::new();
    for provider in &settings.identity.providers {
        let (id, issuer) = (&provider.id, &provider.issuer);
        findings.extend(secret(provider, azure).await);
        findings.push(match ask(provider, azure).await {
            Ok(()) => Finding::ok(PART, format!("the provider {id} answers at {issuer}")),
            Err(error) => Finding::fail(
                PART,
                format!(
                    "the provider {id} cannot be used, so nobody can sign in with it: {}: compare \
                     its `issuer` in identity.providers, letter for letter, with what the provider \
                     says, and see that this machine reaches {issuer}",
                    out::told(&error)
                ),
            ),
        });
    }
    findings
}

/// What is to be known of the client secret; the secret itself is not shown.
async fn secret(provider: &Provider, azure: &Azure) -> Option<Finding> {
    const PART: &str = "client secret";
    let id = &provider.id;
    let trimmed = match azure.secret(provider.client_secret.as_ref()?).await {
        Ok(secret) => secret.trimmed(),
        Err(error) => {
            return Some(Finding::fail(
                PART,
                format!("of the provider {id}: {}", out::told(&error)),
            ));
        }
    };
    let off = match (trimmed.byte_order_mark, trimmed.line_break) {
        (true, true) => "a byte order mark before it and a line break behind it are",
        (true, false) => "a byte order mark before it is",
        (false, true) => "a line break behind it is",
        (false, false) => return None,
    };
    let text = format!("of the provider {id}: {off} in the file and not taken for a part of it");
    Some(Finding::ok(PART, text))
}
