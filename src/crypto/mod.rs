//! The vault: what is sealed, under which key, and how it is opened again.
//!
//! A *key-encryption key* wraps the *root key* of the organisation, the root key wraps *data keys*,
//! and data keys seal column values with AES-256-GCM. Each data key has an owner, the organisation
//! or one person: what is sealed for a person is unreadable once their keys are destroyed. A sealed
//! value carries the id of its key and is bound to its table, column and row, so that it cannot be
//! moved to another place in the database. `store::key_ring` keeps the wrapped keys.
//!
//! **Invariants.** Keys and plaintexts that pass through here are wiped after use and have no
//! `Debug`. Nothing opens without the key that sealed it. Operating-system randomness for nonces
//! and keys comes from [`crate::base::random`].
//!
//! | What | Standard |
//! | --- | --- |
//! | AES-256-GCM, 96-bit random nonces, at most 2^32 messages per key | NIST SP 800-38D §8.3 |
//! | AES-256-GCM over chunks of one long text, the counter as nonce | NIST SP 800-38D §8.2.1 |
//! | Ed25519 for signatures | RFC 8032 |
//! | RSA-OAEP with SHA-256 for the recovery key | RFC 8017 §7.1 |
//! | HMAC-SHA-256 for look-up hashes | RFC 2104 |
//! | token checksums | CRC-32 (ISO 3309) |

mod ed25519;
mod kek;
mod keys;
mod recovery;
mod seal;
mod signer;
mod stream;
#[cfg(test)]
mod tests;
pub mod token;
mod upkeep;
mod vault;

pub use kek::{FileKek, Kek, KekError};
pub use keys::{KeyBytes, KeyId, Owner, Purpose, RootId, WrappedKey, WrappedRoot, new_key};
pub use recovery::{RecoveryError, RecoveryKey, RecoveryPrivateKey};
pub use seal::RowBinding;
pub use signer::{Algorithm, Signer, SignerError};
pub use stream::{CHUNK_TAG_BYTES, Chunk, StreamKey};
pub use upkeep::Newest;
pub use vault::{KeyLimits, Vault, VaultError};

use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads what [`hex`] wrote; `None` for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect()
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(out, "{byte:02x}");
            out
        })
}
