//! What a provider publishes about itself (OpenID Connect Discovery 1.0): read when it is needed,
//! kept for an hour, read again when a token is signed with a key that is not known yet.

use std::pin::Pin;
use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, DiscoveryError, HttpRequest, HttpResponse,
    IssuerUrl, JsonWebKeySet, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{SignInError, Unreachable};
use crate::base::Timestamp;
use crate::base::clock::from_micros;
use crate::config;
use crate::outbound::{Outbound, OutboundError};

/// How long metadata is good.
const GOOD_SECS: i64 = 3600;
/// How long an old answer goes on when the provider is away.
const STALE_SECS: i64 = 60;
/// How long nobody asks a provider that is away and has never answered.
const AWAY_SECS: i64 = 5;
/// An unknown key leads to a new reading at most this often.
const NEW_KEYS_SECS: i64 = 300;
/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
const RSA_BYTES_MIN: usize = 256;

/// What we read beside the standard's own fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Extra {
    /// RFC 9207 §3: the provider names itself in each answer.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
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

/// A configured provider with what is known about it.
pub(super) struct Provider {
    pub(super) settings: config::Provider,
    outbound: Outbound,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    metadata: Option<Arc<Metadata>>,
    /// Until when it is not asked again.
    good_until: Timestamp,
    /// Until when an unknown key does not lead to a new reading.
    keys_until: Timestamp,
}

impl Provider {
    /// The provider of `settings`; it is not called yet.
    pub(super) fn new(settings: config::Provider, outbound: Outbound) -> Self {
        let provider = Self {
            settings,
            outbound,
            cache: Mutex::default(),
        };
        if let Ok(issuer) = provider.settings.issuer.parse()
            && let Err(error) = provider.open(&issuer)
        {
            tracing::warn!(provider = %provider.settings.id, %error, "this provider cannot be used");
        }
        provider
    }

    /// Its metadata and keys.
    pub(super) async fn published(&self, now: Timestamp) -> Result<Arc<Metadata>, SignInError> {
        let mut cache = self.cache.lock().await;
        if now >= cache.good_until {
            self.read_into(&mut cache, now).await?;
        }
        let metadata = cache.metadata.clone();
        metadata.ok_or_else(|| self.unreachable(Unreachable::MomentAgo))
    }

    /// The same, read again if `seen` is the newest and enough time has passed: a token is signed
    /// with a key that `seen` does not have.
    pub(super) async fn with_new_keys(
        &self,
        seen: Arc<Metadata>,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, SignInError> {
        let mut cache = self.cache.lock().await;
        let newest = cache
            .metadata
            .as_ref()
            .is_some_and(|m| Arc::ptr_eq(m, &seen));
        if newest && now >= cache.keys_until {
            cache.keys_until = later(now, NEW_KEYS_SECS);
            self.read_into(&mut cache, now).await?;
        }
        Ok(cache.metadata.clone().unwrap_or(seen))
    }

    async fn read_into(&self, cache: &mut Cache, now: Timestamp) -> Result<(), SignInError> {
        match self.read().await {
            Ok(metadata) => {
                cache.metadata = Some(Arc::new(metadata));
                cache.good_until = later(now, GOOD_SECS);
                Ok(())
            }
            Err(error) if cache.metadata.is_some() => {
                let provider = &self.settings.id;
                tracing::warn!(%provider, %error, "a provider is away; what it said before goes on");
                cache.good_until = later(now, STALE_SECS);
                Ok(())
            }
            Err(error) => {
                cache.good_until = later(now, AWAY_SECS);
                Err(self.unreachable(error))
            }
        }
    }

    /// Its metadata and keys as it publishes them now.
    pub(super) async fn read(&self) -> Result<Metadata, Unreachable> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|error| Unreachable::Metadata(error.to_string()))?;
        let metadata = Metadata::discover_async(issuer, self).await;
        let mut metadata = metadata.map_err(|error| match error {
            DiscoveryError::Request(error) => Unreachable::Outbound(error),
            DiscoveryError::Parse(error) => Unreachable::Metadata(error.to_string()),
            error => Unreachable::Metadata(error.to_string()),
        })?;
        let strong = metadata.jwks().keys().iter().filter(|key| is_strong(key));
        let strong = JsonWebKeySet::new(strong.cloned().collect());
        metadata = metadata.set_jwks(strong);
        Ok(metadata)
    }

    /// Calls the provider itself, or an endpoint that it publishes.
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let address = request.uri().to_string();
        let url = address
            .parse()
            .map_err(|_| OutboundError::Address(address))?;
        self.open(&url)?;
        self.outbound.send(request).await
    }

    fn open(&self, url: &url::Url) -> Result<(), OutboundError> {
        let reason = format!("sign-in with the provider {}", self.settings.id);
        self.outbound.open(url, &reason)
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
fn is_strong(key: &CoreJsonWebKey) -> bool {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let Ok(key) = serde_json::to_value(key) else {
        return false;
    };
    let Some(modulus) = key.get("n").and_then(|n| n.as_str()) else {
        return true;
    };
    BASE64_URL_SAFE_NO_PAD.decode(modulus).is_ok_and(|bytes| {
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.len() - leading >= RSA_BYTES_MIN
    })
}

fn later(now: Timestamp, secs: i64) -> Timestamp {
    from_micros(now.as_microsecond().saturating_add(secs * 1_000_000))
}
