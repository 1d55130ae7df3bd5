//! Redeeming a code, and everything that is checked before its ID token is believed.
//!
//! The crate checks signature, issuer, audience, expiry and nonce. Added here: the algorithm is an
//! asymmetric one that the provider says it uses, the issuer is that of the tenant (see `issuer`),
//! `iat` and `nbf` are not in the future, `azp` names us, `at_hash` fits, and 60
//! seconds of difference between two clocks are forgiven.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError,
    Client, ClientId, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenClaims, IdTokenFields, IdTokenVerifier, JsonWebKey as _, Nonce, NonceVerifier,
    OAuth2TokenResponse as _, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::credential::Credential;
use super::discovery::{Metadata, Provider, Published};
use super::flow::Flow;
use super::issuer::{self, Account};
use super::roles::{self, Given};
use super::strength::{self, Shown};
use super::{SignInError, Unacceptable, Unreachable};
use crate::base::Timestamp;
use crate::config;
use crate::outbound::OutboundError;

/// So much of a name or an address is kept.
const PERSON_CHARS_MAX: usize = 320;
/// How far two clocks may be apart.
const LEEWAY: Duration = Duration::from_mins(1);
pub(super) const LEEWAY_SECS: i64 = 60;

/// What may sign an ID token, as far as the provider says that it does: keys that only it has.
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims that OpenID Connect does not define, by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OtherClaims(pub(super) Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
pub(super) type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
pub(super) type Tokens = StandardTokenResponse<Fields, CoreTokenType>;

/// A client of one provider.
pub(super) type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A person as the provider vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) account: Account,
    pub(super) given: Given,
    /// The provider's name for its session.
    pub(super) sid: Option<String>,
    /// `auth_time`, where the token has it; never later than now.
    pub(super) authenticated_at: Option<Timestamp>,
    /// `iss` and `sub` as they stand in the token.
    pub(super) named: Named,
    /// `name` and `email`, where the token has one of them.
    pub(super) person: Map<String, Value>,
}

/// `iss` and `sub` of an ID token.
pub(super) type Named = (String, String);

/// A refresh token, which is wiped when it goes.
pub(super) struct Refresh(pub(super) Zeroizing<String>);

/// An access token, which is wiped when it goes.
pub(super) struct Access(Zeroizing<String>);

/// What the token endpoint gave for a code.
pub(super) struct Redeemed {
    pub(super) verified: Verified,
    pub(super) access: Access,
    pub(super) refresh: Option<Refresh>,
}

/// The client for `provider`, which is sent back to `redirect_uri`; it proves nothing yet.
pub(super) fn client(
    provider: &Provider,
    metadata: &Metadata,
    redirect_uri: &str,
) -> Result<OidcClient, SignInError> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| SignInError::NoProvider(provider.settings.id.clone()))?;
    Ok(bare_client(provider, metadata).set_redirect_uri(redirect))
}

/// The client for `provider`; it proves nothing yet.
pub(super) fn bare_client(provider: &Provider, metadata: &Metadata) -> OidcClient {
    let id = ClientId::new(provider.settings.client_id.clone());
    OidcClient::from_provider_metadata(metadata.clone(), id, None)
        .set_auth_type(AuthType::RequestBody)
}

/// Exchanges `code` for tokens, verifies the ID token, and forgets the tokens but the one that asks
/// again.
pub(super) async fn redeem(
    provider: &Provider,
    published: Arc<Published>,
    (flow, code): (&Flow, String),
    now: Timestamp,
) -> Result<Redeemed, SignInError> {
    let oidc = client(provider, &published.metadata, &flow.redirect_uri)?;
    let credential = Credential::of(provider, &published.metadata, now).await?;
    let oidc = credential.shown_by(oidc)?;
    let request = oidc
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|_| no_token_endpoint(provider))?
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()));
    let shown = credential.params().into_iter();
    let request = shown.fold(request, |request, (name, text)| {
        request.add_extra_param(name, text)
    });
    let tokens = request.request_async(provider).await;
    let tokens = tokens.map_err(|error| not_given((provider, &credential), error))?;
    let nonce = Nonce::new(flow.nonce.clone());
    let from = (provider, published.as_ref());
    let checked = match check(from, &oidc, (&tokens, &nonce), now) {
        Err(Refused::UnknownKey) => {
            let published = provider.with_new_keys(published, now).await?;
            let oidc = client(provider, &published.metadata, &flow.redirect_uri)?;
            check((provider, &published), &oidc, (&tokens, &nonce), now)
        }
        checked => checked,
    };
    Ok(Redeemed {
        verified: checked.map_err(Refused::told)?,
        access: Access::of(&tokens),
        refresh: Refresh::of(&tokens),
    })
}

