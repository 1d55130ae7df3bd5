//! The data folder: one owner, on a file system that keeps SQLite's promises.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// File systems (by `statfs` magic) on which SQLite's log or locks do not work.
const UNSUITABLE: &[(u32, &str)] = &[
    (0x0000_517b, "an SMB share"),
    (0xfe53_4d42, "an SMB share"),
    (0xff53_4d42, "an SMB share (cifs)"),
    (0x0000_6969, "an NFS share"),
    (0x6573_5546, "a FUSE file system"),
    (0x0102_1997, "a 9p share"),
];

/// Proof that this process owns the folder; the lock ends with the process.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
    folder: PathBuf,
}

impl FolderLock {
    /// Makes the folder if there is none (mode 0700) and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Unsuitable`] on a network
    /// or FUSE file system, [`StoreError::File`] when it cannot be made or written.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| failed("make the folder", folder, source))?;
        refuse_unsuitable(folder)?;
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| failed("open the lock", &path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let owner = file
                    .read_to_string(&mut owner)
                    .ok()
                    .filter(|_| !owner.trim().is_empty())
                    .map(|_| format!(" (process {})", owner.trim()))
                    .unwrap_or_default();
                return Err(StoreError::InUse {
                    folder: folder.display().to_string(),
                    owner,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path, source)),
        }
        // The process id is only advice for the message above: failing to write it harms nothing.
        let _advice = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self {
            _file: file,
            folder: folder.to_owned(),
        })
    }

    /// Whether SQLite may live in this folder; nothing is made or locked.
    ///
    /// # Errors
    /// [`StoreError::Unsuitable`], [`StoreError::File`] when it cannot be examined.
    pub fn examine(folder: &Path) -> Result<(), StoreError> {
        refuse_unsuitable(folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn refuse_unsuitable(folder: &Path) -> Result<(), StoreError> {
    let stat = rustix::fs::statfs(folder)
        .map_err(|errno| failed("examine the file system of", folder, errno.into()))?;
    match unsuitable(stat.f_type) {
        None => Ok(()),
        Some(filesystem) => Err(StoreError::Unsuitable {
            folder: folder.display().to_string(),
            filesystem,
        }),
    }
}

/// The name of the file system, when SQLite must not live on it. The kernel's type is 32 bits wide
/// and sign-extended on some platforms.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a 32-bit magic"
)]
pub(super) fn unsuitable(f_type: i64) -> Option<&'static str> {
    let magic = f_type as u32;
    UNSUITABLE
        .iter()
        .find(|(known, _)| *known == magic)
        .map(|(_, name)| *name)
}

fn failed(what: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File {
        what,
        path: path.display().to_string(),
        source,
    }
}
