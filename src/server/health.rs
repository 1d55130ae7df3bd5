//! `GET /healthz`: the process runs. `GET /readyz`: it can do its work; `?verbose` names each part.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::{Certificate, Rooms};
use crate::backup;
use crate::edge::Endpoint;
use crate::identity::Providers;
use crate::identity::providers::{ProviderState, Seen};
use crate::store::Condition;
use crate::store::key_ring::KeyCondition;
use crate::telemetry::{Check, Health, Report};

/// With less room than this no write is safe any more.
const DISK_FAILED_BYTES: u64 = 16 * 1024 * 1024;
/// With less room than this somebody should look.
const DISK_LOW_BYTES: u64 = 256 * 1024 * 1024;

/// The two addresses; they need no credential and tell nothing about anybody.
pub(super) fn router(rooms: Rooms, providers: Providers) -> Router {
    let routes = routes().into_iter();
    routes
        .fold(Router::new(), |router, (path, answer)| {
            router.route(path, answer)
        })
        .with_state((rooms, providers))
}

/// Everything that [`router`] answers.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let paths = routes().map(|(path, _)| path).into_iter();
    let method = "GET";
    paths.map(|path| Endpoint { path, method }).collect()
}

fn routes() -> [(&'static str, MethodRouter<(Rooms, Providers)>); 2] {
    let alive = || async { plain(StatusCode::OK, "ok\n".to_owned()) };
    [("/healthz", get(alive)), ("/readyz", get(readyz))]
}

async fn readyz(
    State((rooms, providers)): State<(Rooms, Providers)>,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let mut report = report(&rooms).await;
    report
        .checks
        .extend(providers.states().iter().map(provider));
    let status = if report.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let verbose =
        query.is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose")));
    let text = if verbose {
        report.to_string()
    } else {
        format!("{}\n", report.overall().word())
    };
    plain(status, text)
}

fn plain(status: StatusCode, text: String) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, headers, text)
}

/// How the parts are now.
pub(crate) async fn report(rooms: &Rooms) -> Report {
    let check = |name: &'static str, health| Check {
        name: name.into(),
        health,
    };
    let mut checks = vec![
        check("store", store(rooms).await),
        check("keys", keys(rooms)),
        check("disk", disk(rooms)),
    ];
    checks.extend(backup(rooms));
    let certificate = rooms.certificate.as_ref().map(Certificate::health);
    checks.extend(certificate.map(|health| check("certificate", health)));
    Report { checks }
}

async fn store(rooms: &Rooms) -> Health {
    if rooms.store.condition() == Condition::Damaged {
        return Health::Failed(
            "the database is damaged: stop the service, keep the files, restore the last backup"
                .to_owned(),
        );
    }
    match rooms.store.ping().await {
        Ok(()) => Health::Ok,
        Err(error) => Health::Failed(error.to_string()),
    }
}

/// What was seen of a provider when it was last asked; it is not asked now.
fn provider(state: &ProviderState) -> Check {
    let id = &state.id;
    let (name, health) = match &state.seen {
        Seen::Nothing => (format!("provider {id}, not asked yet"), Health::Ok),
        Seen::Answered(_) => (format!("provider {id}"), Health::Ok),
        Seen::Away(at) => {
            let sentence = format!(
                "it did not answer as it should at {at:.0}; it is asked again when somebody signs \
                 in, and the log says why"
            );
            (format!("provider {id}"), Health::Degraded(sentence))
        }
    };
    Check {
        name: name.into(),
        health,
    }
}

/// How old the last backup is; nothing where none are made.
fn backup(rooms: &Rooms) -> Option<Check> {
    let backups = rooms.backups.is_on().then_some(&rooms.backups)?;
    let (status, now) = (backups.status(), rooms.store.clock().now());
    let name = match &status.last_success {
        None => "backup, none yet".to_owned(),
        Some(last) => {
            let mins = now.duration_since(last.at).as_mins().max(0);
            format!("backup, last {:.0} ({mins} min ago)", last.at)
        }
    };
    Some(Check {
        name: name.into(),
        health: backup::health(&status, backups.every_mins(), now),
    })
}

fn keys(rooms: &Rooms) -> Health {
    match rooms.keys.condition() {
        KeyCondition::Sound => Health::Ok,
        KeyCondition::Failing { why, since } => Health::Degraded(format!(
            "the key-encryption key did not answer since {since:.0}: {why}. The service works until \
             vault.key_ttl_hours are over"
        )),
        KeyCondition::Damaged => Health::Failed(
            "the key ring is damaged: keep the service running, it has its keys in memory; keep the \
             files, and put the latest backup of the ring in its place before the next start"
                .to_owned(),
        ),
        KeyCondition::Locked { why } => Health::Failed(format!(
            "the key-encryption key does not answer, and the keys were wiped: {why}. The service \
             goes on by itself as soon as it answers"
        )),
    }
}

fn disk(rooms: &Rooms) -> Health {
    let full = rooms.store.condition() == Condition::Full;
    let Some(folder) = rooms.store.folder() else {
        return Health::Ok;
    };
    let free = match rustix::fs::statvfs(folder) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => {
            let folder = folder.display();
            return Health::Failed(format!(
                "the data folder {folder} cannot be examined: {error}"
            ));
        }
    };
    let mib = free / (1024 * 1024);
    if full || free < DISK_FAILED_BYTES {
        return Health::Failed(format!(
            "the disk of the data folder is full ({mib} MiB free): free space or enlarge it; \
             writes go on by themselves"
        ));
    }
    if free < DISK_LOW_BYTES {
        return Health::Degraded(format!(
            "{mib} MiB are free on the disk of the data folder: free space or enlarge it"
        ));
    }
    Health::Ok
}
