//! Microsoft Azure: who this service is to the platform, and what it fetches from Key Vault.
//!
//! [`Azure`] gets tokens of the platform's identity, so that no secret is stored anywhere: the
//! workload identity of AKS, the managed identity of App Service, Container Apps or a machine. With
//! them it wraps and unwraps keys in Key Vault ([`Azure::wrap_key`]), and fetches secrets
//! ([`Azure::secret`]), and carries requests to Blob storage ([`Azure::ask_storage`]).
//!
//! **Invariants.** Tokens and secrets are kept in memory only, overwritten when they are dropped,
//! and have no `Debug`. A token goes to the vault it was made for and to no other host: the vault's
//! domain is known or configured, and what the vault asks for belongs to that domain. Who waits for
//! the same token waits for one request. Waiting for Azure is bounded.
//!
//! **Absent on purpose.** Anything that changes something in Azure, except that wrapping a key is
//! recorded there; what `backup` puts into Blob storage passes here and is not made here.
//!
//! | What | Microsoft's page |
//! | --- | --- |
//! | workload identity | "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case |
//! | managed identity of a machine (IMDS) | "How to use managed identities for Azure resources on an Azure VM to acquire an access token" |
//! | `IDENTITY_ENDPOINT` | "How to use managed identities for App Service", REST endpoint reference |
//! | Blob storage | "Authorize access to blobs using Microsoft Entra ID" |
//! | Key Vault | "Azure Key Vault REST API reference", version 7.4; "Authentication, requests and responses" |

mod advice;
mod cache;
mod challenge;
mod claims;
mod error;
mod identity;
mod key_vault;
mod patience;
mod secrets;
mod storage;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use zeroize::Zeroizing;

pub use advice::entra as entra_advice;
pub use claims::{Claims, exchange_audience};
pub use error::{KeyVaultError, TokenError, UnresolvedSecret};
pub use identity::{JWT_BEARER, Source, Token};
pub use key_vault::{KeyState, WrappedByKey};
pub use patience::Patience;
pub use storage::StorageError;

use crate::base::{Clock, SystemClock, visible};
use crate::config::{self, Platform, Secret};
use crate::outbound::Outbound;
use cache::Cache;

/// The handle on Azure; cheap to clone. Nothing is called before something is asked for.
#[derive(Clone)]
pub struct Azure(Arc<Inner>);

struct Inner {
    settings: config::Azure,
    platform: Platform,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    patience: Patience,
    tokens: Cache<Token, TokenError>,
    secrets: Cache<Secret, UnresolvedSecret>,
    /// By vault, for which resource it wants tokens.
    resources: Mutex<HashMap<String, String>>,
    /// By status, how often Key Vault answered.
    answers: Arc<Mutex<BTreeMap<u16, u64>>>,
}

impl Azure {
    /// The handle for an identity of `platform`, chosen by `settings`.
    #[must_use]
    pub fn new(
        settings: &config::Azure,
        platform: Platform,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::patient(settings, platform, outbound, clock, Patience::default())
    }

    fn patient(
        settings: &config::Azure,
        platform: Platform,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        patience: Patience,
    ) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            platform,
            outbound,
            clock,
            patience,
            tokens: Cache::default(),
            secrets: Cache::default(),
            resources: Mutex::default(),
            answers: Arc::default(),
        }))
    }

    /// The handle for this process, whose environment says what the platform offers, and which has
    /// these ways out.
    #[must_use]
    pub fn of_process(settings: &config::Azure, outbound: Outbound) -> Self {
        let platform = Platform::of_process();
        Self::new(settings, platform, outbound, Arc::new(SystemClock))
    }

    /// The same, nothing fetched yet, with another patience.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        let inner = &self.0;
        let (platform, outbound) = (inner.platform.clone(), inner.outbound.clone());
        let clock = Arc::clone(&inner.clock);
        Self::patient(&inner.settings, platform, outbound, clock, patience)
    }

    /// How often Key Vault answered since the start, by HTTP status; each attempt counts.
    #[must_use]
    pub fn key_vault_answers(&self) -> BTreeMap<u16, u64> {
        self.0.answers.lock().clone()
    }

    /// The ways out that it uses.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }
}

/// A request whose answer is JSON, with a body that is overwritten after use.
struct Answered {
    status: http::StatusCode,
    headers: http::HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Answered {
    fn of(answer: http::Response<Vec<u8>>) -> Self {
        let (parts, body) = answer.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: Zeroizing::new(body),
        }
    }

    /// The body as JSON, for answers without secrets: errors.
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// At most 300 visible characters of what a host said, for a log.
fn said(text: &str) -> String {
    visible(text.lines().next().unwrap_or_default(), 300)
}

/// Takes a text of JSON that is overwritten when it is dropped.
fn zeroizing<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    let text: String = serde::Deserialize::deserialize(from)?;
    Ok(Zeroizing::new(text))
}
