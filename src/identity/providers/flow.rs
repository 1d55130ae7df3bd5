//! What has to be remembered from the moment a browser is sent to the provider until it comes back.
//!
//! It is sealed and kept by the browser itself, in a cookie named after the state. A row would let
//! any stranger buy a durable write per request; and the browser that comes back has to be the one
//! that left anyway. Each use removes the cookie, and the provider accepts each code once.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SignInError;
use crate::base::{Id, Timestamp, random};
use crate::crypto::{Owner, RowBinding, Vault, hex, sha256};
use crate::identity::Principal;

/// How long a person may take at the provider.
const LIFETIME_MICROS: i64 = 10 * 60 * 1_000_000;

/// A sign-in on its way.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    /// The id of the provider in the configuration.
    pub(super) provider: String,
    /// Where the provider sends the browser back to.
    pub(super) redirect_uri: String,
    /// Has to be in the ID token.
    pub(super) nonce: String,
    /// Proves to the token endpoint that we began (RFC 7636 §4.1).
    pub(super) verifier: String,
    /// Where the person wanted to go.
    pub(super) return_to: String,
    /// When it began, in microseconds.
    pub(super) begun_at: i64,
    /// Whether it answers a claims challenge; see `graph`.
    #[serde(default)]
    pub(super) challenged: bool,
    /// Who has to prove once more that they are it; `None` for a plain sign-in.
    pub(super) step_up: Option<Id<Principal>>,
}

/// The name of the flow with this state; it tells nothing about it.
#[must_use]
pub fn flow_id(state: &str) -> String {
    let digest = hex(&sha256(state.as_bytes()));
    digest.chars().take(32).collect()
}

/// 256 random bits as 43 characters that fit into an address.
pub(super) fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>()))
}

impl Flow {
    /// Seals it for the flow `id`.
    pub(super) fn seal(&self, vault: &Vault, id: &str) -> Result<String, SignInError> {
        // A flow is texts and a number, which always become JSON.
        let plain = Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        let sealed = vault.seal(&Owner::Organisation, &place(id), &plain)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Self::seal`] made for the flow `id`, if it has not waited too long.
    pub(super) fn open(vault: &Vault, id: &str, sealed: &str, now: Timestamp) -> Option<Self> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = vault.open(&place(id), &sealed).ok()?;
        let flow: Self = serde_json::from_slice(&plain).ok()?;
        let age = now.as_microsecond().saturating_sub(flow.begun_at);
        (0..LIFETIME_MICROS).contains(&age).then_some(flow)
    }
}

fn place(id: &str) -> RowBinding<'_> {
    RowBinding {
        table: "browser",
        column: "flow",
        row: id.as_bytes(),
    }
}
