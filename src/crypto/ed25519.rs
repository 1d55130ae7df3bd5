//! Signatures with Ed25519 (RFC 8032).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// A key that signs; made of the 32 bytes that the ring keeps (RFC 8032 §5.1.5).
pub(super) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// `None` when the bytes are no key.
    pub(super) fn new(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0.public_key());
        key.verify(message, signature).is_ok()
    }
}
