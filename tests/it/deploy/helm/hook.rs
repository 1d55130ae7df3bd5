//! The backup before an upgrade: a Job beside the pod that still runs, with its disk and nothing else.

use serde_json::{Value, json};

use super::{chart, documents, only, rendered, value_sets};

/// The AKS example, which has it.
fn example() -> Vec<Value> {
    documents(&rendered("4", &chart().join("examples/aks.yaml")))
}

/// Whether a selector finds these labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().unwrap();
    assert!(!selector.is_empty());
    selector.iter().all(|(key, value)| &labels[key] == value)
}

#[test]
fn it_is_there_only_where_it_is_asked_for_and_only_before_an_upgrade() {
    let mut asked = 0;
    for (name, values) in value_sets() {
        let has = super::parsed(&values)["backup"]["beforeUpgrade"] == true;
        let documents = documents(&rendered("4", &values));
        let hooks = documents
            .iter()
            .filter(|one| one["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade");
        let hooks: Vec<&Value> = hooks.collect();
        let kinds: Vec<&str> = hooks
            .iter()
            .map(|one| one["kind"].as_str().unwrap())
            .collect();
        let of_backup = documents
            .iter()
            .filter(|one| one["metadata"]["labels"]["app.kubernetes.io/component"] == "backup");
        assert_eq!(of_backup.count(), kinds.len(), "{name}");
        if !has {
            assert!(kinds.is_empty(), "{name}: {kinds:?}");
            continue;
        }
        asked += 1;
        // The network is closed before the Job begins.
        assert_eq!(kinds, ["NetworkPolicy", "Job"], "{name}");
        let weight = |one: &Value| {
            let weight = one["metadata"]["annotations"]["helm.sh/hook-weight"].as_str();
            weight.unwrap().parse::<i32>().unwrap()
        };
        assert!(weight(hooks[0]) < weight(hooks[1]), "{name}");
        for one in hooks {
            let deleted = &one["metadata"]["annotations"]["helm.sh/hook-delete-policy"];
            assert_eq!(deleted, "before-hook-creation,hook-succeeded", "{name}");
        }
    }
    assert!(asked > 0);
}

#[test]
fn its_pod_goes_where_the_service_is_and_nothing_takes_it_for_the_service() {
    let documents = example();
    let job = only(&documents, "Job");
    let pod = &job["spec"]["template"];
    let labels = &pod["metadata"]["labels"];
    let set = &only(&documents, "StatefulSet")["spec"];
    let served = &set["template"]["metadata"]["labels"];
    let affinity = &pod["spec"]["affinity"]["podAffinity"];
    let needed = &affinity["requiredDuringSchedulingIgnoredDuringExecution"][0];
    assert_eq!(needed["topologyKey"], "kubernetes.io/hostname");
    let to = &needed["labelSelector"]["matchLabels"];
    assert!(selects(to, served) && !selects(to, labels));
    assert!(pod["spec"]["nodeSelector"].is_null());

    assert!(!selects(&set["selector"]["matchLabels"], labels));
    let (mut services, mut closed) = (0, 0);
    for one in &documents {
        let spec = &one["spec"];
        if one["kind"] == "Service" {
            services += 1;
            assert!(selects(&spec["selector"], served) && !selects(&spec["selector"], labels));
        }
        // Of all policies one is its own, and lets nothing through.
        let policy = &spec["podSelector"]["matchLabels"];
        if one["kind"] == "NetworkPolicy" && selects(policy, labels) {
            closed += 1;
            assert!(!selects(policy, served));
            assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
            assert_eq!(spec["ingress"], json!([]));
            assert_eq!(spec["egress"], json!([]));
        }
    }
    assert_eq!((services, closed), (1, 1));
}

#[test]
fn it_has_the_image_and_the_disk_of_the_service_and_can_write_nowhere() {
    let documents = example();
    let job = &only(&documents, "Job")["spec"];
    let pod = &job["template"]["spec"];
    let set = only(&documents, "StatefulSet");
    let served = &set["spec"]["template"]["spec"];
    assert_eq!(pod["containers"].as_array().unwrap().len(), 1);
    let (container, service) = (&pod["containers"][0], &served["containers"][0]);
    for same in ["image", "imagePullPolicy", "securityContext"] {
        assert_eq!(container[same], service[same], "{same}");
    }
    let arguments = ["backup", "now", "--running", "--data", "/data"];
    assert_eq!(container["args"], json!(arguments));
    let mounts = json!([{ "name": "data", "mountPath": "/data", "readOnly": true }]);
    assert_eq!(container["volumeMounts"], mounts);
    let template = &set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
    let claim = format!(
        "{}-{}-0",
        template.as_str().unwrap(),
        set["metadata"]["name"].as_str().unwrap()
    );
    let volumes = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": claim } }]);
    assert_eq!(pod["volumes"], volumes);
    // The running service has settings, secrets and identity; its backup is its own.
    assert!(pod["serviceAccountName"].is_null());
    assert!(job["template"]["metadata"]["labels"]["azure.workload.identity/use"].is_null());

    assert_eq!(pod["restartPolicy"], "Never");
    assert!(job["backoffLimit"].as_u64().unwrap() <= 3);
    // Before Helm gives up, so that it says why.
    assert!(job["activeDeadlineSeconds"].as_u64().unwrap() < 300);
}
