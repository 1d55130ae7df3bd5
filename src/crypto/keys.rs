//! The names of keys, and keys as the key ring keeps them.

use std::borrow::Borrow;
use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::hex;
use crate::base::{Id, random};

/// The 32 bytes of a key, wiped when dropped. They stay where they are when the value is handed on:
/// moving the bytes themselves would leave copies behind.
pub type KeyBytes = Box<Zeroizing<[u8; 32]>>;

/// A new random key.
#[must_use]
pub fn new_key() -> KeyBytes {
    let mut key = KeyBytes::default();
    random::fill(&mut key[..]);
    key
}

/// What was opened as a key; `None` unless it has 32 bytes.
pub(super) fn as_key(opened: &[u8]) -> Option<KeyBytes> {
    let mut key = KeyBytes::default();
    (opened.len() == key.len()).then(|| {
        key.copy_from_slice(opened);
        key
    })
}

/// The name of a data key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The key called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A name that no key has.
    pub(super) fn fresh(purpose: Purpose) -> Self {
        let random = hex(&random::bytes::<8>());
        Self(format!("{}-{random}", purpose.as_str()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for KeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a root key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(String);

impl RootId {
    /// The root key called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A name that no root key has: `root-` and 16 hexadecimal digits.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("root-{}", hex(&random::bytes::<8>())))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose keys. What is sealed for one owner becomes unreadable when the owner's keys are destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Everybody's: what belongs to no single person.
    Organisation,
    /// One person, by the 16 bytes of their identifier.
    Principal([u8; 16]),
}

impl Owner {
    /// The person with this identifier.
    #[must_use]
    pub const fn principal<T>(id: Id<T>) -> Self {
        Self::Principal(*id.as_bytes())
    }

    /// The text in the key ring: `organisation`, or the identifier.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Organisation => "organisation".to_owned(),
            Self::Principal(id) => Uuid::from_bytes(id).to_string(),
        }
    }

    /// Reads [`Self::to_text`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text == "organisation" {
            return Some(Self::Organisation);
        }
        let id = Uuid::try_parse(text).ok()?;
        Some(Self::Principal(id.into_bytes()))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation => f.write_str("the organisation"),
            Self::Principal(_) => write!(f, "the principal {}", self.to_text()),
        }
    }
}

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Seals contents.
    Content,
    /// Makes keyed hashes to look sealed values up by.
    Index,
    /// Signs what the organisation vouches for.
    Sign,
}

impl Purpose {
    /// The word in the key ring.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Index => "index",
            Self::Sign => "sign",
        }
    }

    /// Reads [`Self::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut all = [Self::Content, Self::Index, Self::Sign].into_iter();
        all.find(|purpose| purpose.as_str() == text)
    }
}

/// A data key as the key ring keeps it.
#[derive(Clone)]
pub struct WrappedKey {
    /// Its name.
    pub id: KeyId,
    /// Whose it is.
    pub owner: Owner,
    /// What it is for.
    pub purpose: Purpose,
    /// The root key that wrapped it.
    pub root: RootId,
    /// The wrapped bytes, bound to name, owner and purpose.
    pub wrapped: Vec<u8>,
    /// When it was made, in microseconds UTC. Of an owner's keys the newest seals.
    pub created_at: i64,
    /// How many values it has sealed, as far as was written down.
    pub sealed_count: i64,
}

/// A root key as the key ring keeps it.
#[derive(Clone)]
pub struct WrappedRoot {
    /// The root key.
    pub root: RootId,
    /// What wrapped it: `kek-` and 16 hexadecimal digits for a key file.
    pub wrapper_id: String,
    /// The wrapped bytes.
    pub bytes: Vec<u8>,
}
