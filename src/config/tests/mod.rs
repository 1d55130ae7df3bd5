//! Settings: every layer, every refusal, and the words that are made from the tree.
#![expect(clippy::unwrap_used, reason = "tests")]

mod azure;
mod backup;
mod layers;
mod refusals;
mod secrets;
mod telemetry;
mod words;

use std::{ffi::OsString, fs, path::PathBuf};

use super::{Loaded, Sources, load};

fn written(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Loads a file called `f.toml`; a message names it without its folder.
fn with_file(content: impl AsRef<[u8]>) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(written(&folder, "f.toml", content));
    let loaded = load(&Sources {
        file,
        ..Sources::default()
    });
    loaded.map_err(|error| {
        error
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    })
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Loaded, String> {
    load(&Sources {
        environment: environment(variables),
        ..Sources::default()
    })
    .map_err(|error| error.to_string())
}

fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[track_caller]
fn refused(result: Result<Loaded, String>, parts: &[&str]) {
    let message = result.err().unwrap();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}
