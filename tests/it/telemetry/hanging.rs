//! A collector that is down, or takes connections and never answers: no request is slower, what does
//! not fit is dropped and counted, and the service still ends in time.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::{metrics_url, scrape, sending, set, value};
use crate::support::dav::{Dav, event};
use crate::support::served::Place;

/// So many requests for each figure.
const REQUESTS: usize = 300;

/// Takes every connection and keeps it, without a word.
async fn hanging() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    format!("http://{address}")
}

/// Nobody listens there.
async fn down() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

struct Waits {
    median: Duration,
    longest: Duration,
}

/// How long [`REQUESTS`] answers take, one after the other.
async fn waits(dav: &Dav) -> Waits {
    let mut waits = Vec::new();
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let answer = dav.send("GET", "work/one.ics", &[], "").await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        waits.push(begun.elapsed());
    }
    waits.sort();
    Waits {
        median: waits[REQUESTS / 2],
        longest: waits[REQUESTS - 1],
    }
}

async fn client(place: &Place, url: &str) -> Dav {
    let dav = Dav::new(url, "alice", &place.token("alice", "caldav"));
    dav.make_calendar("work").await;
    let body = event("one@example.org", "20270101T090000Z", "a title");
    assert_eq!(dav.put("work/one.ics", body).await.unwrap(), 201);
    dav
}

async fn no_request_waits(endpoint: &str, protocol: &str) {
    let quiet = Place::new();
    let alone = quiet.serve();
    let alone = (client(&quiet, &alone.url).await, alone);
    let mut place = sending(endpoint, protocol);
    set(&mut place, "QUEUE_MAX", "64");
    let mut served = place.serve();
    let metrics = metrics_url(&mut served);
    let dav = client(&place, &served.url).await;

    let usual = waits(&alone.0).await;
    let with = waits(&dav).await;
    // A request that waited for the collector would take seconds. The median has room for the spans
    // of every single request in a debug build; what telemetry costs is measured by `make bench`.
    assert!(with.longest < Duration::from_secs(1), "{:?}", with.longest);
    let most = usual.median * 2 + Duration::from_millis(2);
    assert!(
        with.median < most,
        "{:?} beside {:?}",
        with.median,
        usual.median
    );

    let text = scrape(&metrics).await;
    let full = r#"freehold_telemetry_dropped_total{reason="queue-full",signal="traces"}"#;
    let dropped = value(&text, full).unwrap();
    // Each request has a span at least.
    assert!(dropped > 200.0, "{dropped}");
    served.wait_for(|line| line.contains("telemetry was dropped").then_some(()));
    let said = served.said();
    assert_eq!(said.matches("telemetry was dropped").count(), 1, "{said}");
    assert!(!said.contains("opentelemetry"), "{said}");

    let begun = Instant::now();
    let (status, said) = served.terminate();
    assert!(status.success(), "{said}");
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_makes_no_request_slower_over_http() {
    no_request_waits(&hanging().await, "http/protobuf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_makes_no_request_slower_over_grpc() {
    no_request_waits(&hanging().await, "grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_makes_no_request_slower() {
    no_request_waits(&down().await, "http/protobuf").await;
}
