//! Key Vault: keys in versions that wrap and unwrap, secrets in versions, the challenge, the limits.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use freehold::base::random;
use freehold::crypto::hex;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{Asked, Script, TENANT, answer as json_answer};

/// What is in the vault, and how it behaves.
#[derive(Default)]
pub(crate) struct Vault {
    keys: BTreeMap<String, Vec<Version<PrivateDecryptingKey>>>,
    secrets: BTreeMap<String, Vec<Version<String>>>,
    /// What the identity may not do: `get`, `wrapkey`, `unwrapkey`, `secrets`.
    pub(crate) forbidden: BTreeSet<&'static str>,
    /// So many answers are 429.
    pub(crate) throttled: u32,
    /// What `Retry-After` says then.
    pub(crate) retry_after: u32,
    /// Everything is answered with 503.
    pub(crate) away: bool,
    /// Put into the challenge in place of the vault's own domain.
    pub(crate) resource: Option<String>,
    /// Operations that are answered with the address of another key.
    pub(crate) lies: bool,
}

struct Version<T> {
    id: String,
    what: T,
}

impl<T> Version<T> {
    fn new(what: T) -> Self {
        let id = hex(&random::bytes::<16>());
        Self { id, what }
    }
}

impl Vault {
    /// A new version of the key `name`; gives its id.
    pub(crate) fn rotate(&mut self, name: &str) -> String {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let versions = self.keys.entry(name.to_owned()).or_default();
        versions.push(Version::new(key));
        versions.last().unwrap().id.clone()
    }

    /// A new version of the secret `name`; gives its id.
    pub(crate) fn put_secret(&mut self, name: &str, value: &str) -> String {
        let versions = self.secrets.entry(name.to_owned()).or_default();
        versions.push(Version::new(value.to_owned()));
        versions.last().unwrap().id.clone()
    }

    /// Forgets a version of a key, as somebody who purges it.
    pub(crate) fn purge(&mut self, name: &str, version: &str) {
        let versions = self.keys.get_mut(name).unwrap();
        versions.retain(|one| one.id != version);
    }
}

fn error(status: u16, code: &str, inner: Option<&str>) -> Response {
    let mut error = json!({ "code": code, "message": format!("The vault says {code}.") });
    if let Some(inner) = inner {
        error["innererror"] = json!({ "code": inner });
    }
    json_answer(status, &json!({ "error": error }))
}

pub(super) fn answer(script: &mut Script, asked: &Asked) -> Response {
    if script.vault.away {
        return error(503, "ServiceUnavailable", None);
    }
    if !asked.query.contains_key("api-version") {
        return error(400, "BadParameter", None);
    }
    if let Some(challenge) = challenge(script, asked) {
        return challenge;
    }
    if script.vault.throttled > 0 {
        script.vault.throttled -= 1;
        let mut busy = error(429, "Throttled", None);
        let after = HeaderValue::from(script.vault.retry_after);
        busy.headers_mut().insert("retry-after", after);
        return busy;
    }
    let path = asked.parts.uri.path().trim_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let vault = &mut script.vault;
    match (&asked.parts.method, parts.as_slice()) {
        (&Method::POST, ["keys", name, "create" | "rotate"]) => {
            let version = vault.rotate(name);
            key(vault, asked, name, Some(&version))
        }
        (&Method::POST, ["keys", name, what @ ("wrapkey" | "unwrapkey")]) => {
            operate(vault, asked, (name, None), what)
        }
        (&Method::POST, ["keys", name, version, what @ ("wrapkey" | "unwrapkey")]) => {
            operate(vault, asked, (name, Some(version)), what)
        }
        (&Method::GET, ["keys", name]) => key(vault, asked, name, None),
        (&Method::GET, ["keys", name, version]) => key(vault, asked, name, Some(version)),
        (&Method::PUT, ["secrets", name]) => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            let version = vault.put_secret(name, body["value"].as_str().unwrap());
            secret(vault, asked, name, Some(&version))
        }
        (&Method::GET, ["secrets", name]) => secret(vault, asked, name, None),
        (&Method::GET, ["secrets", name, version]) => secret(vault, asked, name, Some(version)),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// What is answered to who has no token of now for this vault.
fn challenge(script: &Script, asked: &Asked) -> Option<Response> {
    let own = match asked.origin.strip_prefix("https://") {
        // The domain that the vault's name ends with.
        Some(host) => format!(
            "https://{}",
            host.split_once('.').map_or(host, |(_, rest)| rest)
        ),
        None => asked.origin.clone(),
    };
    let resource = script.vault.resource.clone().unwrap_or(own);
    let shown = asked.parts.headers.get("authorization");
    let shown = shown.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let known = shown.and_then(|token| script.tokens.get(token));
    if known.is_some_and(|(of, end)| *of == resource && *end > script.now()) {
        return None;
    }
    assert!(
        shown.is_some() || asked.body.is_empty() || asked.body == b"{}",
        "a key was shown without a token"
    );
    let mut refused = error(401, "Unauthorized", None);
    let challenge = format!(
        "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"{resource}\""
    );
    let challenge = HeaderValue::from_str(&challenge).unwrap();
    refused.headers_mut().insert("www-authenticate", challenge);
    Some(refused)
}

fn find<'v, T>(
    all: &'v BTreeMap<String, Vec<Version<T>>>,
    name: &str,
    version: Option<&str>,
) -> Option<&'v Version<T>> {
    let versions = all.get(name)?;
    match version {
        Some(version) => versions.iter().find(|one| one.id == version),
        None => versions.last(),
    }
}

