//! What the machine gives: folder, disk, files, clock, time zones.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::tz::TimeZone;
use rustix::fs::Access;

use super::{Finding, out};
use crate::azure::Azure;
use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::config::{Backend, KekProvider, SecretRef, Settings};
use crate::store::{FolderLock, SqliteOptions};

/// Below this somebody should look, in MiB.
const FREE_LOW_MIB: u64 = 1024;

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    let mut findings = vec![folder(settings)];
    if settings.vault.kek == KekProvider::File {
        findings.push(key_file(settings, azure).await);
    }
    findings.extend(providers(settings));
    findings.push(clock(SystemClock.now()));
    findings.push(time_zone(&settings.calendar.default_timezone));
    findings
}

fn folder(settings: &Settings) -> Finding {
    const PART: &str = "data folder";
    let folder = &settings.store.data;
    let shown = folder.display();
    if !folder.exists() {
        let text = format!("{shown} is not there: the first `freehold serve` makes it");
        return Finding::warn(PART, text);
    }
    if !folder.is_dir() {
        return Finding::fail(
            PART,
            format!("{shown} is no folder: check store.data or --data"),
        );
    }
    if settings.store.backend == Backend::Sqlite
        && let Err(error) = FolderLock::examine(folder)
    {
        return Finding::fail(PART, error.to_string());
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    if let Err(error) = rustix::fs::access(folder, wanted) {
        let text = format!("{shown} cannot be written ({error}): give it to the service's user");
        return Finding::fail(PART, text);
    }
    match rustix::fs::statvfs(folder) {
        Err(error) => Finding::fail(PART, format!("{shown} cannot be examined: {error}")),
        Ok(stat) => {
            let mib = stat.f_bavail.saturating_mul(stat.f_frsize) / (1024 * 1024);
            if mib < FREE_LOW_MIB {
                let text = format!("{shown} has {mib} MiB free: free space or enlarge the disk");
                return Finding::warn(PART, text);
            }
            Finding::ok(
                PART,
                format!("{shown} is local and writable, {mib} MiB are free"),
            )
        }
    }
}

async fn key_file(settings: &Settings, azure: &Azure) -> Finding {
    const PART: &str = "key file";
    let reference = settings.key_file();
    let SecretRef::File(path) = &reference else {
        return secret(PART, &reference, azure).await;
    };
    let shown = path.display();
    let is_new = settings.vault.key_file.is_none() && !has_database(settings);
    match std::fs::metadata(path) {
        Err(_) if is_new => Finding::warn(
            PART,
            format!("{shown} is not there: the first start makes it"),
        ),
        Err(error) => Finding::fail(
            PART,
            format!(
                "{shown} cannot be read ({error}): nothing stored opens without it; restore it"
            ),
        ),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            Finding::warn(PART, format!("others may read {shown}: chmod 600 {shown}"))
        }
        Ok(_) => Finding::ok(PART, format!("{shown}; keep a copy of it somewhere else")),
    }
}

/// Whether there is something that a key has sealed.
fn has_database(settings: &Settings) -> bool {
    settings.store.backend == Backend::Postgres
        || SqliteOptions::new(&settings.store.data).database().exists()
}

async fn secret(part: &'static str, reference: &SecretRef, azure: &Azure) -> Finding {
    match azure.secret(reference).await {
        Ok(_) => Finding::ok(part, format!("{reference} is there")),
        Err(error) => Finding::fail(part, out::told(&error)),
    }
}

fn providers(settings: &Settings) -> Option<Finding> {
    let text = "no provider is configured: only `freehold serve --evaluation` signs anybody in; \
                `freehold config explain identity.providers` says how";
    let providers = &settings.identity.providers;
    providers.is_empty().then(|| Finding::warn("sign-in", text))
}

/// A clock that was never set shows the year 1970 or the day the machine was made.
pub(super) fn clock(now: Timestamp) -> Finding {
    const PART: &str = "clock";
    // 2026-01-01T00:00:00Z: this program is younger.
    const OLDEST_SECONDS: i64 = 1_767_225_600;
    if now.as_second() < OLDEST_SECONDS {
        return Finding::fail(
            PART,
            format!("it shows {now}: set it, and keep it right with NTP"),
        );
    }
    Finding::ok(PART, format!("{now}"))
}

fn time_zone(name: &str) -> Finding {
    const PART: &str = "time zones";
    match TimeZone::get(name) {
        Ok(_) => Finding::ok(
            PART,
            format!("{}; calendars without one are in {name}", zones_origin()),
        ),
        Err(error) => Finding::fail(
            PART,
            format!("calendar.default_timezone = {name:?} is not known ({error}): check the name"),
        ),
    }
}

/// Where the rules of the zones come from.
fn zones_origin() -> &'static str {
    if Path::new("/usr/share/zoneinfo").exists() {
        "of this machine"
    } else {
        "built in"
    }
}
