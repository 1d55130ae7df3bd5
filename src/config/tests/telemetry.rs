//! The collector's address, and the listener of the metrics.

use super::{refused, with_environment, with_file};

#[test]
fn nothing_is_sent_and_nothing_listens_unless_it_is_configured() {
    let settings = with_file("").unwrap().settings;
    assert_eq!(settings.collector(), None);
    assert_eq!(settings.telemetry.metrics_listen, None);
}

#[test]
fn the_collector_is_a_way_out_with_host_and_port() {
    for (text, host, port) in [
        (
            "https://collector.example.org",
            "collector.example.org",
            443,
        ),
        (
            "https://collector.example.org:4318/otlp/",
            "collector.example.org",
            4318,
        ),
        ("http://127.0.0.1:4317", "127.0.0.1", 4317),
        ("http://[::1]:4318", "[::1]", 4318),
    ] {
        let loaded = with_environment(&[("FREEHOLD__TELEMETRY__OTLP_ENDPOINT", text)]).unwrap();
        let collector = loaded.settings.collector().unwrap();
        assert_eq!((collector.host(), collector.port()), (host, port), "{text}");
        assert!(!collector.as_str().ends_with('/'), "{text}");
    }
}

#[test]
fn a_collector_that_others_could_read_along_is_refused() {
    for text in [
        "http://collector.example.org:4318",
        "http://10.0.0.4:4318",
        "https://user:secret@collector.example.org",
        "https://collector.example.org?key=secret",
        "collector:4317",
        "grpc://collector.example.org",
    ] {
        let name = "FREEHOLD__TELEMETRY__OTLP_ENDPOINT";
        let loaded = with_environment(&[(name, text)]);
        refused(loaded, &["environment", name, "write `https://`"]);
    }
}

#[test]
fn headers_are_named_and_never_written() {
    let name = "FREEHOLD__TELEMETRY__OTLP_HEADERS";
    let loaded = with_environment(&[(name, "x-api-key: abc")]);
    refused(
        loaded,
        &[name, "a secret is not written into the configuration"],
    );
    let loaded = with_environment(&[(name, "env:HEADERS")]).unwrap();
    let references = loaded.settings.secret_references();
    assert!(
        references
            .iter()
            .any(|(key, _)| key == "telemetry.otlp_headers")
    );
}

#[test]
fn metrics_do_not_share_the_listener_of_everybody() {
    let file = "[server]\nlisten = [\"127.0.0.1:9464\"]\n[telemetry]\n\
                metrics_listen = \"127.0.0.1:9464\"\n";
    refused(
        with_file(file),
        &["f.toml:4:", "give metrics a port of their own"],
    );
}
