//! Connections of clients that do nothing, too much, or are too many; what encrypts them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Certificate;
use super::certificate::warn;
use super::connections::Connections;
use super::seats::{Seats, fitting};
use super::tls::Encryption;
use crate::azure::Azure;
use crate::base::{Clock, ManualClock, SystemClock};
use crate::config::{self, Tls};
use crate::outbound::Outbound;
use crate::telemetry::Health;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// GET / at the host "a" by http (RFC 7541, appendix A).
const HEADERS: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
/// Longer than a test may take.
const LONG: Duration = Duration::from_secs(30);

struct Service {
    address: std::net::SocketAddr,
    _running: watch::Sender<bool>,
}

impl Service {
    async fn with(patience: Duration, seats: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (running, stop) = watch::channel(false);
        let connections = Connections {
            router: Router::new()
                .route("/", get(async || "here"))
                .route("/large", get(async || "large".repeat(4 * 1024 * 1024))),
            tls: None,
            seats: Seats::new(seats),
            patience,
        };
        tokio::spawn(connections.serve(vec![listener], stop, LONG));
        Self {
            address,
            _running: running,
        }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

/// Everything until the other side closes or cuts.
async fn until_end(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let reading = async {
        // A cut connection has ended, too.
        while matches!(stream.read_buf(&mut got).await, Ok(1..)) {}
    };
    timeout(LONG, reading).await.unwrap();
    String::from_utf8_lossy(&got).into_owned()
}

async fn some(stream: &mut TcpStream) -> String {
    let mut got = [0; 1024];
    let size = timeout(LONG, stream.read(&mut got)).await.unwrap().unwrap();
    String::from_utf8_lossy(got.get(..size).unwrap()).into_owned()
}

#[tokio::test]
async fn a_connection_on_which_nobody_asks_is_closed() {
    let service = Service::with(Duration::from_millis(50), 10).await;
    let begun = [PREFACE, SETTINGS].concat();
    for sent in [&b""[..], b"P", b"GET / HT", PREFACE, &begun] {
        let mut stream = service.send(sent).await;
        until_end(&mut stream).await;
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_nobody_asks_again() {
    let service = Service::with(Duration::from_millis(300), 10).await;
    let mut stream = service.send(ASK).await;
    assert!(until_end(&mut stream).await.ends_with("here"));
    // This client does not answer pings either.
    let asked = [PREFACE, SETTINGS, HEADERS].concat();
    let mut stream = service.send(&asked).await;
    assert!(until_end(&mut stream).await.contains("here"));
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused_and_the_service_goes_on() {
    let service = Service::with(LONG, 10).await;
    let large = "x".repeat(70_000);
    let asked = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Large: {large}\r\n\r\n");
    let mut stream = service.send(asked.as_bytes()).await;
    assert!(some(&mut stream).await.starts_with("HTTP/1.1 431"));

    let stream = TcpStream::connect(service.address).await.unwrap();
    let client = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = client.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for (value, status) in [(large.as_str(), 431), ("small", 200)] {
        let request = http::Request::get("http://a/").header("x-large", value);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = timeout(LONG, sender.send_request(request)).await.unwrap();
        assert_eq!(answer.unwrap().status(), status);
    }

    let mut stream = service.send(ASK).await;
    assert!(some(&mut stream).await.ends_with("here"));
}

#[tokio::test]
async fn without_a_free_seat_a_connection_waits_for_one() {
    let service = Service::with(LONG, 2).await;
    let mut one = service.send(ASK).await;
    let mut two = service.send(ASK).await;
    assert!(some(&mut one).await.ends_with("here"));
    assert!(some(&mut two).await.ends_with("here"));
    let mut three = service.send(ASK).await;
    let mut four = service.send(ASK).await;
    let early = timeout(Duration::from_millis(100), three.readable()).await;
    assert!(early.is_err(), "there is no seat for a third");
    drop(one);
    assert!(some(&mut three).await.ends_with("here"));
    drop(two);
    assert!(some(&mut four).await.ends_with("here"));
}

#[tokio::test]
async fn whoever_takes_nothing_of_an_answer_gives_up_the_seat() {
    let service = Service::with(Duration::from_millis(500), 1).await;
    let ask = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    let _stalled = service.send(ask).await;
    let mut next = service.send(ASK).await;
    assert!(some(&mut next).await.ends_with("here"));
}

#[test]
fn seats_leave_files_for_everything_else() {
    assert_eq!(fitting(Some(1024)), 768);
    assert_eq!(fitting(Some(1_048_576)), 10_000);
    assert_eq!(fitting(None), 10_000);
    assert_eq!(fitting(Some(100)), 16);
}

/// A certificate that is valid from 1975 to 4096, in a folder.
async fn certificate(clock: Arc<dyn Clock>) -> (tempfile::TempDir, Certificate) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| Some(folder.path().join(name));
    let tls = Tls {
        certificate: path("tls.crt"),
        key: path("tls.key"),
        ..Tls::default()
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("tls.crt"), made.cert.pem()).unwrap();
    std::fs::write(
        folder.path().join("tls.key"),
        made.signing_key.serialize_pem(),
    )
    .unwrap();
    let azure = Azure::of_process(&config::Azure::default(), Outbound::default());
    let certificate = Certificate::of(&tls, &azure, clock).await.unwrap();
    (folder, certificate)
}

/// Mozilla "intermediate", version 5.8, without the suites with finite-field Diffie-Hellman, which
/// nothing needs any more.
#[tokio::test]
async fn only_what_mozilla_calls_intermediate_is_offered() {
    const SUITES: [&str; 9] = [
        "TLS13_AES_128_GCM_SHA256",
        "TLS13_AES_256_GCM_SHA384",
        "TLS13_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ];
    const GROUPS: [&str; 4] = ["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"];
    let (_folder, certificate) = certificate(Arc::new(SystemClock)).await;
    let encryption = Encryption::with(certificate).unwrap();
    let provider = encryption.acceptor.config().crypto_provider();
    let suites = provider.cipher_suites.iter();
    let mut suites: Vec<String> = suites.map(|suite| format!("{:?}", suite.suite())).collect();
    suites.sort();
    assert_eq!(suites, SUITES);
    for group in &provider.kx_groups {
        let name = format!("{:?}", group.name());
        assert!(GROUPS.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_certificate_ends_by_the_clock_and_open_connections_with_it() {
    let clock = Arc::new(ManualClock::new("1974-12-31T23:00:00Z".parse().unwrap()));
    let (_folder, certificate) = certificate(clock.clone()).await;
    let failed = |why: &str| {
        let health = certificate.health();
        matches!(&health, Health::Failed(text) if text.contains(why))
    };
    assert!(failed("is valid from 1975-01-01"));
    timeout(LONG, certificate.ended()).await.unwrap();
    clock.advance(3600);
    assert_eq!(certificate.health(), Health::Ok);
    certificate.look().await;
    let waiting = certificate.clone();
    let open = tokio::spawn(async move { waiting.ended().await });
    tokio::task::yield_now().await;
    let (end, days) = certificate.ends().unwrap();
    assert_eq!(end.to_string(), "4096-01-01T00:00:00Z");
    clock.advance((days - 29) * 86_400);
    assert!(matches!(certificate.health(), Health::Degraded(text) if text.contains("29 days")));
    certificate.look().await;
    assert!(!open.is_finished());
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store::testing::open(folder.path(), clock.clone()).await;
    assert!(warn(&store, &certificate).await.unwrap(), "in the audit");
    let last = crate::audit::last(&store).await.unwrap();
    assert_eq!(last.map(|last| last.seq), Some(1));
    clock.advance(31 * 86_400);
    assert!(failed("ended at 4096-01-01T00:00:00Z, 2 days ago"));
    certificate.look().await;
    timeout(LONG, open).await.unwrap().unwrap();
}
