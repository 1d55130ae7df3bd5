//! The OpenAPI document says what the router does, no more and no less.

use std::collections::BTreeSet;

use freehold::api;
use serde_json::{Value, json};

use super::{Api, ask};
use crate::architecture::root;
use crate::support::generated::is_current;

fn document() -> Value {
    serde_json::from_str(&api::openapi()).unwrap()
}

#[test]
fn the_kept_document_is_the_one_that_is_answered() {
    is_current(root().join("docs/openapi.json"), &api::openapi());
}

#[tokio::test]
async fn the_document_lists_exactly_the_methods_that_each_path_answers() {
    let api = Api::new().await;
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let answered: BTreeSet<&str> = api::operations().iter().map(|one| one.path).collect();
    assert_eq!(
        paths.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        answered
    );
    for (path, methods) in paths {
        let refused = ask("TRACE", path, &api.member).body(axum::body::Body::empty());
        let refused = api.send(refused.unwrap()).await;
        refused.refuses(405, "method-not-allowed");
        let allowed: BTreeSet<_> = refused
            .header("allow")
            .split(',')
            .filter(|m| *m != "HEAD")
            .collect();
        let listed = methods
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase());
        let listed: BTreeSet<_> = listed.collect();
        assert_eq!(
            listed,
            allowed.into_iter().map(str::to_owned).collect(),
            "{path}"
        );
    }
    let answer = api.send(super::get("/api/v1/openapi.json", "")).await;
    assert_eq!(answer.body, document);
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_referred_to() {
    let document = document();
    let mut referred = BTreeSet::new();
    each(&document, &mut |value| {
        if let Some(reference) = value["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            referred.insert(pointer.to_owned());
        }
    });
    for group in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][group].as_object().unwrap().keys() {
            let pointer = format!("/components/{group}/{name}");
            assert!(referred.contains(&pointer), "nothing refers to {pointer}");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_its_parameters_and_its_refusals() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(names.insert(id.to_owned()), "{id} twice");
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let parameters: Vec<_> = parameters
                .iter()
                .map(|one| one["$ref"].as_str().unwrap())
                .collect();
            let has =
                |name: &str| parameters.contains(&&*format!("#/components/parameters/{name}"));
            assert_eq!(path.contains("{id}"), has("Id"), "{id}");
            let open = operation["security"].is_null();
            assert_eq!(open, id == "get_openapi");
            let responses = &operation["responses"];
            assert_eq!(has("IfMatch"), responses["428"].is_object(), "{id}");
            assert_eq!(
                operation["requestBody"].is_object(),
                responses["422"].is_object(),
                "{id}"
            );
            assert_eq!(open, responses["401"].is_null(), "{id}");
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_what_the_schemas_say() {
    let api = Api::new().await;
    let (item, place) = api.laptop().await;
    let body = json!({ "to": { "kind": "party", "handle": "mia" } });
    let moved = api
        .change("POST", &format!("{item}/check-out"), "*", body)
        .await;
    let document = document();
    let holds = |schema: &str, value: &Value| {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        conforms(&document, &schema, value, "$");
    };
    holds("Movement", &moved.body);
    holds("Item", &api.get(&item).await.body);
    holds(
        "Place",
        &api.get(&format!("/api/v1/places/{place}")).await.body,
    );
    holds("ItemPage", &api.get("/api/v1/items?limit=1").await.body);
    holds("PlacePage", &api.get("/api/v1/places").await.body);
    holds("ItemTypePage", &api.get("/api/v1/item-types").await.body);
    holds(
        "MovementPage",
        &api.get(&format!("{item}/movements?limit=1")).await.body,
    );
    holds("Problem", &api.get("/api/v1/items/7").await.body);
    holds(
        "Problem",
        &api.post("/api/v1/places", json!({ "name": 7 })).await.body,
    );
}

/// Holds `value` against `schema`, as far as our schemas go: types, members, enumerations.
fn conforms(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap();
        return conforms(document, schema, value, at);
    }
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let may = |kind: &Value| kind == is;
    let kind = &schema["type"];
    let fits = kind
        .as_array()
        .map_or_else(|| may(kind), |kinds| kinds.iter().any(may));
    assert!(fits, "{at} is {is}, and the document says {schema}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value}");
    }
    for (number, one) in value.as_array().into_iter().flatten().enumerate() {
        conforms(document, &schema["items"], one, &format!("{at}[{number}]"));
    }
    let Some(members) = value.as_object() else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(name.as_str().unwrap()),
            "{at} lacks {name}"
        );
    }
    for (name, member) in members {
        let schema = &schema["properties"][name];
        assert!(schema.is_object(), "{at}.{name} is not in the document");
        conforms(document, schema, member, &format!("{at}.{name}"));
    }
}

fn each(value: &Value, see: &mut dyn FnMut(&Value)) {
    see(value);
    match value {
        Value::Array(all) => all.iter().for_each(|one| each(one, see)),
        Value::Object(all) => all.values().for_each(|one| each(one, see)),
        _ => {}
    }
}