fn key(vault: &Vault, asked: &Asked, name: &str, version: Option<&str>) -> Response {
    if vault.forbidden.contains("get") {
        return error(403, "Forbidden", Some("ForbiddenByRbac"));
    }
    let Some(found) = find(&vault.keys, name, version) else {
        return error(404, "KeyNotFound", None);
    };
    let (n, e) = public_parts(&found.what);
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let key = json!({
        "kid": format!("{}/keys/{name}/{}", asked.origin, found.id),
        "kty": "RSA", "key_ops": ["wrapKey", "unwrapKey"], "n": text(&n), "e": text(&e),
    });
    let attributes = json!({ "enabled": true, "created": 1_700_000_000, "updated": 1_700_000_000 });
    json_answer(200, &json!({ "key": key, "attributes": attributes }))
}

fn operate(
    vault: &Vault,
    asked: &Asked,
    (name, version): (&str, Option<&str>),
    what: &str,
) -> Response {
    if vault.forbidden.contains(what) {
        return error(403, "Forbidden", Some("ForbiddenByRbac"));
    }
    let Some(found) = find(&vault.keys, name, version) else {
        return error(404, "KeyNotFound", None);
    };
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    if body["alg"] != "RSA-OAEP-256" {
        return error(400, "BadParameter", None);
    }
    let given = body["value"].as_str().unwrap_or_default();
    let given = BASE64_URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
    let made = if what == "wrapkey" {
        let public = OaepPublicEncryptingKey::new(found.what.public_key()).unwrap();
        let mut out = vec![0; public.ciphertext_size()];
        let done = public.encrypt(&OAEP_SHA256_MGF1SHA256, &given, &mut out, None);
        done.map(|bytes| bytes.to_vec())
    } else {
        let private = OaepPrivateDecryptingKey::new(found.what.clone()).unwrap();
        let mut out = vec![0; private.min_output_size()];
        let done = private.decrypt(&OAEP_SHA256_MGF1SHA256, &given, &mut out, None);
        done.map(|bytes| bytes.to_vec())
    };
    let Ok(made) = made else {
        return error(400, "BadParameter", None);
    };
    let named = if vault.lies { "another" } else { name };
    let kid = format!("{}/keys/{named}/{}", asked.origin, found.id);
    json_answer(
        200,
        &json!({ "kid": kid, "value": BASE64_URL_SAFE_NO_PAD.encode(made) }),
    )
}

fn secret(vault: &Vault, asked: &Asked, name: &str, version: Option<&str>) -> Response {
    if vault.forbidden.contains("secrets") {
        return error(403, "Forbidden", Some("ForbiddenByRbac"));
    }
    let Some(found) = find(&vault.secrets, name, version) else {
        return error(404, "SecretNotFound", None);
    };
    let id = format!("{}/secrets/{name}/{}", asked.origin, found.id);
    let attributes = json!({ "enabled": true, "created": 1_700_000_000, "updated": 1_700_000_000 });
    json_answer(
        200,
        &json!({ "value": found.what, "id": id, "attributes": attributes }),
    )
}

/// Modulus and exponent (RFC 7518 §6.3.1).
fn public_parts(key: &PrivateDecryptingKey) -> (Vec<u8>, Vec<u8>) {
    let public = key.public_key();
    let der: PublicKeyX509Der<'_> = public.as_der().unwrap();
    let spki = SubjectPublicKeyInfoRef::try_from(der.as_ref()).unwrap();
    let bits = spki.subject_public_key.as_bytes().unwrap();
    let mut reader = SliceReader::new(bits).unwrap();
    reader
        .sequence(|reader| {
            let (n, e) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
            Ok::<_, x509_cert::der::Error>((n.as_bytes().to_vec(), e.as_bytes().to_vec()))
        })
        .unwrap()
}
