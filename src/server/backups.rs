//! Backups by the hour, and what opens them.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use super::connections::stopped;
use super::serve::pause;
use super::{OpenError, rooms};
use crate::azure::Azure;
use crate::backup::{self, Backups, OpeningKey};
use crate::base::{Clock as _, SystemClock, random, told};
use crate::config::{KekPlace, SecretRef, Settings};
use crate::crypto::{KekError, RecoveryPrivateKey};

/// A backup that is late waits for this long at most, so that a start is over first.
const LATE_MAX: Duration = Duration::from_secs(5);

/// Makes a backup whenever one is due, until the service stops.
pub(super) async fn keep(backups: Backups, mut stop: watch::Receiver<bool>) {
    loop {
        let (status, every) = (backups.status(), backups.every_mins());
        let next = backup::next_in(&status, every, SystemClock.now());
        // One that is late already is not made to wait for long.
        let most = if next.is_zero() {
            LATE_MAX
        } else {
            Duration::MAX
        };
        if pause(next + jitter(every).min(most), &mut stop).await {
            return;
        }
        tokio::select! {
            () = stopped(&mut stop) => {
                backups.stop();
                return;
            }
            made = backups.make(|_| {}) => match made {
                Ok(taken) => tracing::info!(
                    id = %taken.id,
                    bytes = taken.shipped_bytes,
                    ms = taken.took_ms,
                    "a backup is made"
                ),
                Err(error) => tracing::error!(error = told(&error), "no backup was made"),
            }
        }
    }
}

/// Up to a tenth of the time between two, so that many services do not ship at the same minute; at
/// most ten minutes.
fn jitter(every_mins: u32) -> Duration {
    let most_ms = (u64::from(every_mins) * 6_000).min(600_000);
    Duration::from_millis(u64::from_be_bytes(random::bytes()) % most_ms)
}

/// What opens the backups of these settings: the private half of the recovery key in the file
/// `private`, or else the key-encryption key, which has to be there.
///
/// # Errors
/// [`OpenError`] with what to do.
pub fn opening_key(
    settings: &Settings,
    azure: &Azure,
    private: Option<&Path>,
) -> Result<OpeningKey, OpenError> {
    if let Some(private) = private {
        let text = SecretRef::File(private.to_owned()).resolve()?;
        let private = RecoveryPrivateKey::from_pem(text.bytes())?;
        return Ok(OpeningKey::Recovery(private));
    }
    let place = settings.kek_place().ok_or(KekError::NoAddress)?;
    Ok(OpeningKey::Kek(rooms::kek(place, false, azure)?))
}

/// Copies the key file that stands in the data folder of these settings into the restored `folder`,
/// where a service looks for it. Says whether there was one to copy.
///
/// # Errors
/// What the operating system says.
pub fn bring_key_file(settings: &Settings, folder: &Path) -> io::Result<bool> {
    let Some(KekPlace::Secret(SecretRef::File(from))) = settings.kek_place() else {
        return Ok(false);
    };
    let to = folder.join("keys").join("kek.key");
    if settings.vault.key_file.is_some() || !from.exists() || to.exists() {
        return Ok(false);
    }
    // The copy has the mode of the file.
    std::fs::copy(from, to)?;
    Ok(true)
}
