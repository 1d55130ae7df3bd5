//! Telemetry: what is sent, what is measured, what never leaves, and what it costs a request.

mod alerts;
mod canary;
mod collector;
mod hanging;
mod metrics;
mod pages;
pub(crate) mod receiver;
mod signals;
mod traces;

use crate::support::served::{Place, Served};

/// A place whose service sends everything to `endpoint`, every second.
fn sending(endpoint: &str, protocol: &str) -> Place {
    let mut place = Place::new();
    for (key, value) in [
        ("OTLP_ENDPOINT", endpoint),
        ("OTLP_PROTOCOL", protocol),
        ("SAMPLE_PERCENT", "100"),
        ("EXPORT_SECS", "1"),
        ("METRICS_LISTEN", "127.0.0.1:0"),
    ] {
        set(&mut place, key, value);
    }
    place
}

fn set(place: &mut Place, key: &str, value: &str) {
    let key = format!("FREEHOLD__TELEMETRY__{key}");
    place.environment.retain(|(there, _)| *there != key);
    place.environment.push((key, value.to_owned()));
}

/// Where the service says that its metrics are.
fn metrics_url(served: &mut Served) -> String {
    let address = served.wait_for(|line| {
        let (_, rest) = line.split_once("metrics are read here")?;
        let (_, address) = rest.split_once("address=")?;
        Some(address.trim().to_owned())
    });
    format!("http://{address}/metrics")
}

async fn scrape(url: &str) -> String {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    answer.text().await.unwrap()
}

/// The value of the series that begins like this, if it is there.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}
