//! The way back: fetch, open, check, and only then give the name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::envelope::{self, HEAD_BYTES_MAX, Head, ReadHead};
use super::model::Part;
use super::place::{Found, Place};
use super::take::{Tell, discard, has_room};
use super::{BackupError, BackupId, Progress, Shelf, Stage, repo};
use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::crypto::{Kek, KeyBytes, RecoveryPrivateKey};
use crate::store::{FolderLock, StoreError, is_known_step, last_step};

/// So many bytes are asked for at once.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;
/// Where it is put together, in the folder that it goes to.
const UNFINISHED: &str = "restoring";

/// What opens backups.
pub enum OpeningKey {
    /// The key-encryption key.
    Kek(Kek),
    /// The private half of the recovery key.
    Recovery(RecoveryPrivateKey),
}

/// A way back.
pub struct Restore {
    shelf: Shelf,
    key: Arc<OpeningKey>,
    tell: Tell,
}

/// What came back, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Which backup.
    pub id: BackupId,
    /// The copy of the key ring that was taken: the newest.
    pub keys: BackupId,
    /// The version of the program that made it.
    pub app: String,
    /// Its schema.
    pub schema: String,
    /// The database, in bytes.
    pub bytes: u64,
}

impl Restore {
    /// A way back from `shelf` with `key`; `tell` learns how far it is.
    #[must_use]
    pub fn new(
        shelf: Shelf,
        key: OpeningKey,
        tell: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Self {
        Self {
            shelf,
            key: Arc::new(key),
            tell: Arc::new(tell),
        }
    }

    /// Brings the backup called `id`, or the newest, into `folder`, which is new or empty. A folder
    /// in which an earlier restore broke off counts as empty. In the end `freehold.db` and
    /// `keys/ring.db` are there; before, neither is.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is in `folder` then but what had been fetched, below `restoring`.
    pub async fn bring_into(
        &self,
        id: Option<&BackupId>,
        folder: &Path,
    ) -> Result<Restored, BackupError> {
        refuse_unless_empty(folder)?;
        let _lock = FolderLock::take(folder)?;
        let unfinished = folder.join(UNFINISHED);
        let restored = self.fetch(id, &unfinished).await?;
        let (folder, now) = (folder.to_owned(), SystemClock.now());
        let naming = move || give_names(&unfinished, &folder, now);
        let named = tokio::task::spawn_blocking(naming).await;
        named.map_err(|_| BackupError::BrokeOff)??;
        Ok(restored)
    }

    /// Fetches, opens and checks the backup called `id`, or the newest, in `scratch`, and throws it
    /// away.
    ///
    /// # Errors
    /// As [`Self::bring_into`].
    pub async fn verify(
        &self,
        id: Option<&BackupId>,
        scratch: &Path,
    ) -> Result<Restored, BackupError> {
        let restored = self.fetch(id, scratch).await;
        // It was only for the check.
        discard(scratch);
        restored
    }

    async fn fetch(&self, id: Option<&BackupId>, into: &Path) -> Result<Restored, BackupError> {
        let (data, keys) = self.shelf.find(id).await?;
        // What is left of one that broke off.
        discard(into);
        let ring_folder = into.join("keys");
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&ring_folder);
        made.map_err(BackupError::file("make", &ring_folder))?;
        let (database, ring) = (into.join("freehold.db"), ring_folder.join("ring.db"));
        let Shelf {
            data: of_data,
            keys: of_keys,
        } = &self.shelf;
        self.bring((of_keys, Part::Keys, &keys), &ring).await?;
        let head = self.bring((of_data, Part::Data, &data), &database).await?;
        (self.tell)(Progress {
            stage: Stage::Checking,
            done: 0,
            total: head.plain_bytes,
        });
        let object = of_data.object(Part::Data, &data.id);
        let found = head.clone();
        let check = move || check(&database, &ring, (&found, &object));
        let checked = tokio::task::spawn_blocking(check).await;
        checked.map_err(|_| BackupError::BrokeOff)??;
        Ok(Restored {
            id: data.id,
            keys: keys.id,
            app: head.app,
            schema: head.schema,
            bytes: head.plain_bytes,
        })
    }

