//! AES-256-GCM over one value, bound to its place.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::base::random;

const NONCE: usize = 12;
const TAG: usize = 16;

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

/// 32 bytes of key, ready for use; wiped when dropped, as the library does with all it allocates.
/// `None` when the library had no memory for it.
pub(super) struct Cipher(Option<LessSafeKey>);

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key);
        Self(key.ok().map(LessSafeKey::new))
    }

    /// `head`, nonce, ciphertext and tag; `None` when the value is too large for GCM (64 GiB).
    pub(super) fn seal(
        &self,
        key: &str,
        place: &RowBinding<'_>,
        (head, plain): (&[u8], &[u8]),
    ) -> Option<Vec<u8>> {
        let nonce = random::bytes::<NONCE>();
        let body = head.len() + NONCE;
        let mut out = Vec::with_capacity(body + plain.len() + TAG);
        out.extend_from_slice(head);
        out.extend_from_slice(&nonce);
        // Sealed where it stands: no copy of the plaintext is left.
        out.extend_from_slice(plain);
        let aad = Aad::from(place.associated_data(key));
        let nonce = Nonce::assume_unique_for_key(nonce);
        let cipher = self.0.as_ref()?;
        let tag = cipher.seal_in_place_separate_tag(nonce, aad, out.get_mut(body..)?);
        out.extend_from_slice(tag.ok()?.as_ref());
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
        let mut plain = Zeroizing::new(body.to_vec());
        let aad = Aad::from(place.associated_data(key));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.as_ref()?.open_in_place(nonce, aad, &mut plain);
        let length = opened.ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}
