//! What is checked before a logout token is believed (OpenID Connect Back-Channel Logout 1.0 §2.6).
//!
//! `openidconnect` knows no such token: here are the claims, pure, and its keys verify the
//! signature. Claims are looked at first, so that nobody without a token for us makes us ask a
//! provider for its keys.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, JsonWebKeyAlgorithm};
use serde_json::{Map, Value};

use super::discovery::Published;
use super::issuer;
use super::verify::{ALGORITHMS, LEEWAY_SECS};
use crate::base::Timestamp;
use crate::config;

/// The event that makes a token a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A provider sends a logout token as soon as it has made it.
const AGE_SECS_MAX: i64 = 120;

/// A token in its parts, not verified yet.
pub(super) struct LogoutToken<'a> {
    header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

/// What a logout token is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) issuer: String,
    pub(super) sid: Option<String>,
    /// The account's subject as principals have it.
    pub(super) subject: Option<String>,
    /// The token's own name, to be used once.
    pub(super) jti: String,
}

/// Whether one of the keys has signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Good,
    UnknownKey,
    Bad(&'static str),
}

impl<'a> LogoutToken<'a> {
    /// Takes a JWS in compact form apart (RFC 7515 §7.1).
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
        };
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed,
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether it says that it is of an issuer of this provider and for us.
    pub(super) fn is_between(&self, settings: &config::Provider) -> bool {
        let us = |party: &Value| party.as_str() == Some(settings.client_id.as_str());
        let for_us = match self.claims.get("aud") {
            Some(Value::Array(parties)) => parties.iter().any(us),
            Some(party) => us(party),
            None => false,
        };
        let issuer = self.claims.get("iss").and_then(Value::as_str);
        for_us && issuer.is_some_and(|one| issuer::accepted(settings).iter().any(|a| a == one))
    }

    /// What it is about, if its claims are those of a logout token of now.
    pub(super) fn judge(
        &self,
        settings: &config::Provider,
        now: Timestamp,
    ) -> Result<About, &'static str> {
        let text = |name: &str| {
            let text = self.claims.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "NumericDate; what is too large becomes the largest"
        )]
        let secs = |name: &str| {
            let number = self.claims.get(name).and_then(Value::as_f64);
            number.map(|secs| secs as i64)
        };
        let now = now.as_second();
        let typ = self.header.get("typ");
        let is_typ = |typ: &str| ["logout+jwt", "jwt"].contains(&typ.to_lowercase().as_str());
        if !typ.is_none_or(|typ| typ.as_str().is_some_and(is_typ)) {
            return Err("its typ is neither logout+jwt nor JWT");
        }
        let event = self.claims.get("events").and_then(|all| all.get(EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err("its events do not have that of a back-channel logout");
        }
        if self.claims.contains_key("nonce") {
            return Err("it has a nonce, as ID tokens have");
        }
        match secs("iat") {
            None => return Err("it has no iat"),
            Some(at) if at > now.saturating_add(LEEWAY_SECS) => return Err("iat is in the future"),
            Some(at) if at < now.saturating_sub(AGE_SECS_MAX + LEEWAY_SECS) => {
                return Err("iat is more than two minutes ago");
            }
            Some(_) => {}
        }
        match secs("exp") {
            None => return Err("it has no exp"),
            Some(at) if at <= now.saturating_sub(LEEWAY_SECS) => return Err("it has expired"),
            Some(_) => {}
        }
        let (sid, subject) = (text("sid"), issuer::subject(settings, &self.claims));
        if sid.is_none() && subject.is_none() {
            return Err("it has neither sub (with Microsoft, oid) nor sid");
        }
        Ok(About {
            issuer: text("iss").ok_or("it has no iss")?,
            sid,
            subject,
            jti: text("jti").ok_or("it has no jti")?,
        })
    }

    /// Whether the provider has signed it with a key that it publishes for `issuer`.
    pub(super) fn signature(
        &self,
        settings: &config::Provider,
        published: &Published,
        issuer: &str,
    ) -> Signature {
        let text = |name: &str| self.header.get(name).and_then(Value::as_str);
        let says = published.metadata.id_token_signing_alg_values_supported();
        let named = self.header.get("alg").cloned().unwrap_or_default();
        let algorithm = serde_json::from_value::<CoreJwsSigningAlgorithm>(named);
        let algorithm = algorithm.ok().filter(|one| ALGORITHMS.contains(one));
        let Some(algorithm) = algorithm.filter(|one| says.contains(one)) else {
            return Signature::Bad("its alg is none that the provider signs with");
        };
        if self.header.contains_key("crit") {
            return Signature::Bad("its header has crit");
        }
        let kid = text("kid");
        let named = |key: &&CoreJsonWebKey| {
            let id = key.key_id().map(|id| id.as_str());
            kid.is_none() || id == kid
        };
        let keys = published.metadata.jwks().keys().iter();
        let keys: Vec<_> = keys
            .filter(named)
            .filter(|key| may_verify(key, &algorithm))
            .collect();
        if keys.is_empty() {
            return Signature::UnknownKey;
        }
        let signs = |key: &&CoreJsonWebKey| {
            let id = key.key_id().map(|id| id.as_str());
            let of_key = id.and_then(|id| published.key_issuers.get(id));
            of_key.is_none_or(|of| issuer::may_sign(settings, of, issuer))
                && key
                    .verify_signature(&algorithm, self.signed.as_bytes(), &self.signature)
                    .is_ok()
        };
        if keys.iter().any(signs) {
            Signature::Good
        } else {
            Signature::Bad("its signature is not good")
        }
    }
}

fn may_verify(key: &CoreJsonWebKey, algorithm: &CoreJwsSigningAlgorithm) -> bool {
    let signs = key.key_use();
    let of_algorithm = match key.signing_alg() {
        JsonWebKeyAlgorithm::Unspecified => true,
        JsonWebKeyAlgorithm::Algorithm(one) => one == algorithm,
        JsonWebKeyAlgorithm::Unsupported => false,
    };
    of_algorithm && signs.is_none_or(|usage| *usage == CoreJsonWebKeyUse::Signature)
}
