//! The format of an object, described in `docs/backup.md`: head, then sealed chunks.
//!
//! ```text
//! "FREEHOLD"  version (u32)  length (u32)  head (JSON, that many bytes)
//! then for each chunk: its length before sealing (u32, highest bit: the last)  AES-256-GCM, tag
//! ```
//! Numbers are big-endian. All bytes of the head are bound to every chunk.

use std::fs::File;
use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::model::Part;
use super::{BackupError, BackupId};
use crate::crypto::{CHUNK_TAG_BYTES, Chunk, RootId, StreamKey, WrappedRoot, sha256};

const MAGIC: &[u8; 8] = b"FREEHOLD";
/// The format that is written; older ones are read, newer ones are not.
const VERSION: u32 = 1;
/// Magic, version, length.
const FIXED_BYTES: usize = 16;
/// A head is never longer, and an object never begins with more that is not sealed.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// So many bytes are sealed at once.
const CHUNK_BYTES: usize = 1024 * 1024;
/// The bit that marks the last chunk.
const LAST: u32 = 1 << 31;
/// How hard zstd tries: sealed columns do not get smaller, so more would be for nothing.
const LEVEL: i32 = 1;
/// How wrappings for a recovery key are called.
const RECOVERY: &str = "recovery-";

/// What an object says of itself, readable by everybody who can read the object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    /// Which half it is.
    pub(super) part: Part,
    /// Of which backup.
    pub(super) id: BackupId,
    /// The version of the program that made it.
    pub(super) app: String,
    /// The last step of the database's schema; of a key ring, too.
    pub(super) schema: String,
    /// The key ring that it belongs to.
    pub(super) ring: String,
    /// The size of the copy, in bytes.
    pub(super) plain_bytes: u64,
    /// The key of this object, once for each key that opens it.
    pub(super) wraps: Vec<Wrap>,
}

/// The object's key, wrapped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wrap {
    /// By which key: `kek-…`, the address of a key in Key Vault, `recovery-…`.
    pub(super) by: String,
    /// The wrapped bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(super) bytes: Vec<u8>,
}

/// A head that was read, and what its bytes stand for.
pub(super) struct ReadHead {
    pub(super) head: Head,
    /// How many bytes it takes.
    pub(super) length: usize,
    /// What every chunk is bound to.
    pub(super) context: [u8; 32],
}

impl Head {
    /// The name under which the key of this object is wrapped.
    pub(super) fn key_name(id: &BackupId, part: Part) -> RootId {
        RootId::new(&format!("backup-{}-{id}", part.folder()))
    }

    /// The wrappings for a recovery key, or the others.
    pub(super) fn wrapped(&self, for_recovery: bool) -> Vec<WrappedRoot> {
        let ours = self.wraps.iter();
        let ours = ours.filter(|wrap| wrap.by.starts_with(RECOVERY) == for_recovery);
        let root = |wrap: &Wrap| WrappedRoot {
            root: Self::key_name(&self.id, self.part),
            wrapper_id: wrap.by.clone(),
            bytes: wrap.bytes.clone(),
        };
        ours.map(root).collect()
    }

