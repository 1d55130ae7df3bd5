//! Spans: what was done, from when to when, and how they come to the collector.
//!
//! A span is a few numbers and words of ours until it leaves: its names and attributes are not made while
//! a request waits. A thread of its own makes OpenTelemetry's spans of them and sends these, whenever
//! there are enough or it is time.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, SpanData, SpanEvents, SpanExporter, SpanLinks,
};
use parking_lot::{Condvar, Mutex};

use super::queue::Queue;
use crate::base::{Clock as _, SystemClock};

/// Where spans go that are over, in all of the process. Without it there are none.
static SPANS: OnceLock<Arc<Spans>> = OnceLock::new();

/// Something that is done for a request, or the request. It ends when this is dropped.
#[derive(Debug, Default)]
pub struct Span(Option<Begun>);

#[derive(Debug)]
struct Begun {
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    parent_is_remote: bool,
    at: Timestamp,
    what: What,
}

/// What a span is about.
#[derive(Debug)]
pub(super) enum What {
    /// A request to us, and how it was answered: on which form of URL, with which status.
    Request {
        method: &'static str,
        scheme: &'static str,
        id: [u8; 16],
        answer: Option<(Option<&'static str>, u16)>,
    },
    /// A question to the database.
    Database {
        operation: &'static str,
        system: &'static str,
    },
    /// A request to another host (`name:port`), and the status of its answer.
    Call {
        method: &'static str,
        host: Box<str>,
        status: Option<u16>,
    },
}

impl Span {
    /// Begins, inside of `parent` if there is one; nothing where spans go nowhere.
    pub(super) fn begin(what: What, parent: Option<&SpanContext>) -> Self {
        if SPANS.get().is_none() {
            return Self::default();
        }
        let ids = RandomIdGenerator::default();
        Self(Some(Begun {
            trace: parent.map_or_else(|| ids.new_trace_id(), SpanContext::trace_id),
            id: ids.new_span_id(),
            parent: parent.map_or(SpanId::INVALID, SpanContext::span_id),
            parent_is_remote: parent.is_some_and(SpanContext::is_remote),
            at: SystemClock.now(),
            what,
        }))
    }

    /// The host that was called answered.
    pub fn answered(mut self, with: u16) {
        if let Some(What::Call { status, .. }) = self.what() {
            *status = Some(with);
        }
    }

    /// What others need to know to belong to it.
    pub(super) fn context(&self) -> Option<SpanContext> {
        Some(self.0.as_ref()?.context())
    }

    /// What it is about, if it is followed.
    pub(super) fn what(&mut self) -> Option<&mut What> {
        Some(&mut self.0.as_mut()?.what)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let (Some(begun), Some(spans)) = (self.0.take(), SPANS.get()) {
            spans.wait(begun, SystemClock.now());
        }
    }
}

impl Begun {
    fn context(&self) -> SpanContext {
        let (sampled, none) = (TraceFlags::SAMPLED, TraceState::NONE);
        SpanContext::new(self.trace, self.id, sampled, false, none)
    }

    fn data(&self, end: Timestamp, scope: &InstrumentationScope) -> SpanData {
        let (kind, name, attributes) = self.what.told();
        let status = match self.what {
            What::Request {
                answer: Some((_, 500..)),
                ..
            } => Status::error(""),
            _ => Status::Unset,
        };
        let time = |at: Timestamp| {
            UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.as_nanosecond()).unwrap_or(0))
        };
        SpanData {
            span_context: self.context(),
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind: kind,
            name: name.into(),
            start_time: time(self.at),
            end_time: time(end),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: scope.clone(),
        }
    }
}