    /// Brings one object into the new file `to`.
    async fn bring(
        &self,
        (place, part, found): (&Place, Part, &Found),
        to: &Path,
    ) -> Result<Head, BackupError> {
        let object = place.object(part, &found.id);
        let first = HEAD_BYTES_MAX as u64;
        let first = place.read((part, &found.id), 0..first.min(found.bytes));
        let read = Head::read(&first.await?, &object)?;
        let head = read.head.clone();
        if head.id != found.id || head.part != part {
            let what = format!("it calls itself {} of {}", head.part.folder(), head.id);
            return Err(envelope::damaged(&object, &what));
        }
        if !is_known_step(&head.schema) {
            return Err(BackupError::NewerSchema {
                object,
                app: head.app,
                schema: head.schema,
                known: last_step(),
            });
        }
        let folder = to.parent().unwrap_or(to);
        has_room(folder, head.plain_bytes)?;
        let key = self.unwrap(&head, &object).await?;
        let from = read.length as u64;
        let (pieces, coming) = mpsc::channel(2);
        let to = to.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let sealed = Coming {
                pieces: coming,
                piece: Bytes::new(),
            };
            open_into(&to, sealed, &read, (&key, &object))
        });
        self.feed((place, part, found), from, pieces).await;
        opening.await.map_err(|_| BackupError::BrokeOff)??;
        Ok(head)
    }

    async fn unwrap(&self, head: &Head, object: &str) -> Result<KeyBytes, BackupError> {
        match self.key.as_ref() {
            OpeningKey::Recovery(private) => {
                let wraps = head.wrapped(true);
                let mut keys = wraps.iter().filter_map(|wrap| private.unwrap(wrap).ok());
                keys.next().ok_or_else(|| {
                    let by: Vec<_> = wraps.iter().map(|wrap| wrap.wrapper_id.as_str()).collect();
                    let none = || "no recovery key, since none was configured".to_owned();
                    BackupError::Recovery {
                        object: object.to_owned(),
                        wraps: if by.is_empty() { none() } else { by.join(", ") },
                    }
                })
            }
            OpeningKey::Kek(kek) => {
                let mut refused = None;
                for wrap in head.wrapped(false) {
                    match kek.unwrap(&wrap).await {
                        Ok(key) => return Ok(key),
                        Err(error) => refused = Some(error),
                    }
                }
                let none = || envelope::damaged(object, "its key is wrapped for nobody");
                Err(refused.map_or_else(none, |error| BackupError::Key {
                    object: object.to_owned(),
                    source: Box::new(error),
                }))
            }
        }
    }

    /// Sends the object piece by piece; who opens it may stop taking them.
    async fn feed(
        &self,
        (place, part, found): (&Place, Part, &Found),
        mut from: u64,
        pieces: mpsc::Sender<Result<Bytes, BackupError>>,
    ) {
        while from < found.bytes {
            let to = found.bytes.min(from + PIECE_BYTES);
            let piece = place.read((part, &found.id), from..to).await;
            let is_broken = piece.is_err();
            from = to;
            if pieces.send(piece).await.is_err() || is_broken {
                return;
            }
            (self.tell)(Progress {
                stage: Stage::Fetching,
                done: from,
                total: found.bytes,
            });
        }
    }
}

/// A folder that a restore may fill: not there, or without anything of anybody.
fn refuse_unless_empty(folder: &Path) -> Result<(), BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(BackupError::file("list", folder))?,
    };
    for entry in entries {
        let name = entry
            .map_err(BackupError::file("list", folder))?
            .file_name();
        // The last is on every new disk with ext4.
        let is_nothing = [UNFINISHED, "lock", "lost+found"]
            .iter()
            .any(|one| name == *one);
        if !is_nothing {
            return Err(BackupError::NotEmpty(folder.display().to_string()));
        }
    }
    Ok(())
}

fn open_into(
    to: &Path,
    sealed: Coming,
    read: &ReadHead,
    (key, object): (&KeyBytes, &str),
) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(to);
    let mut file = file.map_err(BackupError::file("make", to))?;
    envelope::open(sealed, read, (key, object), (&mut file, to))?;
    file.flush()
        .and_then(|()| file.sync_all())
        .map_err(BackupError::file("write", to))
}

/// Whether both copies are whole, and fit each other and this program.
fn check(database: &Path, ring: &Path, (head, object): (&Head, &str)) -> Result<(), BackupError> {
    let damaged = |error: StoreError| match error {
        StoreError::Damaged(why) => envelope::damaged(object, &why),
        other => other.into(),
    };
    let found = repo::examine(database).map_err(damaged)?;
    if !is_known_step(&found.schema) {
        return Err(BackupError::NewerSchema {
            object: object.to_owned(),
            app: head.app.clone(),
            schema: found.schema,
            known: last_step(),
        });
    }
    let given = repo::examine_ring(ring).map_err(damaged)?;
    if given != found.ring {
        return Err(BackupError::ForeignRing {
            id: head.id.clone(),
            needed: found.ring,
            given,
        });
    }
    Ok(())
}

/// The keys get their place first, the database last: with its name it is current.
fn give_names(from: &Path, folder: &Path, now: Timestamp) -> Result<(), BackupError> {
    let database = from.join("freehold.db");
    // More than any calendar has counted, and more at every later restore.
    repo::begin_anew(&database, now.as_second() << 16)?;
    let durable = |path: &Path| {
        let file = File::open(path).and_then(|file| file.sync_all());
        file.map_err(BackupError::file("write", path))
    };
    let rename = |from: &Path, to: &Path| {
        let renamed = std::fs::rename(from, to);
        renamed.map_err(BackupError::file("make", to))
    };
    durable(&database)?;
    durable(&from.join("keys"))?;
    rename(&from.join("keys"), &folder.join("keys"))?;
    durable(folder)?;
    rename(&database, &folder.join("freehold.db"))?;
    durable(folder)?;
    let rest: PathBuf = from.to_owned();
    std::fs::remove_dir_all(&rest).map_err(BackupError::file("remove", &rest))
}

/// Pieces that come one after the other, as something to read.
struct Coming {
    pieces: mpsc::Receiver<Result<Bytes, BackupError>>,
    piece: Bytes,
}

impl Read for Coming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
            }
        }
        let count = self.piece.len().min(into.len());
        let piece = self.piece.split_to(count);
        if let Some(into) = into.get_mut(..count) {
            into.copy_from_slice(&piece);
        }
        Ok(count)
    }
}
