//! Bearer secrets that can be recognised without a database: a prefix, random base62 characters
//! and 6 of CRC-32. The store keeps only SHA-256 of the whole.
//!
//! A personal token has 30 random characters (178 bits): people paste it. What a browser carries
//! has 43 (256 bits).

use std::fmt;

use zeroize::Zeroizing;

use super::sha256;
use crate::base::random;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK: usize = 6;

/// What the secrets of one kind look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    prefix: &'static str,
    random: usize,
}

impl Form {
    /// A token that a person copies: 30 random characters. The prefix ends in an underscore.
    #[must_use]
    pub const fn personal(prefix: &'static str) -> Self {
        Self { prefix, random: 30 }
    }

    /// A session or a link, which only programs carry: 43 random characters, 256 bits.
    #[must_use]
    pub const fn session(prefix: &'static str) -> Self {
        Self { prefix, random: 43 }
    }
}

/// A secret to be shown once.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new secret of this form.
    #[must_use]
    pub fn new(form: Form) -> Self {
        // All at once: a text that grows leaves copies behind.
        let length = form.prefix.len() + form.random + CHECK;
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(form.prefix);
        let mut left = form.random;
        while left > 0 {
            for byte in Zeroizing::new(random::bytes::<64>()).iter() {
                // 248 = 4 x 62: bytes above it would make some characters likelier.
                if *byte < 248
                    && left > 0
                    && let Some(character) = ALPHABET.get(usize::from(*byte % 62))
                {
                    text.push(char::from(*character));
                    left -= 1;
                }
            }
        }
        let check = checksum(&text);
        text.push_str(&check);
        Self(text)
    }

    /// The text to show to its owner, once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Whether `text` has this form: the prefix, the length and a matching checksum. A stranger's
/// guess fails here, before the database is asked.
#[must_use]
pub fn is_well_formed(form: Form, text: &str) -> bool {
    let Some(rest) = text.strip_prefix(form.prefix) else {
        return false;
    };
    if rest.len() != form.random + CHECK || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (body, check) = text.split_at(text.len() - CHECK);
    checksum(body) == check
}

/// SHA-256 of a presented token, to look it up by.
#[must_use]
pub fn digest(text: &str) -> [u8; 32] {
    sha256(text.as_bytes())
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut out = [b'0'; CHECK];
    for place in out.iter_mut().rev() {
        *place = usize::try_from(rest % 62)
            .ok()
            .and_then(|i| ALPHABET.get(i))
            .copied()
            .unwrap_or(b'0');
        rest /= 62;
    }
    out.iter().map(|byte| char::from(*byte)).collect()
}
