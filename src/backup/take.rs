//! Making a backup: copy, check, seal, ship, and note how it went.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use object_store::PutPayload;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::envelope::{self, Head, Wrap};
use super::model::Part;
use super::place::Place;
use super::{BackupError, BackupId, Progress, Shelf, Stage, Status, Success, Taken, repo, rules};
use crate::azure::Azure;
use crate::base::{Timestamp, random, told};
use crate::config::Settings;
use crate::crypto::{KeyBytes, new_key};
use crate::store::key_ring::KeyRing;
use crate::store::{Condition, Store, StoreError};

/// So many bytes are shipped at once.
const PIECE_BYTES: usize = 8 * 1024 * 1024;
/// What stays free on the disk beside the copy.
const SPARE_BYTES: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
/// The folder in the data folder for copies that are on their way, and for what is noted.
const SCRATCH: &str = "backup";

/// Who is told how far it is.
pub(super) type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// Makes backups of one open store; cheap to clone.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

struct Inner {
    store: Store,
    keys: KeyRing,
    azure: Azure,
    settings: Settings,
    /// For copies that are on their way, and for what is noted.
    folder: PathBuf,
    status: Mutex<Status>,
    turn: tokio::sync::Mutex<()>,
    /// The service stops: a copy breaks off.
    stopping: AtomicBool,
}

/// A copy that has passed its checks.
struct Copied {
    file: PathBuf,
    part: Part,
    bytes: u64,
}

