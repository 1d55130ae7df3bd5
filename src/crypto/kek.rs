//! The key-encryption key: what wraps the root key, and never leaves its place.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::keys::{as_key, new_key};
use super::seal::{Cipher, RowBinding};
use super::{KeyBytes, RootId, WrappedRoot, hex, sha256};
use crate::azure::{Azure, KeyVaultError};
use crate::config::{KeyAddress, SecretError, SecretRef};

const HEADER: &str = "freehold-kek-1";

/// Where the key-encryption key is. It is asked each time; nothing of it is kept.
pub enum Kek {
    /// In a file, or wherever else a secret reference points.
    File(FileKek),
    /// In Azure Key Vault, which wraps and unwraps and never gives it away.
    KeyVault(KeyVaultKek),
}

/// A key in a file. Its id is made of the key itself, so a wrong file names itself.
pub struct FileKek(SecretRef);

/// A key in Azure Key Vault. The newest version wraps, unless the address names one; each version
/// unwraps what it has wrapped, so its full address is kept beside what it wrapped.
pub struct KeyVaultKek {
    azure: Azure,
    key: KeyAddress,
}

/// The key-encryption key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// The file cannot be written.
    #[error("cannot write the key file {path}: {source}: check `vault.key_file`")]
    Unwritable {
        /// Which file.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file or variable cannot be read.
    #[error("the key-encryption key cannot be had: {0}; check `vault.key_file`")]
    Secret(#[from] SecretError),
    /// The text is not a key file.
    #[error(
        "this is not a Freehold key file: expected one line \"{HEADER} BASE64\" with 32 bytes; \
         check `vault.key_file`"
    )]
    Format,
    /// The root key is wrapped by another key-encryption key.
    #[error(
        "the key ring is wrapped by {needed}, but the key file holds {given}: point \
         `vault.key_file` at the file with {needed}; nothing was changed"
    )]
    Wrong {
        /// The key that is needed.
        needed: String,
        /// The key that was given.
        given: String,
    },
    /// There is no address of a key.
    #[error(
        "`vault.kek = \"azure-key-vault\"` needs `vault.key_vault_key`: the key identifier there"
    )]
    NoAddress,
    /// Key Vault does not do it.
    #[error(
        "the key ring cannot be used without Key Vault: {0}; nothing was changed, and `freehold \
         doctor` tries the key"
    )]
    KeyVault(#[source] Box<KeyVaultError>),
    /// The root key is wrapped by what the configuration does not name.
    #[error(
        "the key ring is wrapped by {needed}, but `vault.key_vault_key` names {given}: a key in that \
         vault is needed, or `vault.kek = \"file\"` where that is a key file; nothing was changed"
    )]
    Elsewhere {
        /// What wrapped it.
        needed: String,
        /// What is configured.
        given: String,
    },
    /// A wrapped key does not open with the key that wrapped it.
    #[error("the wrapped key {0} is damaged: restore the key ring from the last backup")]
    Damaged(String),
}

impl KekError {
    /// Whether it is about a wrapping by another key than the configured one.
    #[must_use]
    pub const fn is_of_another(&self) -> bool {
        matches!(self, Self::Wrong { .. } | Self::Elsewhere { .. })
    }
}

impl From<KeyVaultError> for KekError {
    fn from(error: KeyVaultError) -> Self {
        Self::KeyVault(Box::new(error))
    }
}

impl Kek {
    /// The key file at `path`; made (mode 0600) when `may_create` and there is none.
    ///
    /// # Errors
    /// [`KekError`], so that a wrong setting is told at the start.
    pub fn from_file(path: &Path, may_create: bool) -> Result<Self, KekError> {
        if may_create && !path.exists() {
            create(path).map_err(|source| KekError::Unwritable {
                path: path.display().to_string(),
                source,
            })?;
        }
        Self::from_secret(SecretRef::File(path.to_owned()))
    }

    /// The text of a key file, wherever the reference points.
    ///
    /// # Errors
    /// [`KekError`], so that a wrong setting is told at the start.
    pub fn from_secret(reference: SecretRef) -> Result<Self, KekError> {
        let kek = FileKek(reference);
        kek.read()?;
        Ok(Self::File(kek))
    }

    /// The key at this address in Azure Key Vault; it is asked for the first time when something is
    /// wrapped or unwrapped.
    #[must_use]
    pub fn key_vault(azure: Azure, key: KeyAddress) -> Self {
        Self::KeyVault(KeyVaultKek { azure, key })
    }

