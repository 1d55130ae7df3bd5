//! Whether each configured sign-in provider publishes what signing in needs.

use super::Finding;
use crate::config::Settings;
use crate::identity::providers::examine as ask;
use crate::outbound::Outbound;

pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    const PART: &str = "sign-in";
    let mut findings = Vec::new();
    for provider in &settings.identity.providers {
        let (id, issuer) = (&provider.id, &provider.issuer);
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

/// The error with all that led to it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut told: Vec<String> = causes.map(ToString::to_string).collect();
    told.dedup();
    told.join(": ")
}