impl Backups {
    /// Backups of `store` to where the settings say. The place is asked anew by each backup, so one
    /// that is away comes back by itself.
    #[must_use]
    pub fn new(settings: &Settings, azure: &Azure, (store, keys): (Store, KeyRing)) -> Self {
        let folder = settings.store.data.join(SCRATCH);
        let status = Status {
            last_success: noted(&folder),
            failed: None,
            since: Some(store.clock().now()),
        };
        Self(Arc::new(Inner {
            store,
            keys,
            azure: azure.clone(),
            settings: settings.clone(),
            folder,
            status: Mutex::new(status),
            turn: tokio::sync::Mutex::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    /// Whether there is somewhere to put them.
    #[must_use]
    pub fn is_on(&self) -> bool {
        rules::refusal(&self.0.settings).is_none()
    }

    /// Breaks off the copy that is being made; no other is made.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// How backups go.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status.lock().clone()
    }

    /// How often one is due, in minutes.
    #[must_use]
    pub fn every_mins(&self) -> u32 {
        self.0.settings.backup.every_mins
    }

    /// Makes a backup and notes how it went. `tell` learns how far it is.
    ///
    /// # Errors
    /// [`BackupError`] with what to do; nothing at the place was written over.
    pub async fn make(
        &self,
        tell: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Result<Taken, BackupError> {
        let Ok(_turn) = self.0.turn.try_lock() else {
            return Err(BackupError::Running);
        };
        let begun = Instant::now();
        let made = self.copy_and_ship(Arc::new(tell)).await;
        // The copy is of no use any more, whatever happened.
        discard(&self.0.folder.join("copy"));
        let now = self.now();
        let made = made.map(|taken| Taken {
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..taken
        });
        let mut status = self.0.status.lock();
        match &made {
            Ok(taken) => {
                let success = Success {
                    id: taken.id.clone(),
                    at: now,
                    bytes: taken.shipped_bytes,
                };
                if let Err(error) = note(&self.0.folder, &success) {
                    tracing::warn!(%error, "the backup is made, and it could not be noted");
                }
                status.last_success = Some(success);
                status.failed = None;
            }
            Err(error) => status.failed = Some((now, told(error))),
        }
        drop(status);
        made
    }

    fn now(&self) -> Timestamp {
        self.0.store.clock().now()
    }

    async fn copy_and_ship(&self, tell: Tell) -> Result<Taken, BackupError> {
        let places = Shelf::open(&self.0.settings, &self.0.azure)?;
        if self.0.store.condition() == Condition::Damaged {
            return Err(BackupError::DamagedSource(
                "as its examination found".to_owned(),
            ));
        }
        let id = BackupId::new(self.now(), random::bytes());
        let (this, telling) = (self.clone(), Arc::clone(&tell));
        let copying = tokio::task::spawn_blocking(move || this.copy(&telling));
        let copy = copying.await.map_err(|_| BackupError::BrokeOff)?;
        if let Err(BackupError::DamagedSource(_)) = &copy {
            // What the copy has shown, readiness is to say, too.
            let store = self.0.store.clone();
            let _noted = tokio::task::spawn_blocking(move || store.integrity()).await;
        }
        let (ring, schema, copies) = copy?;
        let [data, keys] = copies;
        let head = Head {
            part: Part::Keys,
            id: id.clone(),
            app: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            ring,
            plain_bytes: 0,
            wraps: Vec::new(),
        };
        self.is_ours(&places.keys, &head.ring).await?;
        let database_bytes = data.bytes;
        let total = data.bytes + keys.bytes;
        // The keys first: data never waits for the keys that it needs.
        let of_keys = self.ship(&places.keys, keys, &head).await?;
        tell(Progress {
            stage: Stage::Shipping,
            done: 0,
            total,
        });
        let of_data = self.ship(&places.data, data, &head).await?;
        self.thin_out(&places.data).await;
        Ok(Taken {
            id,
            database_bytes,
            shipped_bytes: of_keys + of_data,
            took_ms: 0,
            place: places.place().to_owned(),
        })
    }

    /// Copies and checks both: the ring, the schema, the copies of data and keys. Blocks.
    fn copy(&self, tell: &Tell) -> Result<(String, String, [Copied; 2]), BackupError> {
        let folder = self.0.folder.join("copy");
        discard(&folder);
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        made.map_err(BackupError::file("make", &folder))?;
        self.room(&folder)?;
        let page = 4096;
        let mut progress = |done: u64, total: u64| {
            tell(Progress {
                stage: Stage::Copying,
                done: done * page,
                total: total * page,
            });
            self.go_on()
        };
        let (data, keys) = (folder.join("freehold.db"), folder.join("ring.db"));
        self.0.store.copy_to(&data, &mut progress).map_err(source)?;
        // After the data: every key that the data needs is in it.
        let of_ring = &mut |_, _| self.go_on();
        self.0.keys.copy_to(&keys, of_ring).map_err(source)?;
        let size = |path: &Path| {
            let found = std::fs::metadata(path).map_err(BackupError::file("examine", path));
            found.map(|found| found.len())
        };
        let bytes = size(&data)?;
        tell(Progress {
            stage: Stage::Checking,
            done: 0,
            total: bytes,
        });
        let found = repo::examine(&data).map_err(source)?;
        let ring = repo::examine_ring(&keys).map_err(source)?;
        if ring != found.ring {
            let why = format!(
                "it belongs to the ring {}, and the ring is {ring}",
                found.ring
            );
            return Err(BackupError::DamagedSource(why));
        }
        let copies = [
            Copied {
                bytes,
                file: data,
                part: Part::Data,
            },
            Copied {
                bytes: size(&keys)?,
                file: keys,
                part: Part::Keys,
            },
        ];
        Ok((ring, found.schema, copies))
    }

    fn go_on(&self) -> ControlFlow<()> {
        if self.0.stopping.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Whether the copy has room beside the database.
    fn room(&self, folder: &Path) -> Result<(), BackupError> {
        let files = ["freehold.db", "freehold.db-wal"].into_iter();
        let data = self.0.store.folder().ok_or(BackupError::Postgres)?;
        let sizes = files.filter_map(|name| Some(std::fs::metadata(data.join(name)).ok()?.len()));
        has_room(folder, sizes.sum())
    }

    /// Seals a copy and puts it at its place; gives the size of the object.
    async fn ship(&self, place: &Place, copied: Copied, like: &Head) -> Result<u64, BackupError> {
        let (part, id) = (copied.part, like.id.clone());
        let key = new_key();
        let name = Head::key_name(&id, part);
        let wraps = self.0.keys.wrap_apart(&name, &key).await?.into_iter();
        let wrap = |wrap: crate::crypto::WrappedRoot| Wrap {
            by: wrap.wrapper_id,
            bytes: wrap.bytes,
        };
        let head = Head {
            part,
            plain_bytes: copied.bytes,
            wraps: wraps.map(wrap).collect(),
            ..like.clone()
        };
        let (pieces, mut sealed) = mpsc::channel(2);
        let file = copied.file.clone();
        let sealing = tokio::task::spawn_blocking(move || seal_file(&file, &head, &key, pieces));
        let mut upload = place.begin(part, &id).await?;
        let mut shipped = 0;
        while let Some(piece) = sealed.recv().await {
            shipped += piece.len() as u64;
            let put = upload.put_part(PutPayload::from(piece)).await;
            if let Err(error) = put {
                let _aborted = upload.abort().await;
                return Err(place.refuses_writing(part, &id, &error));
            }
        }
        // Only what is sealed to its end gets its name.
        let sealed = sealing.await.map_err(|_| BackupError::BrokeOff);
        let sealed = sealed.and_then(|end| end.map_err(BackupError::file("read", &copied.file)));
        if let Err(error) = sealed {
            let _aborted = upload.abort().await;
            return Err(error);
        }
        let named = upload.complete().await;
        named.map_err(|error| place.refuses_writing(part, &id, &error))?;
        Ok(shipped)
    }

    /// Whether the ring at the place is none, or an older copy of ours: it will be written over.
    async fn is_ours(&self, place: &Place, ring: &str) -> Result<(), BackupError> {
        match place.ring().await {
            Ok(Some((_, given))) if given != ring => Err(BackupError::OtherRing {
                place: place.shown().to_owned(),
                ours: ring.to_owned(),
                given,
            }),
            // One that was spoilt opens nothing any more.
            Ok(_) | Err(BackupError::Truncated { .. } | BackupError::Damaged { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes older backups away where the place is a folder. What cannot be taken away is logged: the
    /// backup is made.
    async fn thin_out(&self, place: &Place) {
        let keep = self.0.settings.backup.keep as usize;
        let thinned = async {
            let found = place.list().await?;
            let old = found.len().saturating_sub(keep);
            for one in found.iter().take(old) {
                place.remove(&one.id).await?;
            }
            Ok::<_, BackupError>(())
        };
        if place.folder().is_some()
            && let Err(error) = thinned.await
        {
            tracing::warn!(error = told(&error), "older backups are still there");
        }
    }
}

/// What stands in the way of a copy is the state of the source.
fn source(error: StoreError) -> BackupError {
    match error {
        StoreError::Damaged(why) => BackupError::DamagedSource(why),
        other => other.into(),
    }
}

/// Removes a folder with copies, if it is there. That of the ring is overwritten first: keys that are
/// destroyed later must not be left on the disk.
pub(super) fn discard(folder: &Path) {
    for ring in [folder.join("ring.db"), folder.join("keys/ring.db")] {
        let overwritten = OpenOptions::new().write(true).open(ring).and_then(|file| {
            let nothing = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(0)];
            (&file).write_all(&nothing)?;
            file.sync_all()
        });
        // Mostly there is none. One that cannot be overwritten is removed all the same.
        drop(overwritten);
    }
    let _gone = std::fs::remove_dir_all(folder);
}

/// Whether `bytes` fit on the disk of `folder`, and something is left.
pub(super) fn has_room(folder: &Path, bytes: u64) -> Result<(), BackupError> {
    let stat = rustix::fs::statvfs(folder);
    let stat = stat.map_err(|errno| BackupError::file("examine", folder)(errno.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let needed = bytes.saturating_add(SPARE_BYTES);
    if free >= needed {
        return Ok(());
    }
    Err(BackupError::NoRoom {
        folder: folder.display().to_string(),
        free_mib: free / MIB,
        needed_mib: needed.div_ceil(MIB),
    })
}

/// Seals the file piece by piece. An error of the other side ends the channel, and this.
fn seal_file(
    file: &Path,
    head: &Head,
    key: &KeyBytes,
    pieces: mpsc::Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut plain = File::open(file)?;
    let out = Pieces {
        piece: Vec::new(),
        pieces,
    };
    envelope::seal(&mut plain, head, key, out)
}

/// Gathers what is written into pieces; `flush` sends the last.
struct Pieces {
    piece: Vec<u8>,
    pieces: mpsc::Sender<Vec<u8>>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let sent = self.pieces.blocking_send(piece);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.capacity() == 0 {
            self.piece.reserve_exact(PIECE_BYTES);
        }
        let room = PIECE_BYTES - self.piece.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        if self.piece.len() == PIECE_BYTES {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.send()
    }
}

/// The last success that is noted in the data folder.
fn noted(folder: &Path) -> Option<Success> {
    let text = std::fs::read(folder.join("last.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

fn note(folder: &Path, success: &Success) -> io::Result<()> {
    let (part, whole) = (folder.join("last.json.part"), folder.join("last.json"));
    std::fs::write(&part, serde_json::to_vec(success)?)?;
    std::fs::rename(part, whole)
}
