//! The keys in memory, and sealing with them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use parking_lot::RwLock;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ed25519::SigningKey;
use super::keys::{as_key, new_key};
use super::seal::{Cipher, RowBinding};
use super::{KeyBytes, KeyId, Owner, Purpose, RootId, WrappedKey};
use crate::base::Kind;

/// The vault cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A wrapped data key does not open with the root key that wrapped it.
    #[error("the data key {0} is damaged: restore the key ring from the last backup")]
    DamagedKey(KeyId),
    /// The root key that wrapped a data key is not open.
    #[error("the root key {0} is not in the key ring: restore the key ring from the last backup")]
    UnknownRoot(RootId),
    /// The key that sealed a value is not in the ring.
    #[error(
        "a value is sealed with {0}, which is not in the key ring: it was destroyed, or the key ring is older than the data"
    )]
    UnknownKey(KeyId),
    /// The value does not open.
    #[error("a sealed value does not open: it was damaged or moved to another row")]
    DoesNotOpen,
    /// The owner has no key to seal with.
    #[error(
        "the key ring has no key of {0}: it was destroyed, or the key ring is older than the data"
    )]
    NoKey(Owner),
    /// The keys were wiped because the key-encryption key does not answer.
    #[error(
        "the service is without its keys, because the key-encryption key does not answer: {0}. It \
         goes on by itself as soon as that answers"
    )]
    Locked(String),
    /// There is no key for look-up hashes, or no root key.
    #[error("the key ring has no {0}: restore the key ring from the last backup")]
    Missing(&'static str),
}

impl VaultError {
    /// How the caller should take it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Locked(_) => Kind::Unavailable,
            _ => Kind::Internal,
        }
    }
}

/// The keys in memory; cheap to clone.
#[derive(Clone, Default)]
pub struct Vault(pub(super) Arc<RwLock<Held>>);

#[derive(Default)]
pub(super) struct Held {
    roots: HashMap<RootId, Arc<Cipher>>,
    /// The root key that wraps new data keys.
    root: Option<RootId>,
    pub(super) keys: HashMap<KeyId, Arc<DataKey>>,
    /// The newest content key of each owner.
    pub(super) sealing: HashMap<Owner, Arc<DataKey>>,
    index: Option<Arc<KeyBytes>>,
    signers: HashMap<KeyId, Arc<SigningKey>>,
    /// The newest signing key.
    signing: Option<(i64, KeyId)>,
    /// Why there are no keys.
    pub(super) locked: Option<String>,
}

pub(super) struct DataKey {
    pub(super) id: KeyId,
    pub(super) owner: Owner,
    pub(super) created_at: i64,
    cipher: Cipher,
    /// Values sealed since the count was last taken.
    pub(super) sealed: AtomicU64,
    /// Values sealed before that, by all processes.
    pub(super) sealed_before: AtomicU64,
}

/// When a content key has done enough. More than 2^32 values with random nonces would make it
/// likely enough that two have the same (NIST SP 800-38D §8.3).
#[derive(Debug, Clone, Copy)]
pub struct KeyLimits {
    /// Values it may have sealed. What a crash leaves uncounted is that of a minute: less than 2^26
    /// for each processor, so from 2^30 to 2^32 there is room for almost fifty of them.
    pub seals_max: u64,
    /// How old it may be.
    pub age_max: SignedDuration,
}

impl Default for KeyLimits {
    /// 2^30 values, one year.
    fn default() -> Self {
        Self {
            seals_max: 1 << 30,
            age_max: SignedDuration::from_hours(365 * 24),
        }
    }
}

impl Held {
    fn add_content(&mut self, key: &WrappedKey, bytes: &[u8; 32]) {
        if self.keys.contains_key(&key.id) {
            return;
        }
        let new = Arc::new(DataKey {
            id: key.id.clone(),
            owner: key.owner,
            created_at: key.created_at,
            cipher: Cipher::new(bytes),
            sealed: AtomicU64::new(0),
            sealed_before: AtomicU64::new(key.sealed_count.unsigned_abs()),
        });
        let order = |key: &DataKey| (key.created_at, key.id.clone());
        let newest = self.sealing.get(&key.owner);
        if newest.is_none_or(|present| order(present) < order(&new)) {
            self.sealing.insert(key.owner, Arc::clone(&new));
        }
        self.keys.insert(key.id.clone(), new);
    }
}

