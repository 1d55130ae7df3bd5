//! The values (H3): every one is documented where it stands, in `values.yaml`. The schema, the table
//! in README.md and the list of keys are made from there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use freehold::config;
use serde_json::{Map, Value, json};

use super::{chart, parsed};
use crate::support::generated::is_current;

const BEGIN: &str = "<!-- values: begin (made by tests/it/deploy/helm/values.rs) -->\n";
const END: &str = "<!-- values: end -->";

/// What stands above a key.
#[derive(Default)]
struct Said {
    description: String,
    schema: Option<Value>,
    /// Whether the key holds the program's settings.
    is_config: bool,
}

/// What is said about each key, in the order of the file.
fn described() -> Vec<(String, Said)> {
    let text = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    let (mut all, mut above, mut path) = (Vec::<(String, Said)>::new(), Said::default(), vec![]);
    for line in text.lines() {
        let trimmed = line.trim_start();
        let depth = (line.len() - trimmed.len()) / 2;
        if let Some(comment) = trimmed.strip_prefix('#') {
            let comment = comment.trim();
            if let Some(schema) = comment.strip_prefix("@schema ") {
                above.schema = Some(serde_json::from_str(schema).unwrap());
            } else if comment == "@config" {
                above.is_config = true;
            } else {
                let _ = write!(above.description, " {comment}");
            }
        } else if let Some((key, _)) = trimmed.split_once(':') {
            path.truncate(depth);
            let parent = all.iter().find(|(known, _)| *known == path.join("."));
            path.push(key.to_owned());
            // What is in a map with free keys has no description of its own.
            if parent.is_none_or(|(_, said)| said.schema.is_none()) {
                above.description = above.description.trim().to_owned();
                all.push((path.join("."), std::mem::take(&mut above)));
            }
        } else {
            above = Said::default();
        }
    }
    all
}

/// Every key, as `image.registry`.
pub(super) fn keys() -> Vec<String> {
    described().into_iter().map(|(key, _)| key).collect()
}

fn schema_of(path: &str, value: &Value, said: &BTreeMap<String, Said>) -> Value {
    let mut schema = match value {
        Value::Object(fields) => {
            let inside = |key: &String| match path {
                "" => key.clone(),
                _ => format!("{path}.{key}"),
            };
            let known = fields
                .iter()
                .filter(|(key, _)| said.contains_key(&inside(key)));
            let properties = known.map(|(key, value)| {
                let inner = schema_of(&inside(key), value, said);
                (key.clone(), inner)
            });
            let properties: Map<_, _> = properties.collect();
            let mut object = json!({ "type": "object", "additionalProperties": false });
            if !properties.is_empty() {
                object["properties"] = properties.into();
            }
            object
        }
        Value::Array(_) => json!({ "type": "array" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::Null => panic!("{path} is null"),
    };
    let Some(said) = said.get(path) else {
        return schema;
    };
    if said.is_config {
        schema = config::json_schema();
        schema.as_object_mut().unwrap().remove("$schema");
    }
    schema["description"] = said.description.clone().into();
    for (key, value) in said
        .schema
        .iter()
        .flat_map(|more| more.as_object().unwrap())
    {
        schema[key] = value.clone();
    }
    schema
}

#[test]
fn the_schema_of_the_values_is_made_from_their_comments() {
    let said: BTreeMap<String, Said> = described().into_iter().collect();
    let mut schema = schema_of("", &parsed(&chart().join("values.yaml")), &said);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["properties"]["global"] = json!({
        "type": "object",
        "description": "What Helm gives to every chart; nothing here reads it.",
        "additionalProperties": false,
    });
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    is_current(chart().join("values.schema.json"), &text);
    let mut faults = Vec::new();
    faults_of("", &schema, &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What a schema allows without having said so, and what it does not describe.
fn faults_of(path: &str, schema: &Value, faults: &mut Vec<String>) {
    let kind = schema["type"].as_str().unwrap_or_default();
    if kind == "object" {
        match &schema["additionalProperties"] {
            Value::Bool(false) => {}
            free if free["type"] == "string" => {}
            other => faults.push(format!("{path} takes any key: {other}")),
        }
    }
    if kind == "array" && schema["items"].is_null() {
        faults.push(format!("{path} takes any element"));
    }
    if !schema["items"].is_null() {
        faults_of(&format!("{path}[]"), &schema["items"], faults);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        if inner["description"].as_str().unwrap_or_default().len() < 8 {
            faults.push(format!("{path} is not described"));
        }
        faults_of(&path, inner, faults);
    }
}

#[test]
fn the_list_of_keys_that_the_chart_needs_is_that_of_the_values() {
    let text = keys().join("\n") + "\n";
    is_current(chart().join("files/keys.txt"), &text);
}

#[test]
fn the_table_of_the_values_is_made_from_their_comments() {
    let values = parsed(&chart().join("values.yaml"));
    let mut table = String::from("| Value | Default | What |\n| --- | --- | --- |\n");
    for (key, said) in described() {
        assert!(
            said.description.ends_with('.'),
            "{key} is not described in a sentence"
        );
        let pointer = format!("/{}", key.replace('.', "/"));
        let default = values.pointer(&pointer).unwrap();
        let is_section =
            default.as_object().is_some_and(|map| !map.is_empty()) && said.schema.is_none();
        let shown = if is_section {
            String::new()
        } else {
            format!("`{default}`")
        };
        let what = said.description.replace('|', "\\|");
        writeln!(table, "| `{key}` | {shown} | {what} |").unwrap();
    }
    let path = chart().join("README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_current(&path, &format!("{before}{BEGIN}{table}{END}{after}"));
}

/// A misspelt key anywhere is refused before anything is rendered, also among the settings.
#[test]
fn a_misspelt_key_is_refused_at_every_level() {
    for (path, wrong) in [
        ("replica", "replica"),
        ("image.regsitry", "regsitry"),
        ("config.identity.sesion_idle_mins", "sesion_idle_mins"),
        ("metrics.serviceMonitor.enable", "enable"),
    ] {
        let example = chart().join("examples/aks.yaml");
        let set = format!("{path}=1");
        for major in super::MAJORS {
            let arguments = ["--values", example.to_str().unwrap(), "--set", &set];
            let told = super::template_of(major, &chart(), &arguments);
            let told = told.err().unwrap_or_default().to_lowercase();
            assert!(
                told.contains("additional propert"),
                "{path} (Helm {major}): {told}"
            );
            assert!(told.contains(wrong), "{path} (Helm {major}): {told}");
        }
    }
}
