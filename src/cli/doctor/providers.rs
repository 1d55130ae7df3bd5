//! Whether each configured sign-in provider publishes what signing in needs.

use super::{Finding, out};
use crate::azure::Azure;
use crate::config::Settings;
use crate::identity::providers::examine as ask;

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    const PART: &str = "sign-in";
    let mut findings = Vec::new();
    for provider in &settings.identity.providers {
        let (id, issuer) = (&provider.id, &provider.issuer);
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
