//! Long texts in sealed chunks: AES-256-GCM with a key for one text only, so that a counter is the
//! nonce (NIST SP 800-38D §8.2.1). Counter and end are bound to each chunk, and so is what the text
//! is: chunks that were changed, moved, left out, added or taken from another text do not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Bytes that sealing adds to a chunk.
pub const CHUNK_TAG_BYTES: usize = 16;

/// Whether something follows a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// Another chunk does.
    More,
    /// Nothing does.
    Last,
}

/// The key of one text; wiped when dropped.
pub struct StreamKey {
    key: LessSafeKey,
    context: [u8; 32],
}

impl StreamKey {
    /// The key of the text that `context`, a hash, stands for; never used for another text. `None`
    /// when the library had no memory for it.
    #[must_use]
    pub fn new(key: &[u8; 32], context: [u8; 32]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
            context,
        })
    }

    /// Seals chunk number `counter`, in place, and adds its tag. `None` when the chunk is too large
    /// for GCM (64 GiB).
    #[must_use]
    pub fn seal(&self, counter: u64, end: Chunk, chunk: &mut Vec<u8>) -> Option<()> {
        let aad = Aad::from(self.bound_to(counter, end));
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce(counter), aad, chunk);
        sealed.ok()
    }

    /// Opens chunk number `counter`, in place. `None` when it is not what was sealed there; `chunk`
    /// holds nothing of use then.
    #[must_use]
    pub fn open(&self, counter: u64, end: Chunk, chunk: &mut Vec<u8>) -> Option<()> {
        let aad = Aad::from(self.bound_to(counter, end));
        let opened = self.key.open_in_place(nonce(counter), aad, chunk);
        let length = opened.ok()?.len();
        chunk.truncate(length);
        Some(())
    }

    fn bound_to(&self, counter: u64, end: Chunk) -> [u8; 41] {
        let mut bound = [0; 41];
        let (context, rest) = bound.split_at_mut(32);
        context.copy_from_slice(&self.context);
        let (number, last) = rest.split_at_mut(8);
        number.copy_from_slice(&counter.to_be_bytes());
        last.copy_from_slice(&[u8::from(end == Chunk::Last)]);
        bound
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
