//! AES-256-GCM over one value, bound to its place.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use zeroize::Zeroizing;

use crate::base::random;

const NONCE: usize = 12;

/// Where a sealed value stands. The same bytes sealed for one place do not open at another.
#[derive(Debug, Clone, Copy)]
pub struct RowBinding<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's key.
    pub row: &'a [u8],
}

impl RowBinding<'_> {
    fn associated_data(&self, key: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        for part in [
            self.table.as_bytes(),
            self.column.as_bytes(),
            self.row,
            key.as_bytes(),
        ] {
            // Lengths keep ("ab", "c") apart from ("a", "bc").
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}

/// What was opened as a key; `None` unless it has 32 bytes. No copy is left behind.
pub(super) fn as_key(opened: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    (opened.len() == key.len()).then(|| {
        key.copy_from_slice(opened);
        key
    })
}

/// 32 bytes of key, ready for use; the key schedule is wiped when dropped.
pub(super) struct Cipher(Aes256Gcm);

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Nonce, ciphertext and tag; `None` when the value is too large for GCM (64 GiB).
    pub(super) fn seal(&self, key: &str, place: &RowBinding<'_>, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce = random::bytes::<NONCE>();
        let payload = Payload {
            msg: plain,
            aad: &place.associated_data(key),
        };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).ok()?;
        let mut out = Vec::with_capacity(NONCE + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Some(out)
    }

    /// The plaintext; `None` when key, place or bytes are not those of the sealing.
    pub(super) fn open(
        &self,
        key: &str,
        place: &RowBinding<'_>,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: body,
            aad: &place.associated_data(key),
        };
        self.0
            .decrypt(&Nonce::from(*nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }
}