impl Vault {
    /// Adds an unwrapped root key. The last one added wraps new data keys.
    pub fn add_root(&self, id: RootId, key: &[u8; 32]) {
        let mut held = self.0.write();
        held.roots.insert(id.clone(), Arc::new(Cipher::new(key)));
        held.root = Some(id);
    }

    /// The root key that wraps new data keys.
    #[must_use]
    pub fn root(&self) -> Option<RootId> {
        self.0.read().root.clone()
    }

    /// Wraps a stored data key with the root key of `next` instead.
    ///
    /// # Errors
    /// [`VaultError::UnknownRoot`] or [`VaultError::DamagedKey`].
    pub fn rewrap(&self, key: WrappedKey, next: &Self) -> Result<WrappedKey, VaultError> {
        let bytes = self.unwrap(&key)?;
        next.wrap(key, &bytes)
    }

    /// Forgets all root keys but these.
    pub fn retain_roots(&self, ids: &[RootId]) {
        self.0.write().roots.retain(|id, _| ids.contains(id));
    }

    /// Whether this root key is here.
    #[must_use]
    pub fn has_root(&self, id: &RootId) -> bool {
        self.0.read().roots.contains_key(id)
    }

    /// Makes a data key and wraps it. It is not used before [`Self::add`], and the caller makes it
    /// durable before that.
    ///
    /// # Errors
    /// [`VaultError::Missing`] without a root key.
    pub fn make_key(
        &self,
        owner: Owner,
        purpose: Purpose,
        created_at: i64,
    ) -> Result<WrappedKey, VaultError> {
        let key = new_key();
        let new = WrappedKey {
            id: KeyId::fresh(purpose),
            owner,
            purpose,
            root: RootId::new(""),
            wrapped: Vec::new(),
            created_at,
            sealed_count: 0,
        };
        self.wrap(new, &key)
    }

    /// Wraps `key` with the newest root key; the rest of `named` stays as it is.
    ///
    /// # Errors
    /// [`VaultError::Missing`] without a root key.
    pub fn wrap(&self, named: WrappedKey, key: &[u8; 32]) -> Result<WrappedKey, VaultError> {
        let newest = || {
            let held = self.0.read();
            let id = held.root.clone()?;
            let cipher = held.roots.get(&id)?;
            Some((id, Arc::clone(cipher)))
        };
        let (root, cipher) =
            newest().ok_or_else(|| self.or_locked(VaultError::Missing("root key")))?;
        let row = key_row(&named);
        let sealed = cipher.seal(root.as_str(), &key_place(&row), (&[], key));
        let wrapped = sealed.ok_or(VaultError::DoesNotOpen)?;
        Ok(WrappedKey {
            root,
            wrapped,
            ..named
        })
    }

    /// Adds a stored data key. Of an owner's content keys the newest seals.
    ///
    /// # Errors
    /// [`VaultError::UnknownRoot`] or [`VaultError::DamagedKey`].
    pub fn add(&self, key: &WrappedKey) -> Result<(), VaultError> {
        if self.0.read().keys.contains_key(&key.id) {
            return Ok(());
        }
        let bytes = self.unwrap(key)?;
        let mut held = self.0.write();
        match key.purpose {
            Purpose::Content => held.add_content(key, &bytes),
            Purpose::Index => held.index = Some(Arc::new(bytes)),
            Purpose::Sign => {
                let signer = SigningKey::new(&bytes);
                let signer = signer.ok_or_else(|| VaultError::DamagedKey(key.id.clone()))?;
                held.signers.insert(key.id.clone(), Arc::new(signer));
                let new = (key.created_at, key.id.clone());
                held.signing = held.signing.take().max(Some(new));
            }
        }
        Ok(())
    }

    fn unwrap(&self, key: &WrappedKey) -> Result<KeyBytes, VaultError> {
        let root = self.0.read().roots.get(&key.root).cloned();
        let root = root.ok_or_else(|| VaultError::UnknownRoot(key.root.clone()))?;
        let row = key_row(key);
        let bytes = root.open(key.root.as_str(), &key_place(&row), &key.wrapped);
        let bytes = bytes.and_then(|bytes| as_key(&bytes));
        bytes.ok_or_else(|| VaultError::DamagedKey(key.id.clone()))
    }

