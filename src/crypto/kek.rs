//! The key-encryption key from a file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::seal::{Cipher, RowBinding};
use super::{hex, sha256};
use crate::base::random;

const HEADER: &str = "freehold-kek-1";

/// A key that wraps data keys. Its id is made of the key itself, so a wrong file names itself.
pub struct Kek {
    id: String,
    cipher: Cipher,
}

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// The file cannot be read or written.
    #[error("cannot {what} the key file {path}: {source}: check `vault.key_file`")]
    File {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The text is not a key file.
    #[error(
        "this is not a Freehold key file: expected one line \"{HEADER} BASE64\" with 32 bytes; \
         check `vault.key_file`"
    )]
    Format,
}

impl Kek {
    fn new(key: &[u8; 32]) -> Self {
        let id = format!(
            "kek-{}",
            hex(sha256(key).first_chunk::<8>().unwrap_or(&[0; 8]))
        );
        Self {
            id,
            cipher: Cipher::new(key),
        }
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// [`KekError::Format`].
    pub fn parse(text: &str) -> Result<Self, KekError> {
        let body = text.trim().strip_prefix(HEADER).ok_or(KekError::Format)?;
        let bytes = Zeroizing::new(STANDARD.decode(body.trim()).map_err(|_| KekError::Format)?);
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| KekError::Format)?;
        Ok(Self::new(key))
    }

    /// Reads the key file at `path`, or makes it (mode 0600) when `may_create` and there is none.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn from_file(path: &Path, may_create: bool) -> Result<Self, KekError> {
        let failed = |what, source| KekError::File {
            what,
            path: path.display().to_string(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&Zeroizing::new(text)),
            Err(error) if may_create && error.kind() == std::io::ErrorKind::NotFound => {
                Self::create(path).map_err(|source| failed("write", source))
            }
            Err(source) => Err(failed("read", source)),
        }
    }

    fn create(path: &Path) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let key = Zeroizing::new(random::bytes::<32>());
        let text = Zeroizing::new(format!("{HEADER} {}\n", STANDARD.encode(key.as_slice())));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(Self::new(&key))
    }

    /// The id: `kek-` and 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn wrap(&self, data_key: &str, key: &[u8; 32]) -> Option<Vec<u8>> {
        self.cipher.seal(&self.id, &place(data_key), key)
    }

    pub(super) fn unwrap(&self, data_key: &str, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.cipher.open(&self.id, &place(data_key), wrapped)
    }
}

fn place(data_key: &str) -> RowBinding<'_> {
    RowBinding {
        table: "data_key",
        column: "wrapped",
        row: data_key.as_bytes(),
    }
}
