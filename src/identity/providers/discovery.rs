//! What a provider publishes about itself (OpenID Connect Discovery 1.0): read when it is needed,
//! kept for an hour, read again when a token is signed with a key that is not known yet.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::SignedDuration;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, HttpRequest, HttpResponse, JsonWebKeySet,
    ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Choice, SignInError, Unreachable, issuer};
use crate::azure::Azure;
use crate::base::Timestamp;
use crate::base::clock::after;
use crate::config;
use crate::outbound::OutboundError;

/// How long metadata is good.
const GOOD: SignedDuration = SignedDuration::from_secs(3600);
/// How long an old answer goes on when the provider is away.
const STALE: SignedDuration = SignedDuration::from_secs(60);
/// How long nobody asks a provider that is away and has never answered.
const AWAY: SignedDuration = SignedDuration::from_secs(5);
/// An unknown key leads to a new reading at most this often.
const NEW_KEYS: SignedDuration = SignedDuration::from_secs(300);
/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
const RSA_BITS_MIN: usize = 2048;

/// What we read beside the standard's own fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Extra {
    /// RFC 9207 §3: the provider names itself in each answer.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1: where a browser goes to end its session there.
    #[serde(default)]
    pub(super) end_session_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Extra {}

pub(super) type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What a provider said at one time.
pub(super) struct Published {
    pub(super) metadata: Metadata,
    /// The issuer that a key is published for, by the key's id; only Microsoft says so.
    pub(super) key_issuers: BTreeMap<String, String>,
}

/// A configured provider with what is known about it.
pub(super) struct Provider {
    pub(super) settings: config::Provider,
    pub(super) azure: Azure,
    cache: Mutex<Cache>,
    seen: parking_lot::Mutex<Seen>,
}

/// What was seen of a provider when it was last asked for its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seen {
    /// It was not asked since the start.
    #[default]
    Nothing,
    /// It answered, at this time.
    Answered(Timestamp),
    /// It did not answer, or not as it should, at this time.
    Away(Timestamp),
}

#[derive(Default)]
struct Cache {
    published: Option<Arc<Published>>,
    /// Until when it is not asked again.
    good_until: Timestamp,
    /// Until when an unknown key does not lead to a new reading.
    keys_until: Timestamp,
}

impl Provider {
    /// The provider of `settings`; it is not called yet.
    pub(super) fn new(settings: config::Provider, azure: Azure) -> Self {
        Self {
            settings,
            azure,
            cache: Mutex::default(),
            seen: parking_lot::Mutex::default(),
        }
    }

    /// Its metadata and keys.
    pub(super) async fn published(&self, now: Timestamp) -> Result<Arc<Published>, SignInError> {
        let mut cache = self.cache.lock().await;
        if now >= cache.good_until {
            self.read_into(&mut cache, now).await?;
        }
        let published = cache.published.clone();
        published.ok_or_else(|| self.unreachable(Unreachable::MomentAgo))
    }

    /// The same, read again if `seen` is the newest and enough time has passed: a token is signed
    /// with a key that `seen` does not have.
    pub(super) async fn with_new_keys(
        &self,
        seen: Arc<Published>,
        now: Timestamp,
    ) -> Result<Arc<Published>, SignInError> {
        let mut cache = self.cache.lock().await;
        let newest = cache.published.as_ref();
        let newest = newest.is_some_and(|newest| Arc::ptr_eq(newest, &seen));
        if newest && now >= cache.keys_until {
            cache.keys_until = after(now, NEW_KEYS);
            self.read_into(&mut cache, now).await?;
        }
        Ok(cache.published.clone().unwrap_or(seen))
    }

    /// As people choose it.
    pub(super) fn choice(&self) -> Choice {
        Choice {
            id: self.settings.id.clone(),
            name: self.settings.display_name().to_owned(),
        }
    }

    /// What was seen of it last; it is not asked now.
    pub(super) fn seen(&self) -> Seen {
        *self.seen.lock()
    }

