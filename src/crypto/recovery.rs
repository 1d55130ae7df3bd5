//! The recovery key: an RSA key whose private half is kept offline. The root key is wrapped for it
//! a second time, so that a lost key-encryption key loses no data.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use zeroize::Zeroizing;

use super::keys::as_key;
use super::{KeyBytes, RootId, WrappedRoot, hex, sha256};

/// The smallest key that is taken, in bits: as strong as AES-128 (NIST SP 800-57 part 1, table 2).
const BITS_MIN: usize = 3072;

/// The recovery key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The public half is no such key.
    #[error(
        "this is no public key for recovery: expected PEM with \"BEGIN PUBLIC KEY\" of an RSA key; \
         `openssl pkey -in PRIVATE.pem -pubout` writes it"
    )]
    NotPublic,
    /// The private half is no such key.
    #[error(
        "this is no private key for recovery: expected PEM with \"BEGIN PRIVATE KEY\" of an RSA \
         key; `openssl pkey -in FILE` writes an encrypted or older one like this"
    )]
    NotPrivate,
    /// It is too short.
    #[error(
        "the recovery key has {0} bits: use one of {BITS_MIN} or more, such as \
         `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096` makes"
    )]
    Short(usize),
    /// The root key is not wrapped for it.
    #[error(
        "the root key {0} is not wrapped for this recovery key: it needs the private half of the \
         key that vault.recovery_key named when the service last ran"
    )]
    NotFor(RootId),
    /// The library refused.
    #[error("the root key could not be wrapped for recovery")]
    Wrap,
}

/// The public half, which wraps.
pub struct RecoveryKey {
    id: String,
    key: OaepPublicEncryptingKey,
}

impl RecoveryKey {
    /// Reads PEM: a `SubjectPublicKeyInfo` (RFC 7468 §13).
    ///
    /// # Errors
    /// [`RecoveryError::NotPublic`], [`RecoveryError::Short`].
    pub fn from_pem(text: &[u8]) -> Result<Self, RecoveryError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text);
        let der = der.map_err(|_| RecoveryError::NotPublic)?;
        let key = PublicEncryptingKey::from_der(&der).map_err(|_| RecoveryError::NotPublic)?;
        if key.key_size_bits() < BITS_MIN {
            return Err(RecoveryError::Short(key.key_size_bits()));
        }
        let digest = hex(sha256(&der).first_chunk::<8>().unwrap_or(&[0; 8]));
        Ok(Self {
            id: format!("recovery-{digest}"),
            key: OaepPublicEncryptingKey::new(key).map_err(|_| RecoveryError::NotPublic)?,
        })
    }

    /// Its id: `recovery-` and 16 hexadecimal digits of SHA-256 of the public key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Wraps a root key with RSA-OAEP, SHA-256 and MGF1 with SHA-256 (RFC 8017 §7.1), no label.
    ///
    /// # Errors
    /// [`RecoveryError::Wrap`].
    pub fn wrap(&self, root: &RootId, key: &[u8; 32]) -> Result<WrappedRoot, RecoveryError> {
        let mut bytes = vec![0; self.key.ciphertext_size()];
        let wrapped = self
            .key
            .encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut bytes, None);
        wrapped.map_err(|_| RecoveryError::Wrap)?;
        Ok(WrappedRoot {
            root: root.clone(),
            wrapper_id: self.id.clone(),
            bytes,
        })
    }
}

/// The private half, which is brought from where it is kept and unwraps once.
pub struct RecoveryPrivateKey(OaepPrivateDecryptingKey);

impl RecoveryPrivateKey {
    /// Reads PEM: PKCS #8, not encrypted (RFC 7468 §10).
    ///
    /// # Errors
    /// [`RecoveryError::NotPrivate`].
    pub fn from_pem(text: &[u8]) -> Result<Self, RecoveryError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text);
        let der = der.map_err(|_| RecoveryError::NotPrivate)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der());
        let key = key.and_then(|key| Ok(OaepPrivateDecryptingKey::new(key)?));
        Ok(Self(key.map_err(|_| RecoveryError::NotPrivate)?))
    }

    /// Unwraps a root key.
    ///
    /// # Errors
    /// [`RecoveryError::NotFor`].
    pub fn unwrap(&self, wrapped: &WrappedRoot) -> Result<KeyBytes, RecoveryError> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let opened = self
            .0
            .decrypt(&OAEP_SHA256_MGF1SHA256, &wrapped.bytes, &mut out, None);
        let key = opened.ok().and_then(|opened| as_key(opened));
        key.ok_or_else(|| RecoveryError::NotFor(wrapped.root.clone()))
    }
}
