//! The metrics say what happened, from the first reading on, under the names of the one table.

use std::collections::BTreeSet;

use freehold::config::BackupPlace;
use freehold::identity::rates;
use freehold::server::{RoomMetrics, Rooms};
use freehold::telemetry::metrics::{ALL, Kind};
use freehold::telemetry::{Meters, Scraping, otlp};

use super::{metrics_url, scrape, set, value};
use crate::support::app::TestApp;
use crate::support::azure::Cloud;
use crate::support::dav::{Dav, event};
use crate::support::on_postgres;
use crate::support::served::Place;

const OBJECT: &str = "/dav/calendars/{handle}/{calendar}/{object}";
const CALENDAR: &str = "/dav/calendars/{handle}/{calendar}/";

fn requests(method: &str, route: &str, status: u16) -> String {
    format!(
        "http_server_request_duration_seconds_count{{http_request_method=\"{method}\",\
         http_response_status_code=\"{status}\",http_route=\"{route}\",url_scheme=\"http\"}}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_reading_has_everything_that_happened_before() {
    let mut place = Place::new();
    set(&mut place, "METRICS_LISTEN", "127.0.0.1:0");
    let mut served = place.serve();
    let url = metrics_url(&mut served);
    let dav = Dav::new(&served.url, "alice", &place.token("alice", "caldav"));
    dav.make_calendar("work").await;
    for number in 0..3 {
        let body = event(&format!("{number}@example.org"), "20270101T090000Z", "x");
        assert_eq!(
            dav.put(&format!("work/{number}.ics"), body).await.unwrap(),
            201
        );
    }
    dav.sync("work/", "").await;
    let stranger = Dav::new(&served.url, "alice", "fh_wrong");
    assert_eq!(
        stranger.put("work/9.ics", String::new()).await.unwrap(),
        401
    );
    reqwest::get(format!("{}/nothing-here", served.url))
        .await
        .unwrap();

    let text = scrape(&url).await;
    for (series, wanted) in [
        (requests("PUT", OBJECT, 201), 3.0),
        (requests("PUT", OBJECT, 401), 1.0),
        (requests("MKCALENDAR", CALENDAR, 201), 1.0),
        (requests("REPORT", CALENDAR, 207), 1.0),
        (requests("GET", "", 404), 1.0),
        ("freehold_sync_changes_count".to_owned(), 1.0),
        ("freehold_sync_changes_sum".to_owned(), 3.0),
        (
            r#"freehold_credentials_refused_total{door="caldav",reason="token"}"#.to_owned(),
            1.0,
        ),
        ("freehold_ready".to_owned(), 1.0),
        ("freehold_egress_refused_total".to_owned(), 0.0),
        ("freehold_store_writes_waiting".to_owned(), 0.0),
        ("freehold_jobs_given_up".to_owned(), 0.0),
        (
            format!(
                "freehold_build_info{{version=\"{}\"}}",
                env!("CARGO_PKG_VERSION")
            ),
            1.0,
        ),
    ] {
        assert_eq!(value(&text, &series), Some(wanted), "{series}\n{text}");
    }
    assert!(value(&text, "freehold_store_writes_total").unwrap() >= 4.0);
    assert!(value(&text, "freehold_store_write_wait_seconds_total").unwrap() > 0.0);
    let sum = requests("PUT", OBJECT, 201).replace("_count", "_sum");
    assert!(value(&text, &sum).unwrap() > 0.0);
    if !on_postgres() {
        let free = value(&text, "freehold_disk_free_bytes").unwrap();
        let size = value(&text, "freehold_disk_size_bytes").unwrap();
        assert!(free > 0.0 && free < size, "{free} of {size}");
    }
    // No paths, no names.
    assert!(!text.contains("alice") && !text.contains("work/"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_a_listener_of_their_own_and_nothing_else_is_there() {
    let mut place = Place::new();
    set(&mut place, "METRICS_LISTEN", "127.0.0.1:0");
    let mut served = place.serve();
    let url = metrics_url(&mut served);
    let here = reqwest::get(format!("{}/metrics", served.url))
        .await
        .unwrap();
    assert_eq!(here.status().as_u16(), 404);
    let other = reqwest::get(url.replace("/metrics", "/readyz"))
        .await
        .unwrap();
    assert_eq!(other.status().as_u16(), 404);
    let answer = reqwest::get(&url).await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    // Without the setting nobody listens.
    let quiet = Place::new();
    let silent = quiet.serve();
    let said = silent.terminate().1;
    assert!(!said.contains("metrics are read here"), "{said}");
}

async fn observed(rooms: &Rooms) -> RoomMetrics {
    let meters = Meters::new(&otlp::resource(), Scraping::Offered, None).unwrap();
    RoomMetrics::new(rooms.clone(), meters, None).await
}

#[tokio::test]
async fn names_and_kinds_are_those_of_the_table() {
    let app = TestApp::with(|_| {}).await;
    let metrics = observed(&app.rooms).await;
    let text = metrics.text().await.unwrap();
    let types: BTreeSet<(String, String)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let known: BTreeSet<_> = ALL
        .iter()
        .map(|metric| (metric.prometheus(), kind(metric.kind).to_owned()))
        .collect();
    let strangers: Vec<_> = types.difference(&known).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    let missing: BTreeSet<_> = known
        .difference(&types)
        .map(|(name, _)| name.as_str())
        .collect();
    // What needs something to have happened, or to be configured.
    let mut later = BTreeSet::from([
        "http_server_request_duration_seconds",
        "freehold_sync_changes",
        "freehold_certificate_left_days",
        "freehold_backup_age_seconds",
        "freehold_credentials_refused_total",
        "freehold_telemetry_dropped_total",
    ]);
    if on_postgres() {
        later.extend(["freehold_disk_free_bytes", "freehold_disk_size_bytes"]);
    }
    assert_eq!(missing, later);
}

#[tokio::test]
async fn the_age_of_the_last_backup_is_absent_until_there_is_one() {
    if on_postgres() {
        return; // Backups there are the server's.
    }
    let shelf = tempfile::tempdir().unwrap();
    let app = TestApp::with(|settings| {
        settings.backup.to = Some(BackupPlace::Folder(shelf.path().to_owned()));
    })
    .await;
    let metrics = observed(&app.rooms).await;
    let age = async || {
        value(
            &metrics.text().await.unwrap(),
            "freehold_backup_age_seconds ",
        )
    };
    assert_eq!(age().await, None);
    app.rooms.backups.make(|_| {}).await.unwrap();
    let seconds = age().await.unwrap();
    assert!((0.0..60.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn refusals_are_counted_by_what_was_too_much() {
    let app = TestApp::with(|settings| {
        settings.limits.sign_in_burst = 2;
        settings.limits.sign_in_per_sec = 1;
    })
    .await;
    let metrics = observed(&app.rooms).await;
    for _ in 0..5 {
        let _refused = rates::begin_sign_in(&app.rooms.identity, [203, 0, 113, 1].into());
    }
    let nowhere = http::Request::get("https://nowhere.example/")
        .body(Vec::new())
        .unwrap();
    app.rooms.azure.outbound().send(nowhere).await.unwrap_err();
    let text = metrics.text().await.unwrap();
    let of = |series: &str| value(&text, series);
    assert_eq!(
        of(r#"freehold_rate_refused_total{limit="sign-in"}"#),
        Some(3.0)
    );
    assert_eq!(
        of(r#"freehold_rate_refused_total{limit="token"}"#),
        Some(0.0)
    );
    assert_eq!(of("freehold_egress_refused_total "), Some(1.0));
}

#[tokio::test]
async fn key_vaults_answers_are_counted_and_throttling_among_them() {
    let cloud = Cloud::start();
    cloud.change(|script| {
        script.vault.put_secret("one", "a value");
        script.vault.throttled = 2;
    });
    let azure = cloud.azure(cloud.machine());
    let reference = format!("keyvault:{}/secrets/one", cloud.url)
        .parse()
        .unwrap();
    azure.secret(&reference).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = freehold::config::Settings::default();
    settings.store.data = folder.path().to_owned();
    let rooms = Rooms::open_with(&settings, azure).await.unwrap();
    let text = observed(&rooms).await.text().await.unwrap();
    let of = |status: u16| {
        let label = format!("{{http_response_status_code=\"{status}\"}}");
        value(&text, &format!("freehold_key_vault_answers_total{label}"))
    };
    assert_eq!(of(429), Some(2.0), "{text}");
    assert_eq!(of(200), Some(1.0), "{text}");
}
