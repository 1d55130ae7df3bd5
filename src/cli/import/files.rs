//! Which files are meant.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    StandardInput,
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardInput => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A folder cannot be looked into.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the folder {folder}: {source}: check its name and its permissions")]
pub(super) struct FolderError {
    folder: String,
    #[source]
    source: io::Error,
}

/// The files, with each folder replaced by the `.ics` files in it and below it, in order of name.
pub(super) fn expand(named: &[PathBuf]) -> Result<Vec<Source>, FolderError> {
    let mut files = Vec::new();
    for path in named {
        if path.as_os_str() == "-" {
            files.push(Source::StandardInput);
        } else if path.is_dir() {
            let found = below(path)?;
            files.extend(found.into_iter().map(Source::File));
        } else {
            // That it cannot be read is said when its turn comes; the others are still taken.
            files.push(Source::File(path.clone()));
        }
    }
    Ok(files)
}

/// The bytes of all of them; `None` when one of them is no plain file.
pub(super) fn length(files: &[Source]) -> Option<u64> {
    let length = |source: &Source| match source {
        Source::StandardInput => None,
        Source::File(path) => match std::fs::metadata(path) {
            Ok(found) => found.is_file().then_some(found.len()),
            Err(_) => Some(0),
        },
    };
    files.iter().map(length).sum()
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| FolderError {
            folder: folder.display().to_string(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // A link to a folder is not followed: it may lead back here.
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("ics"))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
