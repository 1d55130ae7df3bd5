//! Meters: instruments made from the table of metrics, and how they are read.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram, Meter, MeterProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use parking_lot::RwLock;
use prometheus::{Encoder as _, Registry, TextEncoder};
use rustc_hash::FxHashMap;

use super::metrics::{self, Metric};
use super::otlp::MetricsReader;

/// Until an answer begins, in seconds.
const DURATIONS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Objects in an answer.
const SIZES: [f64; 7] = [0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0];

/// Everything that is measured. What was recorded before somebody reads is there when they do.
#[derive(Debug, Clone)]
pub struct Meters {
    provider: SdkMeterProvider,
    meter: Meter,
    registry: Option<Registry>,
    requests: Histogram<f64>,
    /// Each of them with the labels that it was used with: words of ours, so there are not many.
    bound: Arc<RwLock<FxHashMap<Answered, BoundHistogram<f64>>>>,
    sync_changes: Histogram<u64>,
}

/// Whether Prometheus reads the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scraping {
    /// [`Meters::text`] has all of them.
    Offered,
    /// It has none, and nothing is gathered for it.
    Off,
}

/// Metrics cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the metrics cannot be put together")]
pub struct MetricsError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A value that is looked up when somebody reads, with the words that go with its labels in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// One for each label of the metric.
    pub labels: Vec<LabelValue>,
    /// The value.
    pub value: f64,
}

/// The value of a label: a word of ours, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelValue {
    /// A word.
    Word(&'static str),
    /// A number.
    Number(i64),
}

impl Reading {
    /// A value without labels.
    #[must_use]
    pub const fn plain(value: f64) -> Self {
        Self {
            labels: Vec::new(),
            value,
        }
    }
}

/// What is known about an answered request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answered {
    /// As [`super::trace::method`] names it.
    pub method: &'static str,
    /// The form of the URL, if a door knows it.
    pub route: Option<&'static str>,
    /// The status.
    pub status: u16,
    /// `http` or `https`.
    pub scheme: &'static str,
}

impl Meters {
    /// Meters that Prometheus reads, if so, and `reader`, if there is one.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub fn new(
        resource: &Resource,
        scraping: Scraping,
        reader: Option<MetricsReader>,
    ) -> Result<Self, MetricsError> {
        let mut builder = SdkMeterProvider::builder().with_resource(resource.clone());
        let registry = (scraping == Scraping::Offered).then(Registry::new);
        if let Some(registry) = &registry {
            let exporter = opentelemetry_prometheus::exporter()
                .with_registry(registry.clone())
                .without_target_info()
                .scope_info_enabled(false)
                .build()
                .map_err(|error| MetricsError(Box::new(error)))?;
            builder = builder.with_reader(exporter);
        }
        if let Some(MetricsReader(reader)) = reader {
            builder = builder.with_reader(reader);
        }
        let provider = builder.build();
        let meter = provider.meter("freehold");
        let requests = metrics::REQUEST_DURATION;
        let changes = metrics::SYNC_CHANGES;
        Ok(Self {
            requests: meter
                .f64_histogram(requests.name)
                .with_unit(requests.unit)
                .with_description(requests.help.trim())
                .with_boundaries(DURATIONS.to_vec())
                .build(),
            sync_changes: meter
                .u64_histogram(changes.name)
                .with_unit(changes.unit)
                .with_description(changes.help.trim())
                .with_boundaries(SIZES.to_vec())
                .build(),
            bound: Arc::default(),
            provider,
            meter,
            registry,
        })
    }

    /// A request was answered; `took` is until the answer began.
    pub fn answered(&self, of: Answered, took: Duration) {
        let took = took.as_secs_f64();
        // Finding the instrument again by its attributes would cost more than all the rest.
        if let Some(bound) = self.bound.read().get(&of) {
            return bound.record(took);
        }
        let bound = self.requests.bind(&of.labels());
        bound.record(took);
        self.bound.write().insert(of, bound);
    }

    /// An answer to `sync-collection` named so many objects.
    pub fn synchronised(&self, objects: u64) {
        self.sync_changes.record(objects, &[]);
    }

    /// `metric` is what `read` reads, whenever somebody asks; it is absent while that is nothing.
    pub fn observe<I>(&self, metric: Metric, read: impl Fn() -> I + Send + Sync + 'static)
    where
        I: IntoIterator<Item = Reading>,
    {
        let told = move |tell: &mut dyn FnMut(f64, &[KeyValue])| {
            for reading in read() {
                let labels = metric.labels.iter().zip(&reading.labels);
                let labels: Vec<_> = labels.map(|(label, value)| value.under(label)).collect();
                tell(reading.value, &labels);
            }
        };
        let (name, unit, help) = (metric.name, metric.unit, metric.help.trim());
        match metric.kind {
            metrics::Kind::Counter => drop(
                self.meter
                    .f64_observable_counter(name)
                    .with_unit(unit)
                    .with_description(help)
                    .with_callback(move |at| told(&mut |value, labels| at.observe(value, labels)))
                    .build(),
            ),
            metrics::Kind::Gauge | metrics::Kind::Histogram => drop(
                self.meter
                    .f64_observable_gauge(name)
                    .with_unit(unit)
                    .with_description(help)
                    .with_callback(move |at| told(&mut |value, labels| at.observe(value, labels)))
                    .build(),
            ),
        }
    }

    /// All metrics now, as Prometheus reads them (text format 0.0.4).
    ///
    /// # Errors
    /// [`MetricsError`].
    pub fn text(&self) -> Result<String, MetricsError> {
        let mut text = Vec::new();
        let families = self.registry.as_ref().map(Registry::gather);
        let encoded = TextEncoder::new().encode(&families.unwrap_or_default(), &mut text);
        encoded.map_err(|error| MetricsError(Box::new(error)))?;
        String::from_utf8(text).map_err(|error| MetricsError(Box::new(error)))
    }

    /// Sends what is left. Blocks: call it from a thread of its own.
    pub fn stop(&self) {
        // What fails is counted, and nobody is there any more to be told.
        let _dropped = self.provider.shutdown();
    }
}

impl Answered {
    fn labels(self) -> [KeyValue; 4] {
        [
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.route", self.route.unwrap_or("")),
            KeyValue::new("http.response.status_code", i64::from(self.status)),
            KeyValue::new("url.scheme", self.scheme),
        ]
    }
}

impl LabelValue {
    fn under(self, label: &'static str) -> KeyValue {
        match self {
            Self::Word(word) => KeyValue::new(label, word),
            Self::Number(number) => KeyValue::new(label, number),
        }
    }
}