impl Access {
    pub(super) fn of(tokens: &Tokens) -> Self {
        Self(tokens.access_token().secret().clone().into())
    }

    /// As the header `Authorization` has it (RFC 6750 §2.1).
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", *self.0)
    }
}

impl Refresh {
    pub(super) fn of(tokens: &Tokens) -> Option<Self> {
        let token = tokens.refresh_token();
        token.map(|token| Self(token.secret().clone().into()))
    }
}

pub(super) fn no_token_endpoint(provider: &Provider) -> SignInError {
    let why = "there is no token_endpoint in it".to_owned();
    provider.unreachable(Unreachable::Metadata(why))
}

/// What the token endpoint answers instead of tokens.
type NotGiven = RequestTokenError<OutboundError, StandardErrorResponse<CoreErrorResponseType>>;

pub(super) fn not_given(
    (provider, credential): (&Provider, &Credential),
    error: NotGiven,
) -> SignInError {
    let code = |why| SignInError::Unacceptable(Unacceptable::Code(why));
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let told = answer.error_description().map_or("", String::as_str);
            credential.refused(provider, answer.error().as_ref(), told)
        }
        RequestTokenError::Request(error) => provider.unreachable(Unreachable::Outbound(error)),
        RequestTokenError::Parse(error, _) => code(error.to_string()),
        RequestTokenError::Other(error) => code(error),
    }
}

/// Why an ID token is not believed.
pub(super) enum Refused {
    UnknownKey,
    Otherwise(SignInError),
}

impl Refused {
    pub(super) fn told(self) -> SignInError {
        match self {
            Self::UnknownKey => {
                let why = "its key is not published".to_owned();
                let check = "key";
                SignInError::Unacceptable(Unacceptable::IdToken { check, why })
            }
            Self::Otherwise(why) => why,
        }
    }
}

pub(super) fn refused(check: &'static str, why: &dyn std::fmt::Display) -> Refused {
    let why = why.to_string();
    let why = Unacceptable::IdToken { check, why };
    Refused::Otherwise(SignInError::Unacceptable(why))
}

/// The crate's refusal in a word.
const fn check_of(error: &ClaimsVerificationError) -> &'static str {
    match error {
        // The crate says so of `iat` as well.
        ClaimsVerificationError::Expired(_) => "time",
        ClaimsVerificationError::InvalidAudience(_) => "audience",
        ClaimsVerificationError::InvalidIssuer(_) => "issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::InvalidSubject(_) => "subject",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "claims",
    }
}

fn check(
    from: (&Provider, &Published),
    oidc: &OidcClient,
    (tokens, nonce): (&Tokens, &Nonce),
    now: Timestamp,
) -> Result<Verified, Refused> {
    let (claims, of_key) = believe(from, oidc, (tokens, nonce), now)?;
    judge(&from.0.settings, claims, of_key, now)
}

/// The claims of a token that is signed for us, and the issuer that its key is published for.
pub(super) fn believe<'t>(
    (provider, published): (&Provider, &'t Published),
    oidc: &OidcClient,
    (tokens, nonce): (&'t Tokens, impl NonceVerifier),
    now: Timestamp,
) -> Result<(&'t Claims, Option<&'t String>), Refused> {
    let absent = || Refused::Otherwise(SignInError::Unacceptable(Unacceptable::NoIdToken));
    let token = tokens.id_token().ok_or_else(absent)?;
    let verifier = verifier(oidc, &published.metadata, now)
        // For a template the crate has nothing to compare with; `issuer::account` has.
        .require_issuer_match(!provider.settings.is_by_tenant());
    let claims = token
        .claims(&verifier, nonce)
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            ) => Refused::UnknownKey,
            error => refused(check_of(&error), &error),
        })?;
    let key = token
        .signing_key(&verifier)
        .map_err(|error| refused("signature", &error))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token
            .signing_alg()
            .map_err(|error| refused("signature", &error))?;
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if hash.map_err(|error| refused("at_hash", &error))? != *expected {
            return Err(refused(
                "at_hash",
                &"at_hash is not that of the access token",
            ));
        }
    }
    let of_key = key.key_id();
    let of_key = of_key.and_then(|id| published.key_issuers.get(id.as_str()));
    Ok((claims, of_key))
}

