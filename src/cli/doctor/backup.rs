//! Whether there are backups, how old the last is, and whether their place can be read. Nothing is
//! written there: without the right to delete, a trial would stay for ever.

use std::os::unix::fs::MetadataExt as _;

use super::{Finding, out};
use crate::azure::Azure;
use crate::backup::{BackupError, Listed, Shelf};
use crate::base::{Clock as _, SystemClock};
use crate::config::Settings;

const PART: &str = "backup";

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    let shelf = match Shelf::open(settings, azure) {
        Ok(shelf) => shelf,
        Err(BackupError::Postgres) => {
            let text = "PostgreSQL: its server makes the backups; see that its point-in-time \
                        restore is on";
            return vec![Finding::ok(PART, text)];
        }
        Err(error @ BackupError::NoPlace) => return vec![Finding::warn(PART, error.to_string())],
        Err(error) => return vec![Finding::fail(PART, out::told(&error))],
    };
    let mut findings = vec![match shelf.list().await {
        Ok(listed) => newest(settings, &shelf, listed),
        Err(error) => Finding::fail(PART, out::told(&error)),
    }];
    findings.extend(same_disk(settings, &shelf));
    findings.extend(no_recovery(settings));
    findings
}

fn newest(settings: &Settings, shelf: &Shelf, listed: Vec<Listed>) -> Finding {
    let (place, count) = (shelf.place(), listed.len());
    let Some(newest) = listed.into_iter().next_back() else {
        let text = format!(
            "{place} can be read and holds no backup yet: the service makes one when it starts, and \
             `freehold backup now` at once"
        );
        return Finding::warn(PART, text);
    };
    if newest.keys.is_none() {
        let text = format!(
            "{} at {place} has no key ring that opens it: see backup.keys_to",
            newest.id
        );
        return Finding::fail(PART, text);
    }
    let mins = SystemClock.now().duration_since(newest.made_at).as_mins();
    let text = format!("{count} at {place}, the newest {mins} minutes old");
    if mins > i64::from(settings.backup.every_mins) * 2 {
        let due = settings.backup.every_mins;
        let text = format!(
            "{text}, and one is due every {due} minutes: is the service running? Its log and \
             `freehold backup now` say why"
        );
        return Finding::warn(PART, text);
    }
    Finding::ok(PART, format!("{text}; `freehold backup verify` tries it"))
}

/// A disk that breaks takes everything on it.
fn same_disk(settings: &Settings, shelf: &Shelf) -> Option<Finding> {
    let disk = |path: &std::path::Path| Some(std::fs::metadata(path).ok()?.dev());
    let data = disk(&settings.store.data)?;
    let same = shelf
        .folders()
        .into_iter()
        .find(|folder| disk(folder) == Some(data))?;
    let text = format!(
        "{} is on the disk of the data: what takes that disk takes the backups, too",
        same.display()
    );
    Some(Finding::warn(PART, text))
}

fn no_recovery(settings: &Settings) -> Option<Finding> {
    let text = "backups open with the key-encryption key alone: keep a copy of it apart from this \
                machine, or set vault.recovery_key (docs/keys.md)";
    let is_none = settings.vault.recovery_key.is_none();
    is_none.then(|| Finding::warn(PART, text))
}
