//! All three signals come to an independent receiver, over both protocols, with the names that
//! OpenTelemetry's semantic conventions have.

use std::process::{Command, Stdio};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::receiver::{Received, Receiver, attribute, text};
use super::{sending, set};
use crate::architecture::root;
use crate::support::dav::{Dav, event};
use crate::support::served::{Place, Served};
use crate::support::{free_port, on_postgres};

/// The forms of addresses that [`use_it`] asks.
const OBJECT: &str = "/dav/calendars/{handle}/{calendar}/{object}";

/// Some requests of a calendar program.
async fn use_it(place: &Place) -> Served {
    let served = place.serve();
    let dav = Dav::new(&served.url, "alice", &place.token("alice", "caldav"));
    dav.make_calendar("work").await;
    let body = event("one@example.org", "20270101T090000Z", "a title");
    assert_eq!(dav.put("work/one.ics", body).await.unwrap(), 201);
    dav.sync("work/", "").await;
    served
}

fn put(all: &Received) -> Option<Span> {
    let mut spans = all.spans().into_iter();
    let found = spans.find(|span| span.name == format!("PUT {OBJECT}"));
    found.cloned()
}

fn is_requests_child(request: &Span, span: &Span) -> bool {
    span.trace_id == request.trace_id
        && span.parent_span_id == request.span_id
        && attribute(&span.attributes, "db.system.name").is_some()
}

async fn all_three_come(protocol: &str) {
    let receiver = Receiver::start().await;
    let mut place = sending(receiver.url(protocol), protocol);
    set(&mut place, "OTLP_HEADERS", "env:COLLECTOR_HEADERS");
    let headers = (
        "COLLECTOR_HEADERS".to_owned(),
        "x-api-key: abc\n".to_owned(),
    );
    place.environment.push(headers);
    let served = use_it(&place).await;

    requests_come(&receiver).await;
    metrics_and_lines_come(&receiver).await;
    receiver.read(who_sends_is_said);
    let (status, said) = served.terminate();
    assert!(status.success(), "{said}");
    assert!(!said.contains("telemetry was dropped"), "{said}");
    // What happened last was sent, too.
    let stopped = receiver.read(|all| {
        let mut bodies = all
            .logs()
            .into_iter()
            .filter_map(|log| text(log.body.as_ref()?));
        bodies.any(|body| body == "stopped")
    });
    assert!(stopped, "the last lines are missing");
}

/// A request is a span with the names of the semantic conventions, and its write is below it.
async fn requests_come(receiver: &Receiver) {
    let request = receiver.wait_for(put).await;
    let of = |key: &str| attribute(&request.attributes, key).unwrap_or_default();
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(of("http.request.method"), "PUT");
    assert_eq!(of("http.route"), OBJECT);
    assert_eq!(of("http.response.status_code"), "201");
    assert_eq!(of("url.scheme"), "http");
    assert_eq!(of("freehold.request.id").len(), 36);
    assert!(request.end_time_unix_nano > request.start_time_unix_nano);
    let find = |all: &Received| {
        let mut spans = all.spans().into_iter();
        spans
            .find(|span| is_requests_child(&request, span))
            .cloned()
    };
    let question = receiver.wait_for(find).await;
    let system = attribute(&question.attributes, "db.system.name").unwrap();
    let wanted = if on_postgres() {
        "postgresql"
    } else {
        "sqlite"
    };
    assert_eq!(system, wanted);
    assert_eq!(question.kind, SpanKind::Client as i32);
}

async fn metrics_and_lines_come(receiver: &Receiver) {
    for name in [
        "http.server.request.duration",
        "freehold.ready",
        "freehold.store.writes",
    ] {
        let find = |all: &Received| {
            let mut metrics = all.metrics().into_iter();
            metrics.find(|metric| metric.name == name).cloned()
        };
        assert!(!receiver.wait_for(find).await.description.is_empty());
    }
    let find = |all: &Received| {
        let mut logs = all.logs().into_iter();
        let body = |body: &_| text(body).as_deref() == Some("listening");
        logs.find(|log| log.body.as_ref().is_some_and(body))
            .cloned()
    };
    let listening = receiver.wait_for(find).await;
    assert_eq!(
        attribute(&listening.attributes, "scheme").as_deref(),
        Some("http")
    );
    assert_eq!(listening.severity_text, "INFO");
    // An address is on no list.
    assert_eq!(attribute(&listening.attributes, "address"), None);
}

fn who_sends_is_said(all: &Received) {
    let with_key = |one: &http::HeaderMap| one.get("x-api-key").is_some_and(|v| v == "abc");
    assert!(all.headers.iter().all(with_key), "{:?}", all.headers);
    let resource = all.traces[0].resource_spans[0].resource.as_ref().unwrap();
    let keys = resource.attributes.iter().map(|one| one.key.as_str());
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    let wanted = ["service.instance.id", "service.name", "service.version"];
    assert_eq!(keys, wanted);
    let of = |key: &str| attribute(&resource.attributes, key).unwrap();
    assert_eq!(of("service.name"), "freehold");
    assert_eq!(of("service.version"), env!("CARGO_PKG_VERSION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_signals_come_over_http() {
    all_three_come("http/protobuf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_signals_come_over_grpc() {
    all_three_come("grpc").await;
}

/// A collector that others wrote (`rotel`), ended when this is dropped.
struct Rotel {
    child: std::process::Child,
    said: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Rotel {
    fn start(grpc: u16, http: u16) -> Self {
        let lib = root().join(".tools/venv/lib");
        let pythons = std::fs::read_dir(&lib).unwrap();
        let agent = pythons
            .map(|python| {
                python
                    .unwrap()
                    .path()
                    .join("site-packages/rotel/rotel-agent")
            })
            .find(|agent| agent.exists())
            .unwrap_or_else(|| panic!("rotel is not there: scripts/tools.sh python"));
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let file = std::fs::File::create(&said).unwrap();
        let child = Command::new(agent)
            .args(["start", "--exporter", "blackhole"])
            .args([
                "--debug-log",
                "traces",
                "--debug-log",
                "metrics",
                "--debug-log",
                "logs",
            ])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .arg("--pid-file")
            .arg(folder.path().join("pid"))
            .current_dir(folder.path())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            said,
            _folder: folder,
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A collector in Rust that knows nothing of us takes all three signals over both protocols.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_others_wrote_takes_all_three_signals() {
    let (grpc, http) = (free_port(), free_port());
    for (protocol, port) in [("http/protobuf", http), ("grpc", grpc)] {
        let rotel = Rotel::start(grpc, http);
        // It listens at once; what is sent before is sent again by OpenTelemetry's own patience.
        let place = sending(&format!("http://127.0.0.1:{port}"), protocol);
        let served = use_it(&place).await;
        let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
        let complete = |said: &str| {
            let kinds = ["trac", "metric", "log"];
            let said = said.to_lowercase();
            let received = said.lines().filter(|line| line.contains("received"));
            let received: Vec<_> = received.collect();
            kinds
                .iter()
                .all(|kind| received.iter().any(|line| line.contains(kind)))
        };
        while !complete(&rotel.said()) {
            assert!(
                std::time::Instant::now() < until,
                "{protocol}: {}",
                rotel.said()
            );
            tokio::task::yield_now().await;
        }
        let (status, said) = served.terminate();
        assert!(status.success(), "{said}");
    }
}
