//! The queues between requests and the collector: bounded, never waited for, and counted.
//!
//! A span or log record that finds its queue full is dropped at once. The queue is emptied by a thread
//! of its own; what the collector does not take is dropped, too. Both are counted, and told in the log
//! once a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord,
};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::allowed::{self, Cleaner};

/// Log lines about telemetry itself are not sent.
pub(super) const TARGET: &str = "freehold::telemetry::queue";
/// The log says at most so often that something was dropped.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// What was dropped of one signal.
#[derive(Debug, Default)]
struct Dropped {
    full: AtomicU64,
    not_delivered: AtomicU64,
}

/// What was dropped since the start; metrics are counted by attempts to send them.
#[derive(Debug, Default)]
pub struct Drops {
    traces: Dropped,
    logs: Dropped,
    metrics: Dropped,
    news: Notify,
    /// What the last failed attempt said.
    why: Mutex<Option<String>>,
}

/// How much was dropped for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// `traces`, `logs` or `metrics`.
    pub signal: &'static str,
    /// `queue-full` or `not-delivered`.
    pub reason: &'static str,
    /// How many.
    pub number: u64,
}

impl Drops {
    /// All of them, those that are 0 included.
    #[must_use]
    pub fn read(&self) -> Vec<Loss> {
        let signals = [
            ("traces", &self.traces),
            ("logs", &self.logs),
            ("metrics", &self.metrics),
        ];
        let losses = signals.into_iter().flat_map(|(signal, of)| {
            let loss = |reason, number: &AtomicU64| Loss {
                signal,
                reason,
                number: number.load(Ordering::Relaxed),
            };
            [
                loss("queue-full", &of.full),
                loss("not-delivered", &of.not_delivered),
            ]
        });
        // Metrics wait in no queue.
        losses
            .filter(|loss| (loss.signal, loss.reason) != ("metrics", "queue-full"))
            .collect()
    }

    /// Writes one line into the log when something was dropped, at most once a minute, until `stop`
    /// turns true.
    pub async fn tell(&self, mut stop: watch::Receiver<bool>) {
        let mut told = self.read();
        loop {
            tokio::select! {
                () = self.news.notified() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let now = self.read();
            let since = |signal: &str, reason: &str| {
                let of = |all: &[Loss]| {
                    let found = all
                        .iter()
                        .find(|l| (l.signal, l.reason) == (signal, reason));
                    found.map_or(0, |loss| loss.number)
                };
                of(&now) - of(&told)
            };
            tracing::warn!(
                target: TARGET,
                spans_queue_full = since("traces", "queue-full"),
                spans_not_delivered = since("traces", "not-delivered"),
                log_records_queue_full = since("logs", "queue-full"),
                log_records_not_delivered = since("logs", "not-delivered"),
                metrics_not_delivered = since("metrics", "not-delivered"),
                why = self.why.lock().take().unwrap_or_default(),
                "telemetry was dropped, no request waited for it: see that the collector at \
                 telemetry.otlp_endpoint is there and takes it, or raise telemetry.queue_max"
            );
            told = now;
            tokio::select! {
                () = tokio::time::sleep(TELL_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    fn count(&self, number: &AtomicU64, dropped: usize) {
        number.fetch_add(dropped as u64, Ordering::Relaxed);
        self.news.notify_one();
    }
}

/// How many wait of one signal.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    max: usize,
    drops: Arc<Drops>,
    signal: fn(&Drops) -> &Dropped,
}

impl Queue {
    pub(super) fn of_traces(max: usize, drops: &Arc<Drops>) -> Arc<Self> {
        Self::new(max, drops, |drops| &drops.traces)
    }

    pub(super) fn of_logs(max: usize, drops: &Arc<Drops>) -> Arc<Self> {
        Self::new(max, drops, |drops| &drops.logs)
    }

    /// Metrics are not queued; this one counts what was not delivered.
    pub(super) fn of_metrics(drops: &Arc<Drops>) -> Arc<Self> {
        Self::new(0, drops, |drops| &drops.metrics)
    }

    fn new(max: usize, drops: &Arc<Drops>, signal: fn(&Drops) -> &Dropped) -> Arc<Self> {
        Arc::new(Self {
            waiting: AtomicUsize::new(0),
            max,
            drops: Arc::clone(drops),
            signal,
        })
    }

    /// Whether there is room for one more, which then waits.
    pub(super) fn enter(&self) -> bool {
        let room = self.waiting.fetch_add(1, Ordering::Relaxed) < self.max;
        if !room {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.drops.count(&(self.signal)(&self.drops).full, 1);
        }
        room
    }

    /// So many were sent, or not.
    fn leave(&self, number: usize, sent: &OTelSdkResult) {
        self.waiting.fetch_sub(number, Ordering::Relaxed);
        self.failed(number, sent);
    }

    fn failed(&self, number: usize, sent: &OTelSdkResult) {
        if let Err(error) = sent {
            *self.drops.why.lock() = Some(error.to_string());
            self.drops
                .count(&(self.signal)(&self.drops).not_delivered, number);
        }
    }
}

/// Log records on their way into the queue, cleaned.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) queue: Arc<Queue>,
    pub(super) cleaner: Cleaner,
    pub(super) inner: BatchLogProcessor,
}

impl LogProcessor for Logs {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.queue.enter() {
            self.inner.emit(&mut self.cleaner.clean(record), scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The way out of a queue: what leaves is counted, and of spans only what is allowed leaves.
#[derive(Debug)]
pub(super) struct Exit<E> {
    pub(super) queue: Arc<Queue>,
    pub(super) inner: E,
}

impl<E: SpanExporter> SpanExporter for Exit<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let number = batch.len();
        batch.iter_mut().for_each(allowed::span);
        let sent = self.inner.export(batch).await;
        self.queue.leave(number, &sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Exit<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let number = batch.iter().count();
        let sent = self.inner.export(batch).await;
        self.queue.leave(number, &sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Exit<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let sent = self.inner.export(metrics).await;
        self.queue.failed(1, &sent);
        sent
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
