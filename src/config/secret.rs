//! References to secrets, and the only code that turns one into the secret.
//!
//! Settings hold references; whoever needs the secret calls [`SecretRef::resolve`] at that moment
//! and drops the result. A [`Secret`] is overwritten when it is dropped and has no printable form.

use std::{fmt, fs::File, io::Read, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{SecretAddress, Unfit, environment, schema::written_as_text};

/// A larger file is no secret but a mistake.
const BYTES_MAX: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a secret is: `file:PATH`, `env:NAME` or `keyvault:ADDRESS`. Printing it shows the place,
/// never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// The content of a file, without one trailing line break (LF or CRLF) and without a byte
    /// order mark.
    File(PathBuf),
    /// The value of an environment variable, as it is.
    Env(String),
    /// A secret in Azure Key Vault, as it is.
    KeyVault(SecretAddress),
}

written_as_text!(
    SecretRef,
    "a secret reference (`file:PATH`, `env:NAME` or `keyvault:https://NAME.vault.azure.net/secrets/NAME`)"
);

impl FromStr for SecretRef {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("env", name)) if !name.is_empty() && !name.contains('=') => {
                Ok(Self::Env(name.to_owned()))
            }
            Some(("file" | "env", _)) => Err(Unfit::because(
                "the reference names nothing; write `file:PATH` or `env:NAME`",
            )),
            Some(("keyvault", address)) => address.parse().map(Self::KeyVault),
            _ => Err(Unfit::because(
                "a secret is not written into the configuration; put it into a file that only \
                 the service can read and write `file:PATH` here, or use `env:NAME`",
            )),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::KeyVault(address) => write!(f, "keyvault:{address}"),
        }
    }
}

impl SecretRef {
    /// Reads the secret of a file or variable now. Nothing is cached, so that a rotated file is
    /// seen. One in Key Vault is fetched by `azure::Azure::secret`, which takes all kinds.
    ///
    /// # Errors
    /// The file or variable is missing, unreadable, empty or larger than 64 KiB; the message
    /// names the reference and what to do. [`SecretError::Elsewhere`] for one in Key Vault.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let (bytes, trimmed) = match self {
            Self::File(path) => trim(self.read(path)?),
            Self::Env(name) => {
                let value = environment::secret(name)
                    .ok_or_else(|| SecretError::NotSet { name: name.clone() })?;
                (Zeroizing::new(value), Trimmed::default())
            }
            Self::KeyVault(_) => {
                return Err(SecretError::Elsewhere {
                    reference: self.clone(),
                });
            }
        };
        Ok(Secret {
            trimmed,
            ..self.filled(bytes)?
        })
    }

    /// The secret of this reference, whose bytes were fetched.
    ///
    /// # Errors
    /// It is empty or larger than 64 KiB.
    pub fn filled(&self, bytes: Zeroizing<Vec<u8>>) -> Result<Secret, SecretError> {
        let reference = || self.clone();
        if bytes.is_empty() {
            return Err(SecretError::Empty {
                reference: reference(),
            });
        }
        if bytes.len() > BYTES_MAX {
            return Err(SecretError::TooLarge {
                reference: reference(),
            });
        }
        Ok(Secret {
            bytes,
            trimmed: Trimmed::default(),
        })
    }

    fn read(&self, path: &PathBuf) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let unreadable = |source| SecretError::Unreadable {
            reference: self.clone(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let limit = BYTES_MAX + BYTE_ORDER_MARK.len() + 3;
        // One allocation that never grows: growing would leave a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
        file.take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Ok(bytes)
    }
}

/// A secret in memory: overwritten on drop, without `Debug` content, never serialized.
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    trimmed: Trimmed,
}

/// What was taken off the content of a secret file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// A UTF-8 byte order mark stood at the start.
    pub byte_order_mark: bool,
    /// One line break (LF or CRLF) stood at the end.
    pub line_break: bool,
}

impl Secret {
    /// The secret.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The secret as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str, SecretError> {
        std::str::from_utf8(&self.bytes).map_err(|_| SecretError::NotText)
    }

    /// What was taken off, for `freehold doctor` to mention.
    #[must_use]
    pub fn trimmed(&self) -> Trimmed {
        self.trimmed
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A reference that yields no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error(
        "the secret {reference} cannot be read; the file must exist and be readable for the user the service runs as"
    )]
    Unreadable {
        /// The reference.
        reference: SecretRef,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The environment variable is not set.
    #[error(
        "the secret env:{name} is not there; set the environment variable {name} of the service"
    )]
    NotSet {
        /// The variable's name.
        name: String,
    },
    /// There is nothing in it.
    #[error("the secret {reference} is empty; write the secret there")]
    Empty {
        /// The reference.
        reference: SecretRef,
    },
    /// It cannot be a secret.
    #[error(
        "the secret {reference} is larger than 64 KiB; does the reference name the right file?"
    )]
    TooLarge {
        /// The reference.
        reference: SecretRef,
    },
    /// It is in Key Vault, and this place reads files and variables only.
    #[error("the secret {reference} is in Key Vault and cannot be used here; use file:PATH")]
    Elsewhere {
        /// The reference.
        reference: SecretRef,
    },
    /// It is used as text and is not UTF-8.
    #[error("the secret is not UTF-8 text; save the file as UTF-8")]
    NotText,
}

/// Editors and `echo` end a file with a line break, some begin it with a byte order mark; neither
/// is part of the secret. Everything else is, white space included.
fn trim(mut bytes: Zeroizing<Vec<u8>>) -> (Zeroizing<Vec<u8>>, Trimmed) {
    let mut trimmed = Trimmed::default();
    if bytes.ends_with(b"\n") {
        bytes.pop();
        trimmed.line_break = true;
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
        trimmed.byte_order_mark = true;
    }
    (bytes, trimmed)
}