    /// Forgets the keys of an owner.
    pub fn forget(&self, owner: &Owner) {
        let mut held = self.0.write();
        held.keys.retain(|_, key| key.owner != *owner);
        held.sealing.remove(owner);
    }

    /// Whether the owner has a key to seal with.
    #[must_use]
    pub fn can_seal(&self, owner: &Owner) -> bool {
        self.0.read().sealing.contains_key(owner)
    }

    /// Seals `plain` with the owner's newest key for the place `place`.
    ///
    /// The result carries the key's id: `1`, length of the id, id, nonce (12), ciphertext, tag (16).
    ///
    /// # Errors
    /// [`VaultError::NoKey`].
    pub fn seal(
        &self,
        owner: &Owner,
        place: &RowBinding<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.0.read().sealing.get(owner).cloned();
        let key = key.ok_or_else(|| self.or_locked(VaultError::NoKey(*owner)))?;
        key.sealed.fetch_add(1, Ordering::Relaxed);
        let name = key.id.as_str();
        let length = u8::try_from(name.len()).map_err(|_| VaultError::NoKey(*owner))?;
        let mut head = Vec::with_capacity(2 + name.len());
        head.extend_from_slice(&[1, length]);
        head.extend_from_slice(name.as_bytes());
        let sealed = key.cipher.seal(name, place, (&head, plain));
        sealed.ok_or(VaultError::DoesNotOpen)
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
        let parts = rest.split_at_checked(usize::from(*length));
        let (name, body) = parts.ok_or(VaultError::DoesNotOpen)?;
        let name = std::str::from_utf8(name).map_err(|_| VaultError::DoesNotOpen)?;
        let key = self.0.read().keys.get(name).cloned();
        let unknown = || self.or_locked(VaultError::UnknownKey(KeyId::new(name)));
        let key = key.ok_or_else(unknown)?;
        let opened = key.cipher.open(name, place, body);
        opened.ok_or(VaultError::DoesNotOpen)
    }

    /// Signs `message` with the newest signing key: the key's name, and 64 bytes of Ed25519
    /// (RFC 8032).
    ///
    /// # Errors
    /// [`VaultError::Missing`].
    pub fn sign(&self, message: &[u8]) -> Result<(KeyId, Vec<u8>), VaultError> {
        let newest = || {
            let held = self.0.read();
            let (_, id) = held.signing.clone()?;
            Some((id.clone(), Arc::clone(held.signers.get(&id)?)))
        };
        let missing = || self.or_locked(VaultError::Missing("key for signatures"));
        let (id, signer) = newest().ok_or_else(missing)?;
        Ok((id, signer.sign(message)))
    }

    /// Whether the signing key `key` made `signature` of `message`. Not with a key that is not here.
    #[must_use]
    pub fn is_signed(&self, key: &KeyId, message: &[u8], signature: &[u8]) -> bool {
        let signer = self.0.read().signers.get(key).cloned();
        signer.is_some_and(|signer| signer.is_signed(message, signature))
    }

    /// A keyed hash (HMAC-SHA-256) of `value`, to look it up by without keeping it readable.
    /// `domain` keeps equal values in different columns apart.
    ///
    /// # Errors
    /// [`VaultError::Missing`].
    pub fn look_up_hash(&self, domain: &str, value: &[u8]) -> Result<[u8; 32], VaultError> {
        let missing = || VaultError::Missing("key for look-up hashes");
        let key = self.0.read().index.clone();
        let key = key.ok_or_else(|| self.or_locked(missing()))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).map_err(|_| missing())?;
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        Ok(mac.finalize().into_bytes().into())
    }
}

/// What a wrapped data key is bound to: nobody can give it to another owner.
fn key_row(key: &WrappedKey) -> String {
    let (id, owner) = (key.id.as_str(), key.owner.to_text());
    format!("{id} {owner} {}", key.purpose.as_str())
}

fn key_place(row: &str) -> RowBinding<'_> {
    RowBinding {
        table: "data_key",
        column: "wrapped",
        row: row.as_bytes(),
    }
}
