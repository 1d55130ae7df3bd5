//! What the metrics say about the rooms, and the listener where Prometheus reads them.
//!
//! Rooms count in atomics of their own; here they are read when somebody asks. What has to be looked
//! up, in the database or on the disk, is looked up once before.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::serve::pause;
use super::{Rooms, health};
use crate::identity::{rates, refusals};
use crate::jobs;
use crate::telemetry::metrics::{self as table, Metric};
use crate::telemetry::{Drops, LabelValue, Meters, MetricsError, Reading};

/// How long looking up may take; a database that takes longer is not ready.
const LOOK_MAX: Duration = Duration::from_secs(3);

/// What was looked up last.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    is_ready: bool,
    jobs: Option<SeenJobs>,
}

#[derive(Debug, Clone, Copy)]
struct SeenJobs {
    counts: jobs::Counts,
    overdue_secs: f64,
}

/// The metrics of the rooms. Cheap to clone.
#[derive(Clone)]
pub struct RoomMetrics {
    rooms: Rooms,
    meters: Meters,
    seen: Arc<Mutex<Seen>>,
}

impl RoomMetrics {
    /// Lets `meters` observe the rooms, which are looked at now.
    pub async fn new(rooms: Rooms, meters: Meters, drops: Option<Arc<Drops>>) -> Self {
        let made = Self {
            rooms,
            meters,
            seen: Arc::default(),
        };
        made.look().await;
        made.observe_state();
        made.observe_store();
        made.observe_refusals(drops);
        made
    }

    /// Looks up what has to be looked up.
    async fn look(&self) {
        let looking = async {
            let is_ready = health::report(&self.rooms).await.is_ready();
            let counts = jobs::counts(&self.rooms.store).await;
            let overdue = jobs::overdue_secs(&self.rooms.store).await;
            let jobs = counts.ok().zip(overdue.ok());
            let jobs = jobs.map(|(counts, overdue_secs)| SeenJobs {
                counts,
                overdue_secs,
            });
            Seen { is_ready, jobs }
        };
        let seen = tokio::time::timeout(LOOK_MAX, looking).await;
        *self.seen.lock() = seen.unwrap_or_default();
    }

    /// Looks again and again, for what is sent to a collector, until `stop` turns true.
    pub(super) async fn keep_looking(self, every: Duration, mut stop: watch::Receiver<bool>) {
        while !pause(every, &mut stop).await {
            self.look().await;
        }
    }

    fn seen(&self, metric: Metric, read: impl Fn(Seen) -> Option<f64> + Send + Sync + 'static) {
        let seen = Arc::clone(&self.seen);
        let read = move || read(*seen.lock()).map(Reading::plain);
        self.meters.observe(metric, read);
    }

    fn room(&self, metric: Metric, read: impl Fn(&Rooms) -> Option<f64> + Send + Sync + 'static) {
        let rooms = self.rooms.clone();
        let read = move || read(&rooms).map(Reading::plain);
        self.meters.observe(metric, read);
    }

    fn observe_state(&self) {
        self.seen(table::READY, |seen| {
            Some(f64::from(u8::from(seen.is_ready)))
        });
        self.seen(table::JOBS_WAITING, |seen| {
            Some(float(seen.jobs?.counts.waiting))
        });
        self.seen(table::JOBS_GIVEN_UP, |seen| {
            Some(float(seen.jobs?.counts.given_up))
        });
        self.seen(table::JOBS_AGE, |seen| Some(seen.jobs?.overdue_secs));
        self.room(table::CERTIFICATE_LEFT, |rooms| {
            let (_, days) = rooms.certificate.as_ref()?.ends()?;
            Some(float(days))
        });
        self.room(table::BACKUP_AGE, |rooms| {
            let at = rooms.backups.status().last_success?.at;
            let age = rooms.store.clock().now().duration_since(at);
            Some(age.as_secs_f64().max(0.0))
        });
        self.room(table::DISK_FREE, |rooms| {
            let stat = rustix::fs::statvfs(rooms.store.folder()?).ok()?;
            Some(bytes(stat.f_bavail, stat.f_frsize))
        });
        self.room(table::DISK_SIZE, |rooms| {
            let stat = rustix::fs::statvfs(rooms.store.folder()?).ok()?;
            Some(bytes(stat.f_blocks, stat.f_frsize))
        });
        self.meters.observe(table::BUILD, || {
            let version = LabelValue::Word(env!("CARGO_PKG_VERSION"));
            [labelled(1.0, [version])]
        });
    }

    fn observe_store(&self) {
        self.room(table::WRITES, |rooms| {
            Some(count(rooms.store.write_counts().asked))
        });
        self.room(table::WRITE_WAIT, |rooms| {
            Some(rooms.store.write_counts().waited.as_secs_f64())
        });
        self.room(table::WRITES_WAITING, |rooms| {
            Some(count(rooms.store.write_counts().waiting))
        });
        self.room(table::WRITES_REPEATED, |rooms| {
            Some(count(rooms.store.write_counts().repeated))
        });
    }

    fn observe_refusals(&self, drops: Option<Arc<Drops>>) {
        let identity = self.rooms.identity.clone();
        self.meters.observe(table::CREDENTIALS_REFUSED, move || {
            let totals = refusals::totals(&identity).into_iter();
            totals.map(|((door, reason), number)| {
                let words = [door.as_str(), reason].map(LabelValue::Word);
                labelled(count(number), words)
            })
        });
        let identity = self.rooms.identity.clone();
        self.meters.observe(table::RATE_REFUSED, move || {
            let refused = rates::refused(&identity);
            refused.map(|(limit, number)| labelled(count(number), [LabelValue::Word(limit)]))
        });
        let azure = self.rooms.azure.clone();
        self.meters.observe(table::KEY_VAULT_ANSWERS, move || {
            let mut answers = azure.key_vault_answers();
            // There from the start, so that the first one shows as a growth.
            answers
                .entry(StatusCode::TOO_MANY_REQUESTS.as_u16())
                .or_insert(0);
            answers.into_iter().map(|(status, number)| {
                labelled(count(number), [LabelValue::Number(status.into())])
            })
        });
        self.room(table::EGRESS_REFUSED, |rooms| {
            Some(count(rooms.azure.outbound().refused()))
        });
        self.meters.observe(table::TELEMETRY_DROPPED, move || {
            let losses = drops.as_ref().map(|drops| drops.read());
            losses.unwrap_or_default().into_iter().map(|loss| {
                let words = [loss.signal, loss.reason].map(LabelValue::Word);
                labelled(count(loss.number), words)
            })
        });
    }

    /// All metrics now, as Prometheus reads them; the rooms are looked at before.
    ///
    /// # Errors
    /// [`MetricsError`], which is a bug.
    pub async fn text(&self) -> Result<String, MetricsError> {
        self.look().await;
        self.meters.text()
    }

    /// `GET /metrics`, for a listener of its own.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn metrics(State(of): State<RoomMetrics>) -> Response {
    match of.text().await {
        Ok(text) => {
            let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn labelled<const N: usize>(value: f64, labels: [LabelValue; N]) -> Reading {
    Reading {
        labels: labels.to_vec(),
        value,
    }
}

fn bytes(blocks: u64, block_bytes: u64) -> f64 {
    count(blocks.saturating_mul(block_bytes))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn count(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn float(number: i64) -> f64 {
    number as f64
}