    /// Its bytes, as they begin an object.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let text = serde_json::to_vec(self)?;
        let mut bytes = Vec::with_capacity(FIXED_BYTES + text.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&text);
        Ok(bytes)
    }

    /// Reads the head of `object`, of which these are the first bytes.
    pub(super) fn read(bytes: &[u8], object: &str) -> Result<ReadHead, BackupError> {
        let cut = || BackupError::Truncated {
            object: object.to_owned(),
            bytes: bytes.len() as u64,
        };
        let magic = bytes
            .get(..MAGIC.len().min(bytes.len()))
            .unwrap_or_default();
        if !MAGIC.starts_with(magic) {
            return Err(BackupError::NoBackup(object.to_owned()));
        }
        let fixed: &[u8; FIXED_BYTES] = bytes.first_chunk().ok_or_else(cut)?;
        let [.., v0, v1, v2, v3, l0, l1, l2, l3] = *fixed;
        let version = u32::from_be_bytes([v0, v1, v2, v3]);
        if version > VERSION {
            return Err(BackupError::NewerFormat {
                object: object.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        let length = FIXED_BYTES + u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > HEAD_BYTES_MAX {
            return Err(damaged(object, "its head is too long"));
        }
        let whole = bytes.get(..length).ok_or_else(cut)?;
        let text = whole.get(FIXED_BYTES..).unwrap_or_default();
        let head = serde_json::from_slice(text);
        Ok(ReadHead {
            head: head.map_err(|_| damaged(object, "its head cannot be read"))?,
            length,
            context: sha256(whole),
        })
    }
}

pub(super) fn damaged(object: &str, what: &str) -> BackupError {
    BackupError::Damaged {
        object: object.to_owned(),
        what: what.to_owned(),
    }
}

/// Compresses and seals the file `plain` into `out`, which gets a whole object.
pub(super) fn seal(
    plain: &mut File,
    head: &Head,
    key: &[u8; 32],
    mut out: impl Write,
) -> io::Result<()> {
    let head = head.to_bytes()?;
    let key = StreamKey::new(key, sha256(&head));
    let key = key.ok_or_else(|| io::Error::other("there is no memory for a key"))?;
    out.write_all(&head)?;
    let sealer = Sealer {
        out,
        key,
        counter: 0,
        chunk: Vec::with_capacity(CHUNK_BYTES + CHUNK_TAG_BYTES),
    };
    let mut packer = zstd::stream::write::Encoder::new(sealer, LEVEL)?;
    io::copy(plain, &mut packer)?;
    let mut sealer = packer.finish()?;
    sealer.seal(Chunk::Last)?;
    sealer.out.flush()
}

struct Sealer<W> {
    out: W,
    key: StreamKey,
    counter: u64,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    fn seal(&mut self, end: Chunk) -> io::Result<()> {
        let length = u32::try_from(self.chunk.len()).unwrap_or(u32::MAX);
        let mark = if end == Chunk::Last { LAST } else { 0 };
        let sealed = self.key.seal(self.counter, end, &mut self.chunk);
        sealed.ok_or_else(|| io::Error::other("a chunk cannot be sealed"))?;
        self.out.write_all(&(length | mark).to_be_bytes())?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        self.counter += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        // Only what is followed by something is no last chunk.
        if self.chunk.len() == CHUNK_BYTES && !plain.is_empty() {
            self.seal(Chunk::More)?;
        }
        let room = CHUNK_BYTES - self.chunk.len();
        let taken = plain.get(..room).unwrap_or(plain);
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens and unpacks what follows a head into `out`. `sealed` may fail with a [`BackupError`] within.
pub(super) fn open(
    sealed: impl Read,
    read: &ReadHead,
    (key, object): (&[u8; 32], &str),
    (out, path): (&mut File, &std::path::Path),
) -> Result<(), BackupError> {
    let key = StreamKey::new(key, read.context).ok_or_else(|| damaged(object, "no memory"))?;
    let opener = Opener {
        sealed,
        key,
        object,
        counter: 0,
        seen: read.length as u64,
        chunk: Vec::new(),
        at: 0,
        is_over: false,
    };
    let fault = |error: io::Error| match error.downcast::<BackupError>() {
        Ok(known) => known,
        Err(_) => damaged(object, "it does not unpack"),
    };
    let mut unpacker = zstd::stream::read::Decoder::new(opener).map_err(fault)?;
    let mut piece = vec![0; 256 * 1024];
    let mut plain_bytes = 0_u64;
    loop {
        let count = unpacker.read(&mut piece).map_err(fault)?;
        if count == 0 {
            break;
        }
        plain_bytes += count as u64;
        if plain_bytes > read.head.plain_bytes {
            return Err(damaged(object, "it is longer than it says"));
        }
        let written = out.write_all(piece.get(..count).unwrap_or_default());
        written.map_err(BackupError::file("write", path))?;
    }
    if plain_bytes < read.head.plain_bytes {
        return Err(damaged(object, "it is shorter than it says"));
    }
    // The unpacker may be content before the last chunk was seen.
    io::copy(&mut unpacker.finish(), &mut io::sink()).map_err(fault)?;
    Ok(())
}

struct Opener<'a, R> {
    sealed: R,
    key: StreamKey,
    object: &'a str,
    counter: u64,
    /// How many bytes of the object have come.
    seen: u64,
    chunk: Vec<u8>,
    /// How much of the chunk is read.
    at: usize,
    is_over: bool,
}

impl<R: Read> Opener<'_, R> {
    fn next(&mut self) -> io::Result<()> {
        let mut mark = [0; 4];
        self.fill(&mut mark)?;
        let mark = u32::from_be_bytes(mark);
        let end = match mark & LAST {
            0 => Chunk::More,
            _ => Chunk::Last,
        };
        let length = (mark & !LAST) as usize;
        if length > CHUNK_BYTES {
            return Err(self.changed("is too long"));
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(length + CHUNK_TAG_BYTES, 0);
        self.fill(&mut chunk)?;
        if self.key.open(self.counter, end, &mut chunk).is_none() {
            return Err(self.changed("is not what was sealed there"));
        }
        (self.chunk, self.at) = (chunk, 0);
        self.counter += 1;
        self.is_over = end == Chunk::Last;
        if self.is_over && self.sealed.read(&mut [0])? > 0 {
            return Err(self.changed("is the last, and something follows it"));
        }
        Ok(())
    }

    fn fill(&mut self, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            let count = self.sealed.read(into)?;
            if count == 0 {
                return Err(io::Error::other(BackupError::Truncated {
                    object: self.object.to_owned(),
                    bytes: self.seen,
                }));
            }
            self.seen += count as u64;
            into = into.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn changed(&self, how: &str) -> io::Error {
        let what = format!("chunk {} {how}", self.counter);
        io::Error::other(damaged(self.object, &what))
    }
}

impl<R: Read> Read for Opener<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if self.is_over {
                return Ok(0);
            }
            self.next()?;
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (Some(into), Some(rest)) = (into.get_mut(..count), rest.get(..count)) else {
            return Ok(0);
        };
        into.copy_from_slice(rest);
        self.at += count;
        Ok(count)
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    BASE64_STANDARD.decode(text).map_err(D::Error::custom)
}
