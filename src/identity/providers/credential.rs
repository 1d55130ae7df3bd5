//! How we prove to a provider's token endpoint that we are its client (OpenID Connect Core 1.0 §9): by
//! a secret, by an assertion that we sign (RFC 7523 §2.2), or by one that the platform signs, which
//! Microsoft Entra ID trusts by a federated credential.

use std::sync::Arc;

use openidconnect::core::{CoreClientAuthMethod, CoreJwsSigningAlgorithm};
use openidconnect::{AuthType, ClientSecret};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::discovery::{Metadata, Provider};
use super::flow::secret;
use super::verify::OidcClient;
use super::{NoCredential, SignInError, Unacceptable};
use crate::azure::{Azure, JWT_BEARER, UnresolvedSecret, entra_advice, exchange_audience};
use crate::base::{Timestamp, visible};
use crate::config::{self, ClientAuthentication, Secret};
use crate::crypto::{Algorithm, Signer, SignerError};

/// How long our assertion is good; the provider's clock may be a little behind.
const ASSERTION_SECS: i64 = 300;
/// The longest text of a token endpoint that is kept for the log.
const SAID_CHARS_MAX: usize = 300;

/// What is shown with one request.
pub(super) enum Credential {
    /// A public client shows nothing.
    Nothing,
    /// The client secret.
    Secret(Arc<Secret>, AuthType),
    /// An assertion that we have signed.
    Signed(Zeroizing<String>),
    /// An assertion that the platform has signed.
    Platform(Zeroizing<String>),
}

impl Credential {
    /// What `provider` wants to see, made now, so that what was replaced is seen.
    pub(super) async fn of(
        provider: &Provider,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Self, SignInError> {
        let made = Self::make(provider, metadata, now).await;
        made.map_err(SignInError::Credential)
    }

    async fn make(
        provider: &Provider,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Self, NoCredential> {
        let (settings, azure) = (&provider.settings, &provider.azure);
        let endpoint = metadata.token_endpoint();
        match settings.client_authentication() {
            ClientAuthentication::None => Ok(Self::Nothing),
            ClientAuthentication::Secret => {
                // OpenID Connect Discovery 1.0 §3: where nothing is said, it is client_secret_basic.
                let methods = metadata.token_endpoint_auth_methods_supported();
                let basic = CoreClientAuthMethod::ClientSecretBasic;
                let auth = if methods.is_none_or(|all| all.contains(&basic)) {
                    AuthType::BasicAuth
                } else {
                    AuthType::RequestBody
                };
                match &settings.client_secret {
                    Some(reference) => Ok(Self::Secret(azure.secret(reference).await?, auth)),
                    None => Ok(Self::Nothing),
                }
            }
            ClientAuthentication::PrivateKeyJwt => {
                let Some(signer) = signer(settings, azure).await? else {
                    return Ok(Self::Nothing);
                };
                let algorithm = algorithm(&signer, metadata);
                let (id, now) = (&settings.client_id, now.as_second());
                let claims = json!({
                    "iss": id,
                    "sub": id,
                    // "The Audience SHOULD be the URL of the Authorization Server's Token Endpoint."
                    "aud": endpoint.map(|endpoint| endpoint.as_str()),
                    "jti": secret(),
                    "iat": now,
                    "nbf": now,
                    "exp": now.saturating_add(ASSERTION_SECS),
                });
                let token = algorithm.map(|algorithm| signer.sign(algorithm, &claims));
                Ok(Self::Signed(token.ok_or(SignerError::Failed)??))
            }
            ClientAuthentication::AzureIdentity => {
                let audience = endpoint.map_or("", |endpoint| exchange_audience(endpoint.url()));
                let token = azure.assertion(audience).await?;
                Ok(Self::Platform(Zeroizing::new(token.expose().to_owned())))
            }
        }
    }

    /// The client that shows a secret, if that is what is shown.
    pub(super) fn shown_by(&self, oidc: OidcClient) -> Result<OidcClient, SignInError> {
        let Self::Secret(secret, auth) = self else {
            return Ok(oidc);
        };
        let not_text = |error| NoCredential::Secret(UnresolvedSecret::from(error));
        let text = secret.text().map_err(not_text);
        let secret = ClientSecret::new(text.map_err(SignInError::Credential)?.to_owned());
        Ok(oidc.set_client_secret(secret).set_auth_type(auth.clone()))
    }

    /// What the request says of the assertion (RFC 7523 §2.2), if that is what is shown.
    pub(super) fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Nothing | Self::Secret(..) => Vec::new(),
            Self::Signed(text) | Self::Platform(text) => vec![
                ("client_assertion_type", JWT_BEARER.to_owned()),
                ("client_assertion", text.as_str().to_owned()),
            ],
        }
    }