pub(super) fn named(claims: &Claims) -> Named {
    (
        claims.issuer().as_str().to_owned(),
        claims.subject().as_str().to_owned(),
    )
}

/// What the crate does not check, of claims whose signature is good. `of_key` is the issuer that
/// the key is published for.
fn judge(
    settings: &config::Provider,
    claims: &Claims,
    of_key: Option<&String>,
    now: Timestamp,
) -> Result<Verified, Refused> {
    let us = |party: &ClientId| **party == settings.client_id;
    if !claims.authorized_party().is_none_or(us) {
        return Err(refused("azp", &"azp names another client"));
    }
    let others = &claims.additional_claims().0;
    let latest = now.as_second().saturating_add(LEEWAY_SECS);
    if let Some(from) = others.get("nbf")
        && from.as_f64().is_none_or(|from| from > as_f64(latest))
    {
        return Err(refused("nbf", &"nbf is in the future"));
    }
    let (iss, sub) = (claims.issuer().as_str(), claims.subject().as_str());
    let account = issuer::account(settings, (iss, sub), others).map_err(Refused::Otherwise)?;
    if of_key.is_some_and(|of| !issuer::may_sign(settings, of, &account.issuer)) {
        return Err(refused("key", &"its key is published for another issuer"));
    }
    let methods = claims.auth_method_refs().into_iter().flatten();
    let shown = Shown {
        context: claims.auth_context_ref().map(|context| context.as_str()),
        methods: methods.map(|method| method.as_str()).collect(),
        at: claims.auth_time().map(|at| at.timestamp()),
    };
    strength::judge(settings, &shown, (now, LEEWAY_SECS)).map_err(Refused::Otherwise)?;
    let authenticated_at = shown.at.and_then(|at| Timestamp::from_second(at).ok());
    Ok(Verified {
        authenticated_at: authenticated_at.map(|at| at.min(now)),
        account,
        given: roles::given(settings, claims.subject().as_str(), others),
        sid: others.get("sid").and_then(Value::as_str).map(str::to_owned),
        named: named(claims),
        person: person(claims),
    })
}

/// What the provider calls somebody: for people to read, never to find anybody by.
fn person(claims: &Claims) -> Map<String, Value> {
    let name = claims.name().and_then(|name| name.get(None));
    let told = [
        ("name", name.map(|name| name.as_str())),
        ("email", claims.email().map(|email| email.as_str())),
    ];
    let told = told.into_iter();
    let told = told.filter_map(|(key, text)| Some((key.to_owned(), shortened(text?).into())));
    told.collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(PERSON_CHARS_MAX).collect()
}

fn verifier<'o>(
    oidc: &'o OidcClient,
    metadata: &Metadata,
    now: Timestamp,
) -> IdTokenVerifier<'o, CoreJsonWebKey> {
    let micros = u64::try_from(now.as_microsecond()).unwrap_or(0);
    let earlier = UNIX_EPOCH + Duration::from_micros(micros).saturating_sub(LEEWAY);
    let latest = now.as_second().saturating_add(LEEWAY_SECS);
    let published = metadata.id_token_signing_alg_values_supported();
    let good = ALGORITHMS.into_iter().filter(|one| published.contains(one));
    oidc.id_token_verifier()
        .set_allowed_algs(good)
        .set_time_fn(move || earlier.into())
        .set_issue_time_verifier_fn(move |issued| {
            (issued.timestamp() <= latest)
                .then_some(())
                .ok_or_else(|| "iat is in the future".to_owned())
        })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 fit into 53 bits"
)]
const fn as_f64(secs: i64) -> f64 {
    secs as f64
}