    /// Where it is, in a word.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::KeyVault(_) => "azure-key-vault",
        }
    }

    /// Wraps a root key.
    ///
    /// # Errors
    /// [`KekError`] when the key-encryption key cannot be had.
    pub async fn wrap(&self, root: &RootId, key: &[u8; 32]) -> Result<WrappedRoot, KekError> {
        match self {
            Self::File(file) => file.wrap(root, key),
            Self::KeyVault(vault) => vault.wrap(root, key).await,
        }
    }

    /// Unwraps a root key.
    ///
    /// # Errors
    /// [`KekError`] when the key-encryption key cannot be had or is another one.
    pub async fn unwrap(&self, wrapped: &WrappedRoot) -> Result<KeyBytes, KekError> {
        match self {
            Self::File(file) => file.unwrap(wrapped),
            Self::KeyVault(vault) => vault.unwrap(wrapped).await,
        }
    }

    /// Unwraps a data key of a database from before there was a key ring: `kek_id` wrapped it.
    ///
    /// # Errors
    /// As [`Self::unwrap`].
    pub fn unwrap_data_key(
        &self,
        kek_id: &str,
        (data_key, wrapped): (&str, &[u8]),
    ) -> Result<KeyBytes, KekError> {
        match self {
            Self::File(file) => {
                let row = RowBinding {
                    table: "data_key",
                    column: "wrapped",
                    row: data_key.as_bytes(),
                };
                file.open(kek_id, &row, wrapped)
            }
            Self::KeyVault(vault) => Err(vault.elsewhere(kek_id)),
        }
    }
}

impl KeyVaultKek {
    async fn wrap(&self, root: &RootId, key: &[u8; 32]) -> Result<WrappedRoot, KekError> {
        let wrapped = self.azure.wrap_key(&self.key, key).await?;
        Ok(WrappedRoot {
            root: root.clone(),
            wrapper_id: wrapped.key.to_string(),
            bytes: wrapped.bytes,
        })
    }

    async fn unwrap(&self, wrapped: &WrappedRoot) -> Result<KeyBytes, KekError> {
        let by: Option<KeyAddress> = wrapped.wrapper_id.parse().ok();
        // A token goes to the configured vault only: whoever writes the key ring must not choose one.
        let same = |by: &KeyAddress| by.item().vault == self.key.item().vault;
        let by = by.filter(same);
        let by = by.ok_or_else(|| self.elsewhere(&wrapped.wrapper_id))?;
        let key = self.azure.unwrap_key(&by, &wrapped.bytes).await?;
        as_key(&key).ok_or_else(|| KekError::Damaged(wrapped.root.to_string()))
    }

    fn elsewhere(&self, needed: &str) -> KekError {
        KekError::Elsewhere {
            needed: needed.to_owned(),
            given: self.key.to_string(),
        }
    }
}

impl FileKek {
    fn wrap(&self, root: &RootId, key: &[u8; 32]) -> Result<WrappedRoot, KekError> {
        let (id, cipher) = self.read()?;
        let sealed = cipher.seal(&id, &place(root), (&[], key));
        Ok(WrappedRoot {
            root: root.clone(),
            wrapper_id: id,
            bytes: sealed.ok_or_else(|| KekError::Damaged(root.to_string()))?,
        })
    }

    fn unwrap(&self, wrapped: &WrappedRoot) -> Result<KeyBytes, KekError> {
        self.open(&wrapped.wrapper_id, &place(&wrapped.root), &wrapped.bytes)
    }

    fn open(
        &self,
        needed: &str,
        place: &RowBinding<'_>,
        wrapped: &[u8],
    ) -> Result<KeyBytes, KekError> {
        let (given, cipher) = self.read()?;
        if given != needed {
            return Err(KekError::Wrong {
                needed: needed.to_owned(),
                given,
            });
        }
        let key = cipher.open(&given, place, wrapped);
        let key = key.and_then(|key| as_key(&key));
        key.ok_or_else(|| KekError::Damaged(String::from_utf8_lossy(place.row).into_owned()))
    }

    fn read(&self) -> Result<(String, Cipher), KekError> {
        let secret = self.0.resolve()?;
        let body = secret.text()?.trim().strip_prefix(HEADER);
        let body = body.ok_or(KekError::Format)?;
        let bytes = Zeroizing::new(STANDARD.decode(body.trim()).map_err(|_| KekError::Format)?);
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| KekError::Format)?;
        let digest = hex(sha256(key).first_chunk::<8>().unwrap_or(&[0; 8]));
        Ok((format!("kek-{digest}"), Cipher::new(key)))
    }
}

fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let key = new_key();
    let encoded = Zeroizing::new(STANDARD.encode(key.as_slice()));
    let text = Zeroizing::new(format!("{HEADER} {}\n", *encoded));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn place(root: &RootId) -> RowBinding<'_> {
    RowBinding {
        table: "root_wrap",
        column: "wrapped",
        row: root.as_str().as_bytes(),
    }
}