    /// Why the token endpoint refused with `error` (RFC 6749 §5.2), and what to do when it does not
    /// believe that we are the client.
    pub(super) fn refused(&self, provider: &Provider, error: &str, told: &str) -> SignInError {
        let settings = &provider.settings;
        let known = entra_advice(told, &settings.client_id);
        if error != "invalid_client" && known.is_none() {
            return SignInError::Unacceptable(Unacceptable::Code(error.to_owned()));
        }
        if let Some(reference) = &settings.client_secret {
            // It may have been replaced a moment ago.
            provider.azure.forget_secret(reference);
        }
        let advice = known.unwrap_or_else(|| self.advice(settings));
        let said = visible(&format!("{error} {told}"), SAID_CHARS_MAX);
        SignInError::Unacceptable(Unacceptable::Client { said, advice })
    }

    fn advice(&self, settings: &config::Provider) -> String {
        let (id, client) = (&settings.id, &settings.client_id);
        match self {
            Self::Nothing => format!(
                "it wants the client {client} to prove who it is: set client_secret or client_key of \
                 the provider {id}"
            ),
            Self::Secret(..) => format!(
                "the client secret of {client} is not the one that the provider has: compare \
                 client_id and client_secret of the provider {id}"
            ),
            Self::Signed(_) => format!(
                "the key is not registered for the client {client}, or the clocks differ: register \
                 the public key that `freehold doctor` shows, with the method private_key_jwt"
            ),
            Self::Platform(_) => format!(
                "it does not trust the platform's token for the client {client}: only Microsoft \
                 Entra ID does, by a federated credential with the issuer and subject that `freehold \
                 doctor` shows"
            ),
        }
    }
}

/// The public key that belongs to `client_key`, to be registered at the provider; none when nothing is
/// signed.
///
/// # Errors
/// The key cannot be had, or is none that signs.
pub async fn client_jwk(
    settings: &config::Provider,
    azure: &Azure,
) -> Result<Option<Value>, NoCredential> {
    if settings.client_authentication() != ClientAuthentication::PrivateKeyJwt {
        return Ok(None);
    }
    Ok(signer(settings, azure).await?.map(|signer| signer.jwk()))
}

/// The best that the provider says it takes; where it says nothing, the one that everybody takes.
fn algorithm(signer: &Signer, metadata: &Metadata) -> Option<Algorithm> {
    let listed = metadata.token_endpoint_auth_signing_alg_values_supported();
    let is_listed = |one: &Algorithm| {
        let wanted = match one {
            Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        };
        listed.is_some_and(|listed| listed.contains(&wanted))
    };
    let all = signer.algorithms();
    all.iter()
        .find(|one| is_listed(one))
        .or(all.last())
        .copied()
}

async fn signer(
    settings: &config::Provider,
    azure: &Azure,
) -> Result<Option<Signer>, NoCredential> {
    let Some(reference) = &settings.client_key else {
        return Ok(None);
    };
    let pem = azure.secret(reference).await?;
    let text = pem.text().map_err(UnresolvedSecret::from)?;
    Ok(Some(Signer::from_pem(text)?))
}
