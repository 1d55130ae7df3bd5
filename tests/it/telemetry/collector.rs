//! The collector's configuration to Azure Monitor. **Not run**: no collector with the Azure exporter can
//! be had here. What is shown is its structure: every component is defined and used, it listens on this
//! machine only, and nobody needs a key.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::architecture::root;

fn collector() -> Value {
    let text = std::fs::read_to_string(root().join("infra/otel/collector.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn keys(of: &Value) -> BTreeSet<String> {
    of.as_object().unwrap().keys().cloned().collect()
}

fn names(list: &Value) -> BTreeSet<String> {
    let names = list.as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_component_is_defined_and_used_and_each_signal_has_a_pipeline() {
    let collector = collector();
    let sections = [
        "exporters",
        "extensions",
        "processors",
        "receivers",
        "service",
    ];
    assert_eq!(keys(&collector), sections.map(str::to_owned).into());
    let service = &collector["service"];
    assert_eq!(
        names(&service["extensions"]),
        keys(&collector["extensions"])
    );
    let pipelines = &service["pipelines"];
    assert_eq!(
        keys(pipelines),
        ["logs", "metrics", "traces"].map(str::to_owned).into()
    );
    for kind in ["receivers", "processors", "exporters"] {
        let each = pipelines.as_object().unwrap().values();
        let used: BTreeSet<_> = each.flat_map(|pipeline| names(&pipeline[kind])).collect();
        assert_eq!(used, keys(&collector[kind]), "{kind}");
    }
    for pipeline in pipelines.as_object().unwrap().values() {
        let processors = pipeline["processors"].as_array().unwrap();
        assert_eq!(processors.first().unwrap(), "memory_limiter");
        assert_eq!(processors.last().unwrap(), "batch");
    }
    // The alerts add up what counters grew by.
    assert!(names(&pipelines["metrics"]["processors"]).contains("cumulativetodelta"));
}

#[test]
fn it_signs_in_with_entra_and_holds_no_secret() {
    let collector = collector();
    let exporter = &collector["exporters"]["azuremonitor"];
    assert_eq!(exporter["auth"]["authenticator"], "azureauth");
    let identity = &collector["extensions"]["azureauth"];
    assert_eq!(
        keys(identity),
        ["managed_identity", "scopes"].map(str::to_owned).into()
    );
    assert_eq!(
        identity["scopes"],
        serde_json::json!(["https://monitor.azure.com/.default"])
    );
    let text = collector.to_string();
    for secret in ["client_secret", "instrumentation_key", "InstrumentationKey"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let address = exporter["connection_string"].as_str().unwrap();
    assert_eq!(address, "${env:APPLICATIONINSIGHTS_CONNECTION_STRING}");
}

#[test]
fn it_listens_on_this_machine_only_and_where_freehold_sends() {
    let protocols = &collector()["receivers"]["otlp"]["protocols"];
    assert_eq!(protocols["http"]["endpoint"], "127.0.0.1:4318");
    assert_eq!(protocols["grpc"]["endpoint"], "127.0.0.1:4317");
    let text = std::fs::read_to_string(root().join("infra/otel/collector.yaml")).unwrap();
    assert!(!text.contains("0.0.0.0"));
}
