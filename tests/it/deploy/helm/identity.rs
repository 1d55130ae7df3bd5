//! The workload identity (H14): label, annotation and subject belong together.

use super::{documents, only, rendered, value_sets};
use crate::architecture::root;
use crate::support::azure::SUBJECT;

#[test]
fn the_label_of_the_pod_and_the_annotation_of_its_account_come_together() {
    let mut with = 0;
    for (name, values) in value_sets() {
        let documents = documents(&rendered("4", &values));
        let account = &only(&documents, "ServiceAccount")["metadata"];
        let pod = &only(&documents, "StatefulSet")["spec"]["template"];
        let label = &pod["metadata"]["labels"]["azure.workload.identity/use"];
        let client = &account["annotations"]["azure.workload.identity/client-id"];
        assert_eq!(label == "true", client.is_string(), "{name}");
        assert_eq!(pod["spec"]["serviceAccountName"], account["name"], "{name}");
        let subject = format!(
            "system:serviceaccount:{}:{}",
            account["namespace"].as_str().unwrap(),
            account["name"].as_str().unwrap()
        );
        assert_eq!(
            subject, SUBJECT,
            "{name}: what the federated credential trusts by default"
        );
        with += usize::from(client.is_string());
    }
    assert!(with > 0);
}

/// The template makes a federated credential for the same subject.
#[test]
fn the_template_trusts_the_namespace_and_the_account_of_the_chart() {
    let main = root().join("bicep/main.bicep");
    let Ok(text) = std::fs::read_to_string(main) else {
        return;
    };
    for parameter in ["kubernetesNamespace", "serviceAccount"] {
        let line = format!("param {parameter} string = 'freehold'");
        assert!(text.contains(&line), "{line}");
    }
    assert!(text.contains("serviceAccountSubject"));
}
