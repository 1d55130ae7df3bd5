//! Which requests are followed, and the W3C trace context that comes and goes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use freehold::config::OtlpProtocol;
use freehold::crypto::hex;
use freehold::outbound::{Exporter, Outbound, Way};
use freehold::telemetry::otlp::{self, Collector};
use freehold::telemetry::trace::{Incoming, Sampling};
use http::HeaderMap;

use super::receiver::{Received, Receiver};
use super::{sending, set};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "1af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// W3C Trace Context §3.2: what the caller says about sampling holds; without it, chance decides.
#[tokio::test(flavor = "multi_thread")]
async fn where_callers_decide_a_request_is_followed_as_they_say_and_else_by_chance() {
    let receiver = Receiver::start().await;
    let mut place = sending(&receiver.http, "http/protobuf");
    set(&mut place, "SAMPLE_PERCENT", "0");
    set(&mut place, "SAMPLE_BY", "callers");
    let served = place.serve();
    let client = reqwest::Client::new();
    let ask = async |traceparents: &[String]| {
        let mut request = client.get(format!("{}/api/v1/items", served.url));
        for traceparent in traceparents {
            request = request.header("traceparent", traceparent);
        }
        request
            .header("tracestate", "vendor=free-text-of-others")
            .send()
            .await
            .unwrap()
    };
    for _ in 0..20 {
        ask(&[]).await;
    }
    ask(&[format!("00-{OTHER}-{PARENT}-00")]).await;
    let twice = format!("00-{OTHER}-{PARENT}-01");
    ask(&[twice.clone(), twice]).await;
    ask(&["00-not-a-trace-01".to_owned()]).await;
    ask(&[format!("00-{TRACE}-{PARENT}-01")]).await;
    let find = |all: &Received| {
        let mut spans = all.spans().into_iter();
        spans
            .find(|span| hex(&span.trace_id) == TRACE && span.kind == 2)
            .cloned()
    };
    let span = receiver.wait_for(find).await;
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.trace_state, "");
    served.terminate();
    receiver.read(|all| {
        let others = all
            .spans()
            .into_iter()
            .filter(|span| hex(&span.trace_id) != TRACE);
        assert_eq!(others.count(), 0, "nothing else was sampled");
    });
}

/// Nobody can have requests traced at the operator's cost, or keep his own from it.
#[tokio::test(flavor = "multi_thread")]
async fn chance_decides_whatever_a_caller_says_and_the_span_belongs_to_his_trace() {
    let receiver = Receiver::start().await;
    for (percent, flags, is_traced) in [("0", "01", false), ("100", "00", true)] {
        let mut place = sending(&receiver.http, "http/protobuf");
        set(&mut place, "SAMPLE_PERCENT", percent);
        let served = place.serve();
        let url = format!("{}/api/v1/items", served.url);
        let asked = reqwest::Client::new().get(url);
        let asked = asked.header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"));
        asked.send().await.unwrap();
        // What is left is sent at the end.
        served.terminate();
        receiver.read(|all| {
            let mut spans = all.spans().into_iter();
            let span = spans.find(|span| hex(&span.trace_id) == TRACE);
            let parent = span.map(|span| hex(&span.parent_span_id));
            assert_eq!(parent.as_deref(), is_traced.then_some(PARENT), "{percent}");
        });
    }
}

/// Spans are made; nobody takes them.
fn spans_are_made() {
    let nowhere = Collector {
        url: "http://127.0.0.1:9".parse().unwrap(),
        protocol: OtlpProtocol::HttpProtobuf,
        headers: HeaderMap::new(),
        client: Arc::new(Exporter::new(Outbound::new([]))),
        every: Duration::from_hours(1),
        queue_max: 4096,
    };
    otlp::start(&nowhere, &otlp::resource()).unwrap();
}

#[tokio::test]
async fn of_many_requests_about_as_many_are_followed_as_the_setting_says() {
    spans_are_made();
    let headers = HeaderMap::new();
    let mut followed = 0;
    for number in 0..10_000_u32 {
        let mut id = [0; 16];
        // Spread as random bits are.
        id[12..].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
        let incoming = Incoming {
            headers: &headers,
            id: &id,
            method: "GET",
            scheme: "https",
        };
        let sampling = Sampling {
            percent: 10,
            callers_decide: false,
        };
        let following = sampling.follow(incoming);
        followed += u32::from(following.is_here());
    }
    assert!((900..1100).contains(&followed), "{followed}");
}

/// A host that remembers the headers it was asked with.
async fn host() -> (url::Url, Arc<Mutex<Vec<HeaderMap>>>) {
    let asked: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let keep = Arc::clone(&asked);
    let router = Router::new().fallback(move |request: Request| {
        keep.lock().unwrap().push(request.headers().clone());
        std::future::ready("")
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url.parse().unwrap(), asked)
}

/// Calls a host for a request that came with `flags`; gives the `traceparent` that the host saw.
async fn passed_on(flags: Option<&str>, callers_decide: bool) -> Option<String> {
    let (url, asked) = host().await;
    let outbound = Outbound::new([Way::to(&url, "test", "a test").unwrap()]);
    let mut headers = HeaderMap::new();
    if let Some(flags) = flags {
        let value = format!("00-{TRACE}-{PARENT}-{flags}").parse().unwrap();
        headers.insert("traceparent", value);
        headers.insert("tracestate", "vendor=free-text-of-others".parse().unwrap());
    }
    let sampling = Sampling {
        percent: 0,
        callers_decide,
    };
    let following = sampling.follow(Incoming {
        headers: &headers,
        id: &[7; 16],
        method: "GET",
        scheme: "https",
    });
    let request = http::Request::get(url.as_str()).body(Vec::new()).unwrap();
    following.run(outbound.send(request)).await.unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].get("tracestate"), None);
    let seen = asked[0].get("traceparent")?;
    Some(seen.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn whom_we_call_is_told_the_trace_of_the_request_that_it_is_for() {
    spans_are_made();
    let sampled = passed_on(Some("01"), true).await.unwrap();
    assert!(sampled.starts_with(&format!("00-{TRACE}-")), "{sampled}");
    assert!(sampled.ends_with("-01"), "{sampled}");
    assert!(
        !sampled.contains(PARENT),
        "the call is a span of its own: {sampled}"
    );
    for (flags, callers_decide) in [("00", true), ("00", false), ("01", false)] {
        let unsampled = passed_on(Some(flags), callers_decide).await.unwrap();
        assert_eq!(unsampled, format!("00-{TRACE}-{PARENT}-00"));
    }
    for callers_decide in [false, true] {
        assert_eq!(passed_on(None, callers_decide).await, None);
    }
}