    async fn read_into(&self, cache: &mut Cache, now: Timestamp) -> Result<(), SignInError> {
        let read = self.read().await;
        *self.seen.lock() = match &read {
            Ok(_) => Seen::Answered(now),
            Err(_) => Seen::Away(now),
        };
        match read {
            Ok(published) => {
                cache.published = Some(Arc::new(published));
                cache.good_until = after(now, GOOD);
                Ok(())
            }
            Err(error) if cache.published.is_some() => {
                let provider = &self.settings.id;
                tracing::warn!(%provider, %error, "a provider is away; what it said before goes on");
                cache.good_until = after(now, STALE);
                Ok(())
            }
            Err(error) => {
                cache.good_until = after(now, AWAY);
                Err(self.unreachable(error))
            }
        }
    }

    /// Its metadata and keys as it publishes them now.
    pub(super) async fn read(&self) -> Result<Published, Unreachable> {
        let address = issuer::address(&self.settings);
        let address = address.trim_end_matches('/');
        let document = format!("{address}/.well-known/openid-configuration");
        let unusable = |error: &dyn std::fmt::Display| Unreachable::Metadata(error.to_string());
        let metadata: Metadata = serde_json::from_value(self.document(&document).await?)
            .map_err(|error| unusable(&error))?;
        let (named, expected) = (
            metadata.issuer().as_str(),
            issuer::published(&self.settings),
        );
        if named != expected {
            return Err(unusable(&format!(
                "it names the issuer {named:?}, but the configuration {expected:?}; they have to \
                 be the same letter for letter"
            )));
        }
        if let Some(endpoint) = metadata.token_endpoint() {
            self.azure.outbound().check(endpoint.url())?;
        }
        let keys = self.document(metadata.jwks_uri().as_str()).await?;
        let keys = keys.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| unusable(&"what is at its jwks_uri has no keys"))?;
        let mut key_issuers = BTreeMap::new();
        let mut strong = Vec::new();
        for key in keys.iter().filter(|key| is_strong(key)) {
            // Keys of kinds that are not known here are left out.
            strong.extend(serde_json::from_value::<CoreJsonWebKey>(key.clone()));
            let text = |name: &str| key.get(name).and_then(Value::as_str);
            if let (Some(id), Some(issuer)) = (text("kid"), text("issuer")) {
                key_issuers.insert(id.to_owned(), issuer.to_owned());
            }
        }
        Ok(Published {
            metadata: metadata.set_jwks(JsonWebKeySet::new(strong)),
            key_issuers,
        })
    }

    async fn document(&self, address: &str) -> Result<Value, Unreachable> {
        let unusable =
            |why: &dyn std::fmt::Display| Unreachable::Metadata(format!("{address}: {why}"));
        let request = http::Request::get(address).body(Vec::new());
        let answer = self.ask(request.map_err(|error| unusable(&error))?).await?;
        if answer.status() != StatusCode::OK {
            return Err(unusable(&format!("the answer is {}", answer.status())));
        }
        serde_json::from_slice(answer.body()).map_err(|error| unusable(&error))
    }

    /// Calls the provider itself, or an endpoint that it publishes.
    pub(super) async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        self.azure.outbound().send(request).await
    }

    pub(super) fn unreachable(&self, source: Unreachable) -> SignInError {
        SignInError::Unreachable {
            provider: self.settings.id.clone(),
            source,
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Provider {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

/// Whether a key may vouch for anybody: not an RSA key below 2048 bits.
fn is_strong(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("kty") != Some("RSA") {
        return true;
    }
    let modulus = text("n").and_then(|n| BASE64_URL_SAFE_NO_PAD.decode(n).ok());
    modulus.is_some_and(|bytes| {
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        let first = bytes.get(leading).map_or(0, |byte| byte.leading_zeros());
        (bytes.len() - leading) * 8 >= RSA_BITS_MIN + first as usize
    })
}
