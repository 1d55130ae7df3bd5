//! The templates as values: the compiled one, what each set of parameters would deploy, the compiler.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::on_postgres;

/// Each set of parameters, with its region.
pub(super) const SETS: [(&str, &str); 4] = [
    ("single-eastus", "eastus"),
    ("single-westeurope", "westeurope"),
    ("aks-eastus", "eastus"),
    ("aks-westeurope", "westeurope"),
];

/// A file of the repository.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn text(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The compiled template.
pub(super) fn template() -> Value {
    json("infra/arm/azuredeploy.json")
}

/// What this set of parameters would deploy: every loop, condition and name is resolved.
pub(super) fn snapshot(set: &str) -> Value {
    json(&format!("bicep/params/{set}.snapshot.json"))
}

/// The resources of a snapshot.
pub(super) fn predicted(set: &str) -> Vec<Value> {
    let resources = snapshot(set)["predictedResources"].take();
    resources.as_array().unwrap().clone()
}

/// A template and all that are nested in it.
pub(super) fn templates(of: &Value) -> Vec<&Value> {
    let mut all = vec![of];
    for resource in of["resources"].as_array().unwrap() {
        if resource["type"] == "Microsoft.Resources/deployments" {
            all.extend(templates(&resource["properties"]["template"]));
        }
    }
    all
}

/// All resources of a template, at every depth.
pub(super) fn resources(of: &Value) -> Vec<&Value> {
    let all = templates(of).into_iter();
    all.flat_map(|template| template["resources"].as_array().unwrap())
        .collect()
}

/// The files below a folder whose name ends so, sorted.
pub(super) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![file(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found
}

/// Every text in a value, with the path to it; elements of lists are `*`.
pub(super) fn texts(value: &Value) -> Vec<(String, &str)> {
    fn walk<'a>(value: &'a Value, path: &str, all: &mut Vec<(String, &'a str)>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    walk(value, &format!("{path}/{name}"), all);
                }
            }
            Value::Array(elements) => {
                for value in elements {
                    walk(value, &format!("{path}/*"), all);
                }
            }
            Value::String(text) => all.push((path.to_owned(), text)),
            _ => (),
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// The Bicep compiler, or a line that says why there is none. What it says does not depend on the
/// database, so it is asked once. scripts/arm.sh counts a missing compiler as skipped.
#[expect(clippy::print_stdout, reason = "whoever reads the log learns why")]
pub(super) fn compiler() -> Option<PathBuf> {
    if on_postgres() {
        return None;
    }
    let named = std::env::var_os("BICEP").map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join("bicep"))
            .find(|file| file.is_file())
    };
    let shared = || {
        let shared = std::env::var_os("FREEHOLD_SHARED").map(PathBuf::from);
        Some(
            shared
                .unwrap_or_else(|| file("../shared"))
                .join("tools/bicep"),
        )
    };
    let found = named
        .or_else(on_path)
        .or_else(shared)
        .filter(|file| file.is_file());
    if found.is_none() {
        println!("skipped: no Bicep compiler in $BICEP, on PATH or in ../shared/tools");
    }
    found
}

/// The compiler with the example values of the parameter files.
fn command(compiler: &Path) -> Command {
    let mut command = Command::new(compiler);
    for name in ["CLIENT_ID", "SSH_KEY", "SHA256", "ADMIN_GROUP"] {
        command.env_remove(format!("FREEHOLD_{name}"));
    }
    command.current_dir(file("bicep"));
    command
}

/// Runs the compiler.
pub(super) fn bicep(compiler: &Path, arguments: &[&str]) -> Output {
    command(compiler).args(arguments).output().unwrap()
}

/// The compiler as a service that answers JSON-RPC: many questions for one start of it.
pub(super) struct Service {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Service {
    pub(super) fn start(compiler: &Path) -> Self {
        let mut command = command(compiler);
        command
            .args(["jsonrpc", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    /// What these parameters would deploy, or why they are refused.
    pub(super) fn snapshot(&mut self, parameters: &Path, location: &str) -> Value {
        let zero = "00000000-0000-0000-0000-000000000000";
        let metadata = json!({
            "tenantId": zero, "subscriptionId": zero, "resourceGroup": "freehold",
            "location": location, "deploymentName": "main",
        });
        let asked = json!({ "path": parameters, "metadata": metadata, "externalInputs": [] });
        let asked =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "bicep/getSnapshot", "params": asked })
                .to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{asked}", asked.len()).unwrap();
        input.flush().unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.answers.read_line(&mut line).unwrap(),
                0,
                "the compiler went away"
            );
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => (),
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.answers.read_exact(&mut answer).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
