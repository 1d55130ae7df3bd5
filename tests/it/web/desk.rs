//! The pages with providers that do what a test wants.

use std::collections::BTreeMap;

use freehold::azure::Azure;
use freehold::config::{self, ProviderType, SecretRef};
use freehold::edge::Cookies;
use freehold::identity::{Principal, principals};
use freehold::outbound::Outbound;
use http::StatusCode;

use super::house::{Answer, Browser, HERE, House};
use crate::support::hostile::{CLIENT, Hostile, SECRET};

/// Pages and their providers, which share a clock.
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) providers: BTreeMap<&'static str, Hostile>,
}

impl Desk {
    /// One generic provider, `work`.
    pub(crate) async fn one() -> Self {
        Self::with(&["work"], |_| {}).await
    }

    /// Providers of these names; `change` makes their settings out of those of generic ones.
    pub(crate) async fn with(
        names: &[&'static str],
        change: impl FnOnce(&mut config::Identity),
    ) -> Self {
        let azure = Azure::of_process(&config::Azure::default(), Outbound::default());
        Self::in_azure(names, change, &azure).await
    }

    /// The same with an identity of the platform.
    pub(super) async fn in_azure(
        names: &[&'static str],
        change: impl FnOnce(&mut config::Identity),
        azure: &Azure,
    ) -> Self {
        let secret = tempfile::tempdir().unwrap().keep().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let mut settings = config::Identity::default();
        let mut providers = BTreeMap::new();
        for name in names {
            let provider = Hostile::start().await;
            settings.providers.push(config::Provider {
                id: (*name).to_owned(),
                issuer: provider.url.clone(),
                client_id: CLIENT.to_owned(),
                client_secret: Some(SecretRef::File(secret.clone())),
                ..config::Provider::default()
            });
            providers.insert(*name, provider);
        }
        change(&mut settings);
        let house = House::in_azure(&settings, Cookies::Plain, azure).await;
        for provider in providers.values() {
            provider.follow_clock(&house.test.clock);
        }
        Self { house, providers }
    }

    /// Goes to the provider and comes back; the answer of the last step is not fetched yet.
    pub(crate) async fn away_and_back(&self, browser: &mut Browser, provider: &str) -> String {
        let login = format!("/auth/login?return_to=/items&provider={provider}");
        let begun = browser.get(&login).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let back = Hostile::follow(begun.location()).await;
        back.strip_prefix(HERE).unwrap_or(&back).to_owned()
    }

    /// Signs somebody in with a browser of their own.
    pub(crate) async fn sign_in(&self, provider: &str) -> Answer {
        let mut browser = self.house.browser();
        let back = self.away_and_back(&mut browser, provider).await;
        browser.get(&back).await
    }

    /// The refusals since the last time.
    pub(crate) async fn refusals(&self) -> usize {
        self.house.refusals().await.len()
    }

    pub(crate) async fn account(&self, issuer: &str, subject: &str) -> Option<Principal> {
        let found = principals::by_account(&self.house.identity, issuer, subject);
        found.await.unwrap()
    }

    /// Asserts that the answer refuses with these words, starts no session and is in the audit once,
    /// for the reason that the words are about.
    pub(crate) async fn refused(&self, answer: &Answer, words: &str) {
        self.refused_as("", answer, words).await;
    }

    /// The same in one of several cases; gives the reason.
    pub(crate) async fn refused_as(&self, case: &str, answer: &Answer, words: &str) -> String {
        let (status, body) = (answer.status, &answer.body);
        let sessions = answer.set_cookies();
        let sessions = sessions.iter().filter(|line| line.starts_with("fh-s="));
        assert_eq!(sessions.count(), 0, "{case}: a session began");
        assert!(status.is_client_error(), "{case}: {status} {body}");
        assert!(body.contains(words), "{case}: {words}: {status} {body}");
        let refusals = self.house.refusals().await;
        let [(reason, provider, 1)] = refusals.as_slice() else {
            panic!("{case}: {words}: {refusals:?}");
        };
        let expected = REASONS.iter().find(|(of, _)| *of == words);
        let (_, expected) = expected.unwrap_or_else(|| panic!("no reason for {words:?}"));
        assert!(expected.contains(&reason.as_str()), "{case}: {reason}");
        assert!(provider.is_some() || reason == "state", "{case}: {reason}");
        reason.clone()
    }
}

/// What a page says to the person, and the reasons for it that the audit may name.
const REASONS: [(&str, &[&str]); 11] = [
    ("cannot sign in here", &["tenant"]),
    ("no role here", &["no-role"]),
    ("too many groups", &["groups-left-out"]),
    ("not as strong or as recent", &["too-weak"]),
    ("the provider that was asked", &["mix-up"]),
    ("not begun in this browser", &["state"]),
    ("did not sign you in", &["declined"]),
    ("begin again", &["state"]),
    ("has ended", &["session-ended"]),
    ("again and again", &["claims-challenge"]),
    (
        "could not be accepted",
        &[
            "client",
            "code",
            "no-id-token",
            "signature",
            "key",
            "issuer",
            "audience",
            "subject",
            "nonce",
            "time",
            "nbf",
            "azp",
            "at_hash",
            "claims",
        ],
    ),
];

/// Asserts that somebody is signed in.
#[track_caller]
pub(crate) fn signed_in(answer: &Answer, what: &str) {
    let (status, body) = (answer.status, &answer.body);
    assert_eq!(
        (status, answer.location()),
        (StatusCode::SEE_OTHER, "/items"),
        "{what}: {body}"
    );
    let cookies = answer.set_cookies();
    assert!(
        cookies.iter().any(|line| line.starts_with("fh-s=")),
        "{what}"
    );
}

/// Makes every provider one of Microsoft Entra ID with these tenants.
pub(crate) fn entra(tenants: &[&str]) -> impl FnOnce(&mut config::Identity) {
    let tenants: Vec<_> = tenants.iter().map(|id| id.parse().unwrap()).collect();
    move |settings| {
        for provider in &mut settings.providers {
            provider.r#type = ProviderType::Entra;
            provider.issuer.push_str("/{tenantid}/v2.0");
            provider.tenants.clone_from(&tenants);
        }
    }
}
