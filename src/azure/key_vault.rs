//! Key Vault by REST: wrapping and unwrapping, what a key is, what a secret is.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::challenge::{Challenge, Refused};
use super::error::{KeyVaultError, TokenError};
use super::patience::service_repeats;
use super::{Answered, Azure, advice, said};
use crate::config::{Item, KeyAddress, SecretAddress};
use crate::outbound::OutboundError;

/// The oldest version that all clouds still have and that knows everything used here.
const API_VERSION: &str = "7.4";
/// RSAES OAEP with SHA-256 and MGF1 with SHA-256 (RFC 7518 §4.3).
const ALGORITHM: &str = "RSA-OAEP-256";

/// A key that a vault has wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedByKey {
    /// The key that wrapped it, with its version: only this one unwraps it.
    pub key: KeyAddress,
    /// The wrapped bytes: as many as the RSA modulus has.
    pub bytes: Vec<u8>,
}

/// A key as the vault describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its address with the version.
    pub key: KeyAddress,
    /// `RSA` or `RSA-HSM`; others cannot wrap.
    pub kind: String,
    /// The size of an RSA modulus in bits; 0 for another kind.
    pub bits: usize,
    /// Whether the operations `wrapKey` and `unwrapKey` are permitted.
    pub wraps: bool,
}

#[derive(Deserialize)]
struct Operation {
    kid: String,
    #[serde(deserialize_with = "super::zeroizing")]
    value: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    #[serde(deserialize_with = "super::zeroizing")]
    value: Zeroizing<String>,
}

/// One request to a vault.
struct Ask<'a> {
    what: &'static str,
    item: &'a Item,
    /// Behind the vault's address.
    path: String,
    body: Option<&'a Zeroizing<Vec<u8>>>,
}

impl<'a> Ask<'a> {
    /// For what `item` is, or holds.
    fn reading(collection: &str, item: &'a Item) -> Self {
        Self {
            what: "read",
            item,
            path: path(collection, item, ""),
            body: None,
        }
    }
}

impl Azure {
    /// Wraps `plain` with `key`: with its newest version, unless the address names one.
    ///
    /// # Errors
    /// [`KeyVaultError`] with what to do.
    pub async fn wrap_key(
        &self,
        key: &KeyAddress,
        plain: &[u8; 32],
    ) -> Result<WrappedByKey, KeyVaultError> {
        let (address, bytes) = self.operate("wrap with", "wrapkey", key, plain).await?;
        Ok(WrappedByKey {
            key: address,
            bytes: bytes.to_vec(),
        })
    }

