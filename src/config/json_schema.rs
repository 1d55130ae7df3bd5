//! All keys as JSON Schema (draft 7): what an editor completes, and what the Helm chart refuses before
//! anything is installed. Made from [`super::schema`] like everything else that is said about keys.
//!
//! A text that a parser reads is a string here: what it may say, `freehold config check` knows.

use serde_json::{Map, Value, json};

use super::{
    Settings,
    schema::{Field, Setting, Shape},
};

/// The schema of a configuration; unknown keys are refused at every level.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = of(&Settings::SHAPE);
    if let Value::Object(object) = &mut schema {
        object.insert(
            "$schema".to_owned(),
            json!("http://json-schema.org/draft-07/schema#"),
        );
    }
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "integer" }),
        Shape::Text { .. } => json!({ "type": "string" }),
        Shape::Choice(words) => json!({ "type": "string", "enum": words }),
        Shape::List(inner) => json!({ "type": "array", "items": of(inner) }),
        Shape::Table(fields) => {
            let named = fields
                .iter()
                .map(|field| (field.key.to_owned(), key(field)));
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": named.collect::<Map<_, _>>(),
            })
        }
    }
}

fn key(field: &Field) -> Value {
    let mut schema = of(&field.shape);
    if let Value::Object(object) = &mut schema {
        object.insert("description".to_owned(), json!(field.sentences()));
        if let Some(range) = &field.range {
            object.insert("minimum".to_owned(), json!(range.start()));
            object.insert("maximum".to_owned(), json!(range.end()));
        }
    }
    schema
}
