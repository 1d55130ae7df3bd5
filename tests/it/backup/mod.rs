//! Backups: made under load, kept elsewhere, brought back; and what is refused on the way.

mod azure;
mod command;
mod corrupt;
mod damaged;
mod load;

use std::path::{Path, PathBuf};

use crate::support::served::Place;

/// A place whose backups go to a folder beside it.
fn with_folder() -> (Place, tempfile::TempDir) {
    let shelf = tempfile::tempdir().unwrap();
    let place = Place::started();
    (
        to(place, &format!("file:{}", shelf.path().display())),
        shelf,
    )
}

/// The same place, whose backups go to `to`.
fn to(mut place: Place, to: &str) -> Place {
    let set = ("FREEHOLD__BACKUP__TO".to_owned(), to.to_owned());
    place.environment.push(set);
    // The program itself makes none while a test looks.
    let every = (
        "FREEHOLD__BACKUP__EVERY_MINS".to_owned(),
        "10080".to_owned(),
    );
    place.environment.push(every);
    place
}

/// What a command wrote; it has to do what it was asked to.
fn run(place: &Place, arguments: &[&str]) -> String {
    let output = place.command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command did not.
fn refused(place: &Place, arguments: &[&str]) -> String {
    let output = place.command(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// The backups at a place.
fn listed(place: &Place) -> Vec<serde_json::Value> {
    let lines = run(place, &["backup", "list", "--json"]);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The one object of this half on a shelf with one backup.
fn object(shelf: &Path, half: &str) -> PathBuf {
    let mut found = std::fs::read_dir(shelf.join(half)).unwrap();
    let object = found.next().unwrap().unwrap().path();
    assert!(found.next().is_none(), "there are several");
    object
}

/// The same settings on another folder; the key file is that of `place`.
fn elsewhere(place: &Place, data: &Path) -> Place {
    let mut environment = place.environment.clone();
    let key = place.folder.path().join("kek.key");
    if !key.exists() {
        std::fs::copy(place.data.join("keys/kek.key"), &key).unwrap();
    }
    let key = format!("file:{}", key.display());
    environment.push(("FREEHOLD__VAULT__KEY_FILE".to_owned(), key));
    Place {
        folder: tempfile::tempdir().unwrap(),
        data: data.to_owned(),
        environment,
        wrap: None,
    }
}
