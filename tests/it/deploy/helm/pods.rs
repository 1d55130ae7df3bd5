//! What runs: one writer on a disk that stays (H7, H8), as little as possible around it (H9 to H11,
//! H13), and a network that is closed (H12).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{configured, documents, only, rendered, value_sets};

/// Every pod of a value set: its name for a message, its labels and its specification.
fn pods() -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (name, values) in value_sets() {
        for one in documents(&rendered("4", &values)) {
            let Some(pod) = pod_of(&one) else {
                continue;
            };
            let at = format!("{name}, {}", one["kind"]);
            found.push((at, pod["metadata"]["labels"].clone(), pod["spec"].clone()));
        }
    }
    assert!(found.len() >= 2 * value_sets().len() - 1);
    found
}

/// The pod that a document is, or that is made from it.
fn pod_of(document: &Value) -> Option<&Value> {
    match document["kind"].as_str().unwrap() {
        "StatefulSet" | "Job" => Some(&document["spec"]["template"]),
        "Pod" => Some(document),
        _ => None,
    }
}

/// H7 and H8.
#[test]
fn one_process_writes_to_a_claim_that_stays_and_nothing_blocks_a_drain() {
    for (name, values) in value_sets() {
        let documents = documents(&rendered("4", &values));
        let set = &only(&documents, "StatefulSet")["spec"];
        assert_eq!(set["replicas"], 1, "{name}");
        let kept = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
        assert_eq!(set["persistentVolumeClaimRetentionPolicy"], kept, "{name}");
        let claims = set["volumeClaimTemplates"].as_array().unwrap();
        assert_eq!(claims.len(), 1, "{name}");
        assert_eq!(claims[0]["spec"]["accessModes"], json!(["ReadWriteOnce"]));
        assert_ne!(set["updateStrategy"]["type"], "OnDelete", "{name}");
        let kinds: BTreeSet<_> = documents
            .iter()
            .map(|one| one["kind"].as_str().unwrap())
            .collect();
        for never in [
            "PodDisruptionBudget",
            "HorizontalPodAutoscaler",
            "Deployment",
            "Secret",
        ] {
            assert!(!kinds.contains(never), "{name}: {never}");
        }
    }
}

