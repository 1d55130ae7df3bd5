//! Whether each configured sign-in provider publishes what signing in needs.

use super::Finding;
use crate::config::{Provider, Settings};
use crate::identity::providers::examine as ask;
use crate::outbound::Outbound;

pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    const PART: &str = "sign-in";
    let mut findings = Vec::new();
    for provider in &settings.identity.providers {
        let (id, issuer) = (&provider.id, &provider.issuer);
        findings.extend(secret(provider));
        findings.push(match ask(provider, &Outbound::default()).await {
            Ok(()) => Finding::ok(PART, format!("the provider {id} answers at {issuer}")),
            Err(error) => Finding::fail(
                PART,
                format!(
                    "the provider {id} cannot be used, so nobody can sign in with it: {}: compare \
                     its `issuer` in identity.providers, letter for letter, with what the provider \
                     says, and see that this machine reaches {issuer}",
                    told(&error)
                ),
            ),
        });
    }
    findings
}

/// What is to be known of the client secret; the secret itself is not shown.
fn secret(provider: &Provider) -> Option<Finding> {
    const PART: &str = "client secret";
    let id = &provider.id;
    let trimmed = match provider.client_secret.as_ref()?.resolve() {
        Ok(secret) => secret.trimmed(),
        Err(error) => {
            return Some(Finding::fail(
                PART,
                format!("of the provider {id}: {error}"),
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

/// The error with all that led to it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut told: Vec<String> = causes.map(ToString::to_string).collect();
    told.dedup();
    told.join(": ")
}
