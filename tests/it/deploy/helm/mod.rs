//! The chart `helm/freehold`, rendered by the real Helm 3 and Helm 4: the checks H1 to H15.
//!
//! A value set is a file of `helm/freehold/examples` or of `tests/fixtures/helm/values`. What is
//! rendered is kept in `tests/fixtures/helm/golden`, and `make generate` writes it anew.

mod hook;
mod identity;
mod pods;
mod refusals;
mod renders;
mod tools;
mod upgrade;
mod values;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::architecture::root;

/// Both majors.
pub(super) const MAJORS: [&str; 2] = ["3", "4"];

/// The folder of the chart.
pub(super) fn chart() -> PathBuf {
    root().join("helm/freehold")
}

/// Files of this kind for tests.
pub(super) fn fixtures(folder: &str) -> PathBuf {
    root().join("tests/fixtures/helm").join(folder)
}

/// Every value set: its name and its file.
pub(super) fn value_sets() -> Vec<(String, PathBuf)> {
    let mut all = [chart().join("examples"), fixtures("values")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect::<Vec<_>>();
    all.sort();
    assert!(all.len() >= 5, "{all:?}");
    all
}

/// The value sets for people, not for a look.
pub(super) fn configured() -> Vec<(String, PathBuf)> {
    let mut all = value_sets();
    all.retain(|(name, _)| name != "evaluation");
    all
}

/// What Helm of this major says to `helm template freehold CHART --namespace freehold ARGUMENTS`.
pub(super) fn template_of(major: &str, chart: &Path, arguments: &[&str]) -> Result<String, String> {
    let helm = root().join(".tools/helm").join(major).join("helm");
    assert!(
        helm.exists(),
        "Helm is not installed: run `scripts/tools.sh helm`"
    );
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(helm)
        .args(["template", "freehold"])
        .arg(chart)
        .args(["--namespace", "freehold"])
        .args(arguments)
        .env("HOME", home.path())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        return Ok(text(output.stdout));
    }
    Err(text(output.stderr))
}

/// The rendered value set.
pub(super) fn rendered(major: &str, values: &Path) -> String {
    let file = values.to_str().unwrap();
    let text = template_of(major, &chart(), &["--values", file]);
    text.unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The documents of a rendered chart, without empty ones.
pub(super) fn documents(text: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    all.into_iter().filter(|one| !one.is_null()).collect()
}

/// The only document of this kind.
pub(super) fn only<'d>(documents: &'d [Value], kind: &str) -> &'d Value {
    let mut found = documents.iter().filter(|one| one["kind"] == kind);
    let first = found.next().unwrap_or_else(|| panic!("there is no {kind}"));
    assert!(found.next().is_none(), "there is more than one {kind}");
    first
}

/// A file of values, parsed.
pub(super) fn parsed(file: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}