/// H9: Pod Security `restricted`, complete, and more.
#[test]
fn a_pod_may_do_as_little_as_possible() {
    for (at, _, pod) in pods() {
        let of_pod = json!({
            "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": { "type": "RuntimeDefault" },
        });
        assert_eq!(pod["securityContext"], of_pod, "{at}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{at}");
        assert_eq!(pod["enableServiceLinks"], false, "{at}");
        for never in [
            "hostNetwork",
            "hostPID",
            "hostIPC",
            "hostAliases",
            "initContainers",
        ] {
            assert!(pod[never].is_null(), "{at}: {never}");
        }
        for container in pod["containers"].as_array().unwrap() {
            let of_container = json!({
                "allowPrivilegeEscalation": false, "privileged": false,
                "readOnlyRootFilesystem": true, "runAsNonRoot": true, "runAsUser": 65532,
                "runAsGroup": 65532, "capabilities": { "drop": ["ALL"] },
                "seccompProfile": { "type": "RuntimeDefault" },
            });
            assert_eq!(container["securityContext"], of_container, "{at}");
            for port in container["ports"].as_array().into_iter().flatten() {
                assert!(port["hostPort"].is_null(), "{at}");
                assert!(port["containerPort"].as_u64().unwrap() > 1024, "{at}");
            }
        }
        for volume in pod["volumes"].as_array().into_iter().flatten() {
            assert!(volume["hostPath"].is_null(), "{at}");
        }
    }
    for (at, _, pod) in pods()
        .into_iter()
        .filter(|(at, ..)| at.contains("StatefulSet"))
    {
        let volumes = pod["volumes"].as_array().unwrap();
        let tmp = volumes
            .iter()
            .find(|one| one["name"] == "tmp")
            .unwrap_or_else(|| panic!("{at}: no /tmp"));
        assert!(tmp["emptyDir"]["sizeLimit"].is_string(), "{at}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let writable: BTreeSet<_> = mounts
            .iter()
            .filter(|mount| mount["readOnly"] != true)
            .map(|mount| mount["mountPath"].as_str().unwrap())
            .collect();
        assert_eq!(writable, BTreeSet::from(["/data", "/tmp"]), "{at}");
    }
}

/// H10.
#[test]
fn a_pod_says_what_it_needs_and_is_alive_whatever_its_database_certificate_and_key_vault_do() {
    for (at, _, pod) in pods() {
        for container in pod["containers"].as_array().unwrap() {
            let resources = &container["resources"];
            for what in ["cpu", "memory", "ephemeral-storage"] {
                assert!(resources["requests"][what].is_string(), "{at}: {what}");
                assert!(resources["limits"][what].is_string(), "{at}: {what}");
            }
            // AKS Automatic changes pods that ask for less.
            let millis = |text: &str| text.strip_suffix('m').unwrap().parse::<u32>().unwrap();
            let mebis = |text: &str| text.strip_suffix("Mi").unwrap().parse::<u32>().unwrap();
            assert!(
                millis(resources["requests"]["cpu"].as_str().unwrap()) >= 100,
                "{at}"
            );
            assert!(
                mebis(resources["requests"]["memory"].as_str().unwrap()) >= 100,
                "{at}"
            );
        }
    }
    for (name, values) in configured() {
        let documents = documents(&rendered("4", &values));
        let pod = &only(&documents, "StatefulSet")["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let probe = |kind: &str| container[kind].clone();
        let (startup, liveness, readiness) = (
            probe("startupProbe"),
            probe("livenessProbe"),
            probe("readinessProbe"),
        );
        // Who is asked answers as long as the process does; `/readyz` looks at the parts.
        for one in [&startup, &liveness] {
            let at = "https://127.0.0.1:8443";
            let command = json!(["/freehold", "healthcheck", "--alive", "--url", at]);
            assert_eq!(one["exec"]["command"], command, "{name}");
        }
        assert_eq!(readiness["httpGet"]["scheme"], "HTTPS", "{name}");
        assert_eq!(readiness["httpGet"]["port"], "https", "{name}");
        assert_eq!(readiness["httpGet"]["path"], "/readyz", "{name}");
        let patience = |one: &Value| {
            one["periodSeconds"].as_u64().unwrap() * one["failureThreshold"].as_u64().unwrap()
        };
        assert!(
            patience(&startup) >= 300 && patience(&liveness) >= 60,
            "{name}"
        );
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(grace > 25, "{name}");
    }
}

/// H11.
#[test]
fn the_image_has_a_digest_or_a_version_and_one_registry() {
    for (name, values) in value_sets() {
        let registry = super::parsed(&values)["image"]["registry"].clone();
        let text = rendered("4", &values);
        let images = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("image: "));
        let images: Vec<&str> = images.collect();
        assert!(!images.is_empty(), "{name}");
        for image in images {
            let at = format!("{}/", registry.as_str().unwrap());
            assert!(image.starts_with(&at), "{name}: {image}");
            assert!(!image.ends_with(":latest"), "{name}: {image}");
            assert!(image.contains("@sha256:") || name == "evaluation" || name == "postgres");
        }
    }
    let chart = std::fs::read_to_string(super::chart().join("Chart.yaml")).unwrap();
    assert!(!chart.contains("dependencies:"), "a chart of somebody else");
}

/// H13: a secret is a file that follows its source, and nowhere else.
#[test]
fn secrets_are_files_in_folders_and_never_in_the_environment() {
    for (name, values) in value_sets() {
        let text = rendered("4", &values);
        for never in [
            "subPath",
            "\n          env:",
            "envFrom",
            "stringData",
            "secretKeyRef",
        ] {
            assert!(!text.contains(never), "{name}: {never}");
        }
    }
    let values = super::chart().join("examples/air-gapped.yaml");
    let documents = documents(&rendered("4", &values));
    let pod = &only(&documents, "StatefulSet")["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let file = &only(&documents, "ConfigMap")["data"]["freehold.toml"];
    for named in file.as_str().unwrap().split("file:").skip(1) {
        let path = named.split('"').next().unwrap();
        let is_mounted = |mount: &Value| {
            let folder = mount["mountPath"].as_str().unwrap();
            path.starts_with(&format!("{folder}/")) && mount["readOnly"] == true
        };
        assert!(
            mounts.iter().any(is_mounted),
            "{path} is not in a mounted folder"
        );
    }
}

/// The half of H12 that needs no program; the other is in `deploy/egress.rs`.
#[test]
fn the_network_is_closed_both_ways_but_for_what_is_named() {
    for (name, values) in value_sets() {
        let documents = documents(&rendered("4", &values));
        let policies: Vec<&Value> = documents
            .iter()
            .filter(|one| one["kind"] == "NetworkPolicy")
            .collect();
        let pods = documents.iter().filter_map(pod_of);
        assert_eq!(policies.len(), pods.count(), "{name}: one for each pod");
        for policy in policies {
            let spec = &policy["spec"];
            assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]), "{name}");
            for (way, peers) in [("ingress", "from"), ("egress", "to")] {
                let rules = spec[way].as_array();
                for rule in rules.unwrap_or_else(|| panic!("{name}: no {way}")) {
                    let peers = rule[peers].as_array().unwrap();
                    assert!(!peers.is_empty() && !rule["ports"].as_array().unwrap().is_empty());
                    for peer in peers {
                        assert_ne!(peer, &json!({}), "{name}: anybody");
                        let cidr = peer["ipBlock"]["cidr"].as_str().unwrap_or_default();
                        assert!(!cidr.ends_with("/0"), "{name}: {cidr}");
                    }
                }
            }
        }
        // Nothing answers without TLS, whatever the network does.
        for service in documents.iter().filter(|one| one["kind"] == "Service") {
            for port in service["spec"]["ports"].as_array().unwrap() {
                let to = port["targetPort"].as_str().unwrap();
                assert!(
                    to == "https" || to == "metrics" && name == "monitored",
                    "{name}: {to}"
                );
            }
        }
    }
}