impl What {
    /// Kind, name and attributes (semantic conventions for HTTP and database spans).
    fn told(&self) -> (SpanKind, String, Vec<KeyValue>) {
        let of = |status: u16| KeyValue::new("http.response.status_code", i64::from(status));
        match self {
            Self::Request {
                method,
                scheme,
                id,
                answer,
            } => {
                let (route, status) = answer.unzip();
                let (mut name, mut told) = ((*method).to_owned(), Vec::with_capacity(6));
                told.push(KeyValue::new("http.request.method", *method));
                told.push(KeyValue::new("url.scheme", *scheme));
                let id = uuid::Uuid::from_bytes(*id).to_string();
                told.push(KeyValue::new("freehold.request.id", id));
                if let Some(route) = route.flatten() {
                    name = format!("{method} {route}");
                    told.push(KeyValue::new("http.route", route));
                }
                told.extend(status.map(of));
                if let Some(status @ 500..) = status {
                    told.push(KeyValue::new("error.type", status.to_string()));
                }
                (SpanKind::Server, name, told)
            }
            Self::Database { operation, system } => {
                let told = vec![
                    KeyValue::new("db.operation.name", *operation),
                    KeyValue::new("db.system.name", *system),
                ];
                (SpanKind::Client, (*operation).to_owned(), told)
            }
            Self::Call {
                method,
                host,
                status,
            } => {
                let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
                let mut told = vec![
                    KeyValue::new("http.request.method", *method),
                    KeyValue::new("server.address", name.to_owned()),
                    KeyValue::new("server.port", port.parse().unwrap_or(0_i64)),
                ];
                told.extend(status.map(of));
                (SpanKind::Client, (*method).to_owned(), told)
            }
        }
    }
}

/// The spans that are over and wait to be sent.
#[derive(Debug)]
pub(super) struct Spans {
    queue: Arc<Queue>,
    /// So many are sent at once.
    batch: usize,
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    spans: Vec<(Begun, Timestamp)>,
    /// No more are sent than those that wait now.
    stop: bool,
    /// They were.
    stopped: bool,
}

impl Spans {
    /// Spans are followed from now on, and sent by `exporter` every so often, `batch` at once. Runs in a
    /// tokio runtime. In one process, only the first are.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start<E: SpanExporter + 'static>(
        exporter: E,
        queue: Arc<Queue>,
        batch: usize,
        every: Duration,
    ) -> std::io::Result<Arc<Self>> {
        let spans = Arc::new(Self {
            queue,
            batch,
            waiting: Mutex::default(),
            news: Condvar::new(),
        });
        let _others_are_followed = SPANS.set(Arc::clone(&spans));
        let (waiting, runtime) = (Arc::clone(&spans), tokio::runtime::Handle::current());
        let send = move || {
            waiting.send(every, |batch| {
                // What fails is counted.
                let _dropped = runtime.block_on(exporter.export(batch));
            });
        };
        let thread = std::thread::Builder::new().name("telemetry-spans".to_owned());
        thread.spawn(send).map(|_runs| spans)
    }

    fn wait(&self, begun: Begun, end: Timestamp) {
        if !self.queue.enter() {
            return;
        }
        let mut waiting = self.waiting.lock();
        waiting.spans.push((begun, end));
        // Whoever sends is woken once, not for each.
        if waiting.spans.len() == self.batch {
            self.news.notify_all();
        }
    }

    fn send(&self, every: Duration, export: impl Fn(Vec<SpanData>)) {
        let scope = InstrumentationScope::builder("freehold").build();
        // The two change places, so that neither grows anew.
        let mut taken = Vec::new();
        loop {
            let mut waiting = self.waiting.lock();
            let too_few = |of: &mut Waiting| of.spans.len() < self.batch && !of.stop;
            self.news.wait_while_for(&mut waiting, too_few, every);
            std::mem::swap(&mut waiting.spans, &mut taken);
            let stop = waiting.stop;
            drop(waiting);
            for batch in taken.chunks(self.batch) {
                let data = batch.iter().map(|(begun, end)| begun.data(*end, &scope));
                export(data.collect());
            }
            taken.clear();
            if stop {
                self.waiting.lock().stopped = true;
                self.news.notify_all();
                return;
            }
        }
    }

    /// Sends what waits, for `max` at most. Blocks.
    pub(super) fn stop(&self, max: Duration) {
        let mut waiting = self.waiting.lock();
        waiting.stop = true;
        self.news.notify_all();
        let sending = |of: &mut Waiting| !of.stopped;
        self.news.wait_while_for(&mut waiting, sending, max);
    }
}
