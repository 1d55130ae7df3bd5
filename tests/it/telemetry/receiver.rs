//! An OTLP receiver of OpenTelemetry's own definitions: over gRPC by tonic, over HTTP in protobuf.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

const PATIENCE: Duration = Duration::from_mins(1);

/// What has come in.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) traces: Vec<ExportTraceServiceRequest>,
    pub(crate) metrics: Vec<ExportMetricsServiceRequest>,
    pub(crate) logs: Vec<ExportLogsServiceRequest>,
    /// Every byte of every body.
    pub(super) bytes: Vec<u8>,
    pub(super) headers: Vec<HeaderMap>,
}

impl Received {
    pub(super) fn spans(&self) -> Vec<&Span> {
        let resources = self.traces.iter().flat_map(|one| &one.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans).collect()
    }

    pub(super) fn metrics(&self) -> Vec<&Metric> {
        let resources = self.metrics.iter().flat_map(|one| &one.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).collect()
    }

    pub(super) fn logs(&self) -> Vec<&LogRecord> {
        let resources = self.logs.iter().flat_map(|one| &one.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| &scope.log_records).collect()
    }
}

/// The text or number of an attribute.
pub(super) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|one| one.key == key)?;
    text(found.value.as_ref()?)
}

pub(super) fn text(value: &AnyValue) -> Option<String> {
    Some(match value.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// A receiver on two ports of loopback; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) http: String,
    pub(super) grpc: String,
    received: Arc<Mutex<Received>>,
    news: watch::Sender<u64>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self {
            http: url(&http),
            grpc: url(&grpc),
            received: Arc::default(),
            news: watch::Sender::new(0),
        };
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .route("/v1/logs", post(logs))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(http, router).await.unwrap() });
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()))
            .add_service(MetricsServiceServer::new(receiver.clone()))
            .add_service(LogsServiceServer::new(receiver.clone()));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(grpc)));
        receiver
    }

    /// Where this protocol is spoken.
    pub(super) fn url(&self, protocol: &str) -> &str {
        match protocol {
            "grpc" => &self.grpc,
            _ => &self.http,
        }
    }

    fn take(&self, headers: HeaderMap, take: impl FnOnce(&mut Received)) {
        let mut received = self.received.lock().unwrap();
        received.headers.push(headers);
        take(&mut received);
        drop(received);
        self.news.send_modify(|number| *number += 1);
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Received) -> T) -> T {
        read(&self.received.lock().unwrap())
    }

    /// Waits until `find` finds something in what has come in.
    pub(crate) async fn wait_for<T>(&self, find: impl Fn(&Received) -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        let finding = async {
            loop {
                if let Some(found) = self.read(&find) {
                    return found;
                }
                news.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, finding).await;
        found.unwrap_or_else(|_| {
            let named = |all: &Received| {
                let names = all.spans().into_iter().map(|span| span.name.clone());
                names.collect::<Vec<_>>().join(", ")
            };
            panic!("it never came; there are the spans {}", self.read(named))
        })
    }
}

async fn traces(State(to): State<Receiver>, headers: HeaderMap, body: Bytes) -> Vec<u8> {
    to.take(headers, |received| {
        received.traces.push(Message::decode(&body[..]).unwrap());
        received.bytes.extend_from_slice(&body);
    });
    ExportTraceServiceResponse::default().encode_to_vec()
}

async fn metrics(State(to): State<Receiver>, headers: HeaderMap, body: Bytes) -> Vec<u8> {
    to.take(headers, |received| {
        received.metrics.push(Message::decode(&body[..]).unwrap());
        received.bytes.extend_from_slice(&body);
    });
    ExportMetricsServiceResponse::default().encode_to_vec()
}

async fn logs(State(to): State<Receiver>, headers: HeaderMap, body: Bytes) -> Vec<u8> {
    to.take(headers, |received| {
        received.logs.push(Message::decode(&body[..]).unwrap());
        received.bytes.extend_from_slice(&body);
    });
    ExportLogsServiceResponse::default().encode_to_vec()
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.take(metadata.into_headers(), |received| {
            received.bytes.extend_from_slice(&message.encode_to_vec());
            received.traces.push(message);
        });
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.take(metadata.into_headers(), |received| {
            received.bytes.extend_from_slice(&message.encode_to_vec());
            received.metrics.push(message);
        });
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.take(metadata.into_headers(), |received| {
            received.bytes.extend_from_slice(&message.encode_to_vec());
            received.logs.push(message);
        });
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