    /// Unwraps what `key`, an address with a version, has wrapped.
    ///
    /// # Errors
    /// [`KeyVaultError`] with what to do.
    pub async fn unwrap_key(
        &self,
        key: &KeyAddress,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyVaultError> {
        let (_, plain) = self
            .operate("unwrap with", "unwrapkey", key, wrapped)
            .await?;
        Ok(plain)
    }

    /// What `key` is: its newest version, unless the address names one.
    ///
    /// # Errors
    /// [`KeyVaultError`] with what to do.
    pub async fn key_state(&self, key: &KeyAddress) -> Result<KeyState, KeyVaultError> {
        let ask = Ask::reading("keys", key.item());
        let answer = self.ask_vault(&ask).await?.json();
        let text = |name: &str| answer.pointer(name).and_then(Value::as_str);
        let wrong = || KeyVaultError::Answer(key.to_string());
        let named = text("/key/kid").ok_or_else(wrong)?;
        let operations = answer.pointer("/key/key_ops").and_then(Value::as_array);
        let can = |wanted: &str| operations.is_some_and(|all| all.iter().any(|one| one == wanted));
        let modulus = text("/key/n").and_then(|n| BASE64_URL_SAFE_NO_PAD.decode(n).ok());
        Ok(KeyState {
            key: same(key, named).ok_or_else(wrong)?,
            kind: said(text("/key/kty").unwrap_or_default()),
            bits: modulus.map_or(0, |n| n.iter().skip_while(|byte| **byte == 0).count() * 8),
            wraps: can("wrapKey") && can("unwrapKey"),
        })
    }

    /// The bytes of `secret`: of its newest version, unless the address names one.
    ///
    /// # Errors
    /// [`KeyVaultError`] with what to do.
    pub(super) async fn fetch_secret(
        &self,
        secret: &SecretAddress,
    ) -> Result<Zeroizing<Vec<u8>>, KeyVaultError> {
        let item = secret.item();
        let ask = Ask::reading("secrets", item);
        let answer = self.ask_vault(&ask).await?;
        let wrong = || KeyVaultError::Answer(secret.to_string());
        let found: Found = serde_json::from_slice(&answer.body).map_err(|_| wrong())?;
        let named: SecretAddress = found.id.parse().map_err(|_| wrong())?;
        if !is_same(item, named.item()) {
            return Err(wrong());
        }
        Ok(Zeroizing::new(found.value.as_bytes().to_vec()))
    }

    /// A wrap or unwrap: the address of the key that did it, and the bytes that it made.
    async fn operate(
        &self,
        what: &'static str,
        operation: &str,
        key: &KeyAddress,
        bytes: &[u8],
    ) -> Result<(KeyAddress, Zeroizing<Vec<u8>>), KeyVaultError> {
        let item = key.item();
        let value = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let body = json!({ "alg": ALGORITHM, "value": value.as_str() });
        let body = Zeroizing::new(body.to_string().into_bytes());
        let ask = Ask {
            what,
            item,
            path: path("keys", item, operation),
            body: Some(&body),
        };
        let answer = self.ask_vault(&ask).await?;
        let wrong = || KeyVaultError::Answer(key.to_string());
        let done: Operation = serde_json::from_slice(&answer.body).map_err(|_| wrong())?;
        let by = same(key, &done.kid).ok_or_else(wrong)?;
        let made = BASE64_URL_SAFE_NO_PAD.decode(done.value.trim_end_matches('='));
        Ok((by, Zeroizing::new(made.map_err(|_| wrong())?)))
    }

    /// Asks with a token; a vault that was not asked before, or that does not take the token, says
    /// first which it wants.
    async fn ask_vault(&self, ask: &Ask<'_>) -> Result<Answered, KeyVaultError> {
        let vault = ask.item.vault.as_str().trim_end_matches('/').to_owned();
        if !self.0.settings.is_key_vault(&ask.item.vault) {
            return Err(KeyVaultError::Foreign(vault));
        }
        let mut resource = self.0.resources.lock().get(&vault).cloned();
        let mut refused_once = false;
        loop {
            let answer = self.send(ask, &vault, resource.as_deref()).await?;
            if answer.status == StatusCode::OK {
                return Ok(answer);
            }
            if answer.status != StatusCode::UNAUTHORIZED || refused_once {
                return Err(refusal(ask, &vault, &answer));
            }
            refused_once = resource.is_some();
            let challenge = Challenge::of(&answer.headers, &ask.item.vault);
            let challenge = challenge.map_err(|refused| KeyVaultError::Challenge {
                vault: vault.clone(),
                asked: match refused {
                    Refused::Absent => String::new(),
                    Refused::Foreign(asked) => asked,
                },
            })?;
            if refused_once {
                self.forget_token(&challenge.resource);
            }
            let wanted = challenge.resource.clone();
            self.0.resources.lock().insert(vault.clone(), wanted);
            resource = Some(challenge.resource);
        }
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        vault: &str,
        resource: Option<&str>,
    ) -> Result<Answered, KeyVaultError> {
        let no_token = |source: TokenError| KeyVaultError::Identity {
            vault: vault.to_owned(),
            source,
        };
        let token = match resource {
            Some(resource) => Some(self.token(resource).await.map_err(no_token)?),
            None => None,
        };
        let url = format!("{vault}/{}?api-version={API_VERSION}", ask.path);
        let make = || {
            let mut request = match ask.body {
                Some(_) => http::Request::post(&url),
                None => http::Request::get(&url),
            };
            if let Some(token) = &token {
                let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
                let mut bearer = HeaderValue::from_str(&bearer)?;
                bearer.set_sensitive(true);
                request = request.header(AUTHORIZATION, bearer);
            }
            // Who shows no token yet shows no key either.
            let body = ask.body.filter(|_| token.is_some());
            let body = body.map_or_else(|| b"{}".to_vec(), |body| body.to_vec());
            let body = if ask.body.is_some() { body } else { Vec::new() };
            request.header(CONTENT_TYPE, "application/json").body(body)
        };
        let repeats = |status: StatusCode| {
            *self.0.answers.lock().entry(status.as_u16()).or_insert(0) += 1;
            service_repeats(status)
        };
        let answer = self.repeat(make, repeats).await;
        answer.map_err(|error| unreached(vault, error))
    }
}

fn unreached(vault: &str, error: OutboundError) -> KeyVaultError {
    KeyVaultError::Unreached {
        vault: vault.to_owned(),
        source: Arc::new(error),
    }
}

fn refusal(ask: &Ask<'_>, vault: &str, answer: &Answered) -> KeyVaultError {
    if service_repeats(answer.status) {
        return KeyVaultError::Busy {
            vault: vault.to_owned(),
            status: answer.status.as_u16(),
        };
    }
    let body = answer.json();
    let text = |name: &str| body.pointer(name).and_then(Value::as_str);
    // The inner one is more exact: `ForbiddenByRbac` in `Forbidden`.
    let code = text("/error/innererror/code").or_else(|| text("/error/code"));
    let code = said(code.unwrap_or("no code"));
    let mut advice =
        advice::key_vault(ask.item, ask.path.starts_with("keys"), answer.status, &code);
    if let Ok(Challenge { tenant, .. }) = Challenge::of(&answer.headers, &ask.item.vault) {
        advice = format!("{advice}; it takes tokens of the tenant {}", said(&tenant));
    }
    KeyVaultError::Refused {
        what: ask.what,
        item: format!(
            "{vault}/{}",
            ask.path
                .trim_end_matches("/wrapkey")
                .trim_end_matches("/unwrapkey")
        ),
        status: answer.status.as_u16(),
        advice,
        code,
    }
}

fn path(collection: &str, item: &Item, operation: &str) -> String {
    let version = item.version.as_deref().unwrap_or_default();
    let parts = [collection, &item.name, version, operation];
    let given = parts.into_iter().filter(|part| !part.is_empty());
    given.collect::<Vec<_>>().join("/")
}

/// The address `named` if it is a version of `key`.
fn same(key: &KeyAddress, named: &str) -> Option<KeyAddress> {
    let named: KeyAddress = named.parse().ok()?;
    is_same(key.item(), named.item()).then_some(named)
}

/// Whether `named` is `asked`, with a version; the one that was asked for, if one was.
fn is_same(asked: &Item, named: &Item) -> bool {
    let version = named.version.is_some()
        && asked
            .version
            .as_ref()
            .is_none_or(|_| asked.version == named.version);
    version && asked.vault == named.vault && asked.name.eq_ignore_ascii_case(&named.name)
}
