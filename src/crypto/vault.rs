//! Data keys in memory, and sealing with them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::RwLock;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::{Cipher, RowBinding};
use super::{Kek, hex};
use crate::base::random;

/// The name of a data key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The key called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Seals contents.
    Content,
    /// Makes keyed hashes to look sealed values up by.
    Index,
}

impl Purpose {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Index => "index",
        }
    }
}

/// A data key as the store keeps it.
#[derive(Clone)]
pub struct WrappedKey {
    /// Its name.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// The key that wrapped it.
    pub kek_id: String,
    /// The wrapped bytes.
    pub wrapped: Vec<u8>,
}

/// The vault cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The data keys are wrapped by another key-encryption key.
    #[error(
        "the database's keys are wrapped by {needed}, but the key file holds {given}: point \
         `vault.key_file` at the file with {needed}; nothing was changed"
    )]
    WrongKek {
        /// The key that is needed.
        needed: String,
        /// The key that was given.
        given: String,
    },
    /// A wrapped key does not open.
    #[error("the data key {0} is damaged: restore the key ring from the last backup")]
    DamagedKey(KeyId),
    /// The key that sealed a value is not in the ring.
    #[error(
        "a value is sealed with {0}, which is not in the key ring: it was destroyed, or the key ring is older than the data"
    )]
    UnknownKey(KeyId),
    /// The value does not open.
    #[error("a sealed value does not open: it was damaged or moved to another row")]
    DoesNotOpen,
    /// There is no key for this purpose.
    #[error("the key ring has no key for {0}: restore it from the last backup")]
    NoKey(&'static str),
}

/// The keys in memory; cheap to clone.
#[derive(Clone, Default)]
pub struct Vault(Arc<RwLock<Ring>>);

#[derive(Default)]
struct Ring {
    ciphers: HashMap<KeyId, Arc<Cipher>>,
    content: Option<KeyId>,
    index: Option<Zeroizing<Vec<u8>>>,
}

impl Vault {
    /// Makes a data key and wraps it; the caller stores it before it uses it.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] when wrapping fails.
    pub fn make_key(kek: &Kek, purpose: Purpose) -> Result<WrappedKey, VaultError> {
        let id = KeyId(format!(
            "{}-{}",
            purpose.as_str(),
            hex(&random::bytes::<8>())
        ));
        let key = Zeroizing::new(random::bytes::<32>());
        let wrapped = kek.wrap(id.as_str(), &key).ok_or(VaultError::DoesNotOpen)?;
        Ok(WrappedKey {
            id,
            purpose,
            kek_id: kek.id().to_owned(),
            wrapped,
        })
    }

    /// Adds a stored key to the ring. Of several content keys the last added seals.
    ///
    /// # Errors
    /// [`VaultError::WrongKek`] or [`VaultError::DamagedKey`].
    pub fn add(&self, kek: &Kek, key: &WrappedKey) -> Result<(), VaultError> {
        if key.kek_id != kek.id() {
            return Err(VaultError::WrongKek {
                needed: key.kek_id.clone(),
                given: kek.id().to_owned(),
            });
        }
        let damaged = || VaultError::DamagedKey(key.id.clone());
        let bytes = kek
            .unwrap(key.id.as_str(), &key.wrapped)
            .ok_or_else(damaged)?;
        let array: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| damaged())?;
        let mut ring = self.0.write();
        match key.purpose {
            Purpose::Content => {
                ring.ciphers
                    .insert(key.id.clone(), Arc::new(Cipher::new(array)));
                ring.content = Some(key.id.clone());
            }
            Purpose::Index => ring.index = Some(bytes),
        }
        Ok(())
    }

    /// The key that new contents are sealed with.
    ///
    /// # Errors
    /// [`VaultError::NoKey`].
    pub fn content_key(&self) -> Result<KeyId, VaultError> {
        self.0
            .read()
            .content
            .clone()
            .ok_or(VaultError::NoKey("contents"))
    }

    /// Seals `plain` with `key` for the place `place`.
    ///
    /// The result carries the key's id: `1`, length of the id, id, nonce (12), ciphertext, tag (16).
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`].
    pub fn seal(
        &self,
        key: &KeyId,
        place: &RowBinding<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let unknown = || VaultError::UnknownKey(key.clone());
        let cipher = self.cipher(key).ok_or_else(unknown)?;
        let name = key.as_str();
        let length = u8::try_from(name.len()).map_err(|_| unknown())?;
        let sealed = cipher
            .seal(name, place, plain)
            .ok_or(VaultError::DoesNotOpen)?;
        let mut out = Vec::with_capacity(2 + name.len() + sealed.len());
        out.push(1);
        out.push(length);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Self::seal`] made for the same place.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] or [`VaultError::DoesNotOpen`].
    pub fn open(
        &self,
        place: &RowBinding<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let [1, length, rest @ ..] = sealed else {
            return Err(VaultError::DoesNotOpen);
        };
        let (name, body) = rest
            .split_at_checked(usize::from(*length))
            .ok_or(VaultError::DoesNotOpen)?;
        let name = std::str::from_utf8(name).map_err(|_| VaultError::DoesNotOpen)?;
        let key = KeyId::new(name);
        let cipher = self.cipher(&key).ok_or(VaultError::UnknownKey(key))?;
        cipher
            .open(name, place, body)
            .ok_or(VaultError::DoesNotOpen)
    }

    /// A keyed hash (HMAC-SHA-256) of `value`, to look it up by without keeping it readable.
    /// `domain` keeps equal values in different columns apart.
    ///
    /// # Errors
    /// [`VaultError::NoKey`].
    pub fn look_up_hash(&self, domain: &str, value: &[u8]) -> Result<[u8; 32], VaultError> {
        let ring = self.0.read();
        let key = ring
            .index
            .as_ref()
            .ok_or(VaultError::NoKey("look-up hashes"))?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).map_err(|_| VaultError::NoKey("look-up hashes"))?;
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        Ok(mac.finalize().into_bytes().into())
    }

    fn cipher(&self, key: &KeyId) -> Option<Arc<Cipher>> {
        self.0.read().ciphers.get(key).cloned()
    }
}
