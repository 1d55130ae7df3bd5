//! Why a backup is not made, or does not come back.

use crate::crypto::{KekError, RecoveryError};
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

use super::BackupId;

/// A backup was not made, or was not restored. Whatever it says, nothing was written over.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is on a server.
    #[error(
        "with store.backend = \"postgres\" the server makes the backups, the key ring among them: \
         turn on its point-in-time restore (Azure Database for PostgreSQL has it on, 7 to 35 days: \
         `az postgres flexible-server update --backup-retention DAYS`), and keep the \
         key-encryption key; docs/backup.md says how to go back"
    )]
    Postgres,
    /// There is no place.
    #[error(
        "backup.to is not set, so there is nowhere to put a backup: name a folder on another disk \
         or a container of Azure Blob storage; `freehold config explain backup.to` says how"
    )]
    NoPlace,
    /// Another one is being made.
    #[error(
        "a backup is being made already: wait for its end; `freehold backup list` shows it then"
    )]
    Running,
    /// The database is damaged.
    #[error(
        "the database is damaged ({0}), so no backup was made: it would stand before the good ones. \
         Stop the service, keep the files, and restore the last good backup: `freehold backup \
         restore --into NEW-FOLDER`"
    )]
    DamagedSource(String),
    /// The disk has no room.
    #[error(
        "{folder} has {free_mib} MiB free, and {needed_mib} MiB are needed: free space or enlarge \
         the disk"
    )]
    NoRoom {
        /// Where.
        folder: String,
        /// What is free.
        free_mib: u64,
        /// What is needed.
        needed_mib: u64,
    },
    /// The place refuses or is away.
    #[error("cannot {what} {place}: {advice}")]
    Place {
        /// What was tried.
        what: &'static str,
        /// Where.
        place: String,
        /// What was said, and what to do.
        advice: String,
    },
    /// There is no such backup.
    #[error("there is no backup {id} at {place}: `freehold backup list` shows which there are")]
    Unknown {
        /// Which.
        id: String,
        /// Where.
        place: String,
    },
    /// There is no backup at all.
    #[error("there is no backup at {0}: check backup.to")]
    None(String),
    /// There is no key ring for it.
    #[error(
        "the backup {id} needs a key ring that is not older than itself, and {place} has none: name \
         the place of the rings in backup.keys_to, or an older backup"
    )]
    NoKeys {
        /// Which.
        id: BackupId,
        /// Where rings are looked for.
        place: String,
    },
    /// The object is no backup.
    #[error("{0} is no backup of Freehold: it does not begin like one")]
    NoBackup(String),
    /// A newer program wrote it.
    #[error(
        "{object} has the format {found}, and this program reads up to {known}: restore it with the \
         version that made it, or a newer one"
    )]
    NewerFormat {
        /// Which object.
        object: String,
        /// Its format.
        found: u32,
        /// The last one that is known.
        known: u32,
    },
    /// A newer program wrote what is in it.
    #[error(
        "{object} holds a database of a newer version ({app}, schema \"{schema}\"; this program ends \
         at \"{known}\"): restore it with that version, or a newer one"
    )]
    NewerSchema {
        /// Which object.
        object: String,
        /// The version that made it.
        app: String,
        /// Its schema.
        schema: String,
        /// The last one that is known.
        known: &'static str,
    },
    /// Its end is missing.
    #[error("{object} is cut off after {bytes} bytes: take another backup")]
    Truncated {
        /// Which object.
        object: String,
        /// What there is.
        bytes: u64,
    },
    /// It was changed.
    #[error(
        "{object} was changed or is damaged ({what}): take another backup, and find out who can \
         write there"
    )]
    Damaged {
        /// Which object.
        object: String,
        /// What was noticed.
        what: String,
    },
    /// The key does not open it.
    #[error("{object} does not open: {source}")]
    Key {
        /// Which object.
        object: String,
        /// Why.
        #[source]
        source: Box<KekError>,
    },
    /// The recovery key does not open it.
    #[error("{object} does not open with this recovery key: it is wrapped for {wraps}")]
    Recovery {
        /// Which object.
        object: String,
        /// What it is wrapped for.
        wraps: String,
    },
    /// The ring is of another database.
    #[error(
        "the backup {id} is sealed with the key ring {needed}, and the ring at its place is \
         {given}: name the place of its ring in backup.keys_to"
    )]
    ForeignRing {
        /// Which.
        id: BackupId,
        /// The ring that is needed.
        needed: String,
        /// The one that is there.
        given: String,
    },
    /// The place holds the ring of another database.
    #[error(
        "the key ring at {place} is {given}, and that of this service is {ours}: writing it over would \
         make all backups of the other one useless. Give this service a place of its own in backup.to \
         and backup.keys_to"
    )]
    OtherRing {
        /// Where.
        place: String,
        /// The ring of this service.
        ours: String,
        /// The one that is there.
        given: String,
    },
    /// The folder holds something.
    #[error(
        "{0} is not empty, and a restore writes over nothing: name a folder that is not there yet, \
         or is empty"
    )]
    NotEmpty(String),
    /// A key cannot be wrapped.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// The recovery key is none.
    #[error(transparent)]
    RecoveryKey(#[from] RecoveryError),
    /// The key-encryption key cannot be had.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be used.
    #[error("cannot {what} {path}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A thread ended early.
    #[error("the work broke off: this is a bug; the log has its place")]
    BrokeOff,
}

impl BackupError {
    /// For a file that cannot be used.
    pub(super) fn file(
        what: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { what, path, source }
    }
}
