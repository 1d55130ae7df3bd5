//! Show, explain, the reference, the annotated file, and that the tree and its table agree.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{
    super::{
        schema::{Setting, Shape},
        *,
    },
    with_environment, with_file,
};

#[test]
fn show_is_toml_with_origins_and_loads_again() {
    let file = "[vault]\nkey_file = \"file:/k\"\n[[identity.providers]]\nid = \"a\"\n\
                issuer = \"https://i.example\"\nclient_id = \"c\"\nclient_secret = \"env:S\"\n";
    let loaded = with_file(file).unwrap();
    let shown = loaded.show();
    assert!(shown.contains("key_file = \"file:/k\"  # "), "{shown}");
    assert!(shown.contains("f.toml:2:1\n"), "{shown}");
    assert!(
        shown.contains("\ndata = \"./data\"  # default\n"),
        "{shown}"
    );
    assert!(shown.contains("# public_url is not set\n"), "{shown}");
    assert_eq!(with_file(&shown).unwrap().settings, loaded.settings);
}

#[test]
fn explain_says_all_that_is_known_about_a_key() {
    let loaded = with_environment(&[("FREEHOLD__SERVER__DRAIN_SECS", "5")]).unwrap();
    let text = explain("server.drain_secs", Some(&loaded)).unwrap();
    for part in [
        "SIGTERM",
        "Type: a whole number of seconds",
        "Default: `20`",
        "Range: 0 to 600",
        "Environment: `FREEHOLD__SERVER__DRAIN_SECS`",
        "In effect: 5 (from: environment FREEHOLD__SERVER__DRAIN_SECS)",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    assert!(
        explain("identity.providers.issuer", None)
            .unwrap()
            .contains("required")
    );
    assert!(explain("identity.providers[0].issuer", None).is_ok());
    assert!(
        explain("server", Some(&loaded))
            .unwrap()
            .contains("Keys: server.listen")
    );
    let error = explain("server.drain", None).unwrap_err().to_string();
    assert!(
        error.contains("did you mean `server.drain_secs`?"),
        "{error}"
    );
}

#[test]
fn every_field_has_an_entry_and_no_entry_lacks_a_field() {
    let mut settings = Settings::default();
    settings.identity.providers.push(Provider::default());
    let mut fields = BTreeSet::new();
    collect("", &serde_json::to_value(settings).unwrap(), &mut fields);
    let entries: BTreeSet<String> = load::keys().into_iter().map(|key| key.path).collect();
    assert_eq!(fields, entries);
}

fn collect(prefix: &str, value: &Json, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().unwrap() {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        found.insert(path.clone());
        match value {
            Json::Object(_) => collect(&path, value, found),
            Json::Array(items) if items.iter().any(Json::is_object) => {
                collect(&format!("{path}[]"), items.first().unwrap(), found);
            }
            _ => {}
        }
    }
}

#[test]
fn every_entry_says_what_an_operator_needs() {
    for key in load::keys() {
        let (path, field) = (&key.path, key.field);
        assert!(field.sentences().ends_with('.'), "{path} has no sentence");
        let number = matches!(field.shape, Shape::Number);
        assert_eq!(
            number,
            field.range.is_some(),
            "{path}: a number has a range"
        );
        let default = (field.default)().unwrap_or_default();
        let telling = !matches!(default.as_str(), "" | "\"\"" | "[]");
        let table = matches!(field.shape, Shape::Table(_) | Shape::List(Shape::Table(_)));
        assert!(
            telling || table || field.example.is_some(),
            "{path} needs an example"
        );
    }
}

#[test]
fn in_a_section_values_come_first_then_sections_then_lists_of_tables() {
    fn judge(shape: &Shape) {
        let (Shape::Table(fields) | Shape::List(Shape::Table(fields))) = shape else {
            return;
        };
        let rank = |shape: &Shape| match shape {
            Shape::Table(_) => 1,
            Shape::List(Shape::Table(_)) => 2,
            _ => 0,
        };
        assert!(fields.is_sorted_by_key(|field| rank(&field.shape)));
        fields.iter().for_each(|field| judge(&field.shape));
    }
    judge(&Settings::SHAPE);
}

#[test]
fn the_annotated_file_mentions_each_key_and_is_right_with_and_without_its_comments() {
    let text = annotated();
    for key in load::keys().iter().filter(|key| !key.is_section()) {
        let line = format!("\n#{} = ", key.field.key);
        let table = format!("\n#[[{}]]\n", key.path);
        assert!(
            text.contains(&line) || text.contains(&table),
            "{} is missing",
            key.path
        );
    }
    assert_eq!(with_file(&text).unwrap().settings, Settings::default());
    // These are refused at the provider of another type, or beside the files of a certificate.
    let of_one_type = |line: &str| {
        ["#tenants", "#hosted_", "#graph", "#key_vault_certificate"]
            .iter()
            .any(|key| line.starts_with(key))
    };
    let uncommented: String = text
        .lines()
        .filter(|line| !of_one_type(line))
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let settings = with_file(&uncommented).unwrap().settings;
    assert_eq!(settings.identity.providers.len(), 1);
    assert_eq!(settings.calendar, Calendar::default());
}
