//! Sending traces, metrics and logs to an OpenTelemetry collector.
//!
//! HTTP goes through the client that it is given, which is `outbound`'s; gRPC opens its own connection,
//! so whoever starts this opens the way first. Threads of their own send; when the collector is away or
//! hangs, nothing else does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{self, BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::SpanExporter as _;

use super::allowed::Cleaner;
use super::queue::{Drops, Exit, Logs, Queue};
use super::spans::Spans;
use crate::base::random;
use crate::config::{CollectorUrl, OtlpProtocol};

/// How long one attempt to send may take.
const SEND_MAX: Duration = Duration::from_secs(5);
/// How long sending what is left may take at the end.
const STOP_MAX: Duration = Duration::from_secs(2);
/// How many are sent at once.
const BATCH: usize = 512;

/// Where telemetry goes, and how.
pub struct Collector {
    /// Its address.
    pub url: CollectorUrl,
    /// HTTP or gRPC.
    pub protocol: OtlpProtocol,
    /// Headers it wants, by lower-case name.
    pub headers: http::HeaderMap,
    /// What sends over HTTP.
    pub client: Arc<dyn HttpClient>,
    /// How often it is sent what there is.
    pub every: Duration,
    /// How many spans, and how many log records, wait at most.
    pub queue_max: usize,
}

/// The senders of the three signals.
pub struct Otlp {
    spans: Arc<Spans>,
    pub(super) logger: SdkLoggerProvider,
    /// What was dropped.
    pub drops: Arc<Drops>,
}

/// The reader that sends metrics.
pub struct MetricsReader(pub(super) PeriodicReader<Exit<MetricExporter>>);

/// Telemetry cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error(
    "telemetry cannot be sent to telemetry.otlp_endpoint: check its address and the headers in \
     telemetry.otlp_headers"
)]
pub struct OtlpError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<ExporterBuildError> for OtlpError {
    fn from(error: ExporterBuildError) -> Self {
        Self(Box::new(error))
    }
}

/// Who sends: this program, its version, and a random name for this process. Neither the host's name
/// nor anything of the environment.
#[must_use]
pub fn resource() -> Resource {
    let instance = uuid::Builder::from_random_bytes(random::bytes()).into_uuid();
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "freehold"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_string()),
        ])
        .build()
}

/// Starts the senders. Runs in a tokio runtime, which gRPC uses.
///
/// # Errors
/// [`OtlpError`] when address or headers cannot be used; whether the collector is there does not
/// matter.
pub fn start(to: &Collector, resource: &Resource) -> Result<(Otlp, MetricsReader), OtlpError> {
    let drops = Arc::new(Drops::default());
    let max = to.queue_max;
    let queue = Queue::of_traces(max, &drops);
    let mut exit = Exit {
        queue: Arc::clone(&queue),
        inner: to.spans()?,
    };
    exit.set_resource(resource);
    let spans = Spans::start(exit, queue, BATCH.min(max), to.every);
    let spans = spans.map_err(|error| OtlpError(Box::new(error)))?;
    let queue = Queue::of_logs(max, &drops);
    let exit = Exit {
        queue: Arc::clone(&queue),
        inner: to.logs()?,
    };
    let config = logs::BatchConfigBuilder::default()
        .with_max_queue_size(max)
        .with_max_export_batch_size(BATCH.min(max))
        .with_scheduled_delay(to.every)
        .build();
    let inner = BatchLogProcessor::builder(exit)
        .with_batch_config(config)
        .build();
    let cleaner = Cleaner::new();
    let logger = SdkLoggerProvider::builder()
        .with_resource(resource.clone())
        .with_log_processor(Logs {
            queue,
            cleaner,
            inner,
        })
        .build();
    let exit = Exit {
        queue: Queue::of_metrics(&drops),
        inner: to.metrics()?,
    };
    let reader = PeriodicReader::builder(exit)
        .with_interval(to.every)
        .build();
    let otlp = Otlp {
        spans,
        logger,
        drops,
    };
    Ok((otlp, MetricsReader(reader)))
}

impl Otlp {
    /// Sends what is left, for two seconds of each signal at most. Blocks: call it from a thread of its
    /// own.
    pub fn stop(&self) {
        self.spans.stop(STOP_MAX);
        // What fails is counted, and nobody is there any more to be told.
        let _dropped = self.logger.shutdown_with_timeout(STOP_MAX);
    }
}

impl Collector {
    fn spans(&self) -> Result<SpanExporter, OtlpError> {
        let builder = SpanExporter::builder();
        Ok(match self.protocol {
            OtlpProtocol::HttpProtobuf => self.http(builder.with_http(), "traces")?.build()?,
            OtlpProtocol::Grpc => self.grpc(builder.with_tonic()).build()?,
        })
    }

    fn logs(&self) -> Result<LogExporter, OtlpError> {
        let builder = LogExporter::builder();
        Ok(match self.protocol {
            OtlpProtocol::HttpProtobuf => self.http(builder.with_http(), "logs")?.build()?,
            OtlpProtocol::Grpc => self.grpc(builder.with_tonic()).build()?,
        })
    }

    fn metrics(&self) -> Result<MetricExporter, OtlpError> {
        let builder = MetricExporter::builder();
        Ok(match self.protocol {
            OtlpProtocol::HttpProtobuf => self.http(builder.with_http(), "metrics")?.build()?,
            OtlpProtocol::Grpc => self.grpc(builder.with_tonic()).build()?,
        })
    }

    fn http<B: WithExportConfig + WithHttpConfig>(
        &self,
        builder: B,
        signal: &str,
    ) -> Result<B, OtlpError> {
        let mut headers = HashMap::new();
        for (name, value) in &self.headers {
            let value = value.to_str().map_err(|error| OtlpError(Box::new(error)))?;
            headers.insert(name.as_str().to_owned(), value.to_owned());
        }
        Ok(builder
            .with_endpoint(format!("{}/v1/{signal}", self.url.as_str()))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(SEND_MAX)
            .with_shared_http_client(Arc::clone(&self.client))
            .with_headers(headers))
    }

    fn grpc<B: WithExportConfig + WithTonicConfig>(&self, builder: B) -> B {
        let builder = builder
            .with_endpoint(self.url.as_str())
            .with_timeout(SEND_MAX)
            .with_metadata(MetadataMap::from_headers(self.headers.clone()));
        match self.url.url().scheme() {
            "https" => builder.with_tls_config(ClientTlsConfig::new().with_native_roots()),
            _ => builder,
        }
    }
}
