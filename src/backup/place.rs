//! A folder or a container, and the objects in it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt as _};

use super::envelope::{HEAD_BYTES_MAX, Head};
use super::model::Part;
use super::{BackupError, BackupId, blob};
use crate::azure::Azure;
use crate::base::told;
use crate::config::BackupPlace;

/// The end of the name of every object.
const SUFFIX: &str = ".fhb";
/// The one object that is written over: the newest copy of the key ring.
pub(super) const RING: &str = "keys/ring.fhb";

/// Where objects are. Cheap to clone.
#[derive(Clone)]
pub(super) struct Place {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    shown: String,
    folder: Option<PathBuf>,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) id: BackupId,
    pub(super) bytes: u64,
}

impl Place {
    /// The place that the settings name; it is not asked yet.
    pub(super) fn open(place: &BackupPlace, azure: &Azure) -> Result<Self, BackupError> {
        let shown = place.to_string();
        let refused = |error| refusal("use", &shown, &error);
        Ok(match place {
            BackupPlace::Folder(folder) => {
                let local = LocalFileSystem::new_with_prefix(folder).map_err(|error| {
                    BackupError::Place {
                        what: "use",
                        advice: format!(
                            "{}; make the folder or mount the disk that it is on: it is not made \
                             here, so that backups do not land on the wrong disk",
                            told(&error)
                        ),
                        place: shown.clone(),
                    }
                })?;
                Self {
                    objects: Arc::new(local.with_fsync(true)),
                    prefix: String::new(),
                    folder: Some(folder.clone()),
                    shown,
                }
            }
            BackupPlace::Container(at) => Self {
                objects: Arc::new(blob::container(azure, at).map_err(refused)?),
                prefix: at.prefix.clone(),
                folder: None,
                shown,
            },
        })
    }

    /// As in the settings.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The folder, if it is one: there we take older objects away ourselves.
    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// The name of an object in messages.
    pub(super) fn object(&self, part: Part, id: &BackupId) -> String {
        format!("{}/{}", self.shown, name(part, id))
    }

    fn path(&self, part: Part, id: &BackupId) -> Path {
        Path::from(format!("{}/{}", self.prefix, name(part, id)))
    }

    /// All backups of the data, oldest first. What is not called like one of ours is passed over.
    pub(super) async fn list(&self) -> Result<Vec<Found>, BackupError> {
        let prefix = Path::from(format!("{}/{}", self.prefix, Part::Data.folder()));
        let listed = self.objects.list_with_delimiter(Some(&prefix)).await;
        let listed = match listed {
            // An empty folder has no sub-folder yet.
            Err(Error::NotFound { .. }) if self.folder.is_some() => return Ok(Vec::new()),
            listed => listed.map_err(|error| refusal("list", &self.shown, &error))?,
        };
        let found = listed.objects.into_iter().filter_map(|object| {
            let name = object.location.filename()?.strip_suffix(SUFFIX)?;
            Some(Found {
                id: name.parse().ok()?,
                bytes: object.size,
            })
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Begins a new object.
    pub(super) async fn begin(
        &self,
        part: Part,
        id: &BackupId,
    ) -> Result<Box<dyn MultipartUpload>, BackupError> {
        let begun = self.objects.put_multipart(&self.path(part, id)).await;
        begun.map_err(|error| self.refuses_writing(part, id, &error))
    }

    pub(super) fn refuses_writing(&self, part: Part, id: &BackupId, error: &Error) -> BackupError {
        refusal("write", &self.object(part, id), error)
    }

    /// Some bytes of an object; fewer where it ends.
    pub(super) async fn read(
        &self,
        (part, id): (Part, &BackupId),
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, BackupError> {
        let read = self.objects.get_range(&self.path(part, id), range).await;
        read.map_err(|error| refusal("read", &self.object(part, id), &error))
    }

    /// The size of an object, in bytes; none when it is not there.
    pub(super) async fn size(&self, part: Part, id: &BackupId) -> Result<Option<u64>, BackupError> {
        match self.objects.head(&self.path(part, id)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refusal("read", &self.object(part, id), &error)),
        }
    }

    /// The copy of the key ring that is there, and the ring that it is of.
    pub(super) async fn ring(&self) -> Result<Option<(Found, String)>, BackupError> {
        let any = BackupId::default();
        let Some(bytes) = self.size(Part::Keys, &any).await? else {
            return Ok(None);
        };
        let first = bytes.min(HEAD_BYTES_MAX as u64);
        let first = self.read((Part::Keys, &any), 0..first).await?;
        let head = Head::read(&first, &self.object(Part::Keys, &any))?.head;
        let id = head.id;
        Ok(Some((Found { id, bytes }, head.ring)))
    }

    /// Takes a backup of the data away; only in a folder.
    pub(super) async fn remove(&self, id: &BackupId) -> Result<(), BackupError> {
        let part = Part::Data;
        let removed = self.objects.delete(&self.path(part, id)).await;
        removed.map_err(|error| refusal("delete", &self.object(part, id), &error))
    }
}

/// The name of an object below the prefix. Of the key ring there is one.
fn name(part: Part, id: &BackupId) -> String {
    match part {
        Part::Data => format!("{}/{id}{SUFFIX}", part.folder()),
        Part::Keys => RING.to_owned(),
    }
}

fn refusal(what: &'static str, place: &str, error: &Error) -> BackupError {
    let advice = match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            "the identity may not do this: give it, for this container, a role that reads, lists \
             and adds blobs (docs/backup.md, \"The place\"), and see that the account's network \
             rules let this machine in"
        }
        Error::NotFound { .. } => "it is not there: make the container, or correct the address",
        Error::AlreadyExists { .. } => {
            "something is there already, and nothing is written over: run the command again"
        }
        _ => {
            "see that this machine reaches the place, and that there is room; `freehold doctor` \
             tries it"
        }
    };
    BackupError::Place {
        what,
        place: place.to_owned(),
        advice: format!("{advice} ({})", told(error)),
    }
}
