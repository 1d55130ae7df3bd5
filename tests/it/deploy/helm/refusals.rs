//! What would lose data or open a door is refused when it is rendered (H2), and so are keys that
//! values of an older chart lack (case D02).

use std::path::PathBuf;

use super::values::keys;
use super::{MAJORS, chart, fixtures, template_of};

/// A file of values that is refused, with the sentence for it.
struct Refused {
    file: PathBuf,
    /// The value set under it.
    over: PathBuf,
    /// What Helm has to say, all of it.
    said: Vec<String>,
}

fn refused() -> Vec<Refused> {
    let entries = std::fs::read_dir(fixtures("refused")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let after = |word: &str| {
            let lines = text.lines().filter_map(move |line| line.strip_prefix(word));
            lines.map(|rest| rest.trim().to_owned()).collect::<Vec<_>>()
        };
        let said = after("# says:");
        assert!(!said.is_empty(), "{}: what does Helm say?", file.display());
        let over = after("# over:").pop();
        let over = over.unwrap_or_else(|| "aks".to_owned());
        Refused {
            over: chart().join("examples").join(format!("{over}.yaml")),
            file,
            said,
        }
    };
    files.into_iter().map(read).collect()
}

#[test]
fn values_that_would_lose_data_or_open_a_door_are_refused_with_the_value_to_change() {
    let all = refused();
    assert!(all.len() >= 20, "{}", all.len());
    for one in &all {
        let files = [&one.over, &one.file].map(|file| file.to_str().unwrap());
        for major in MAJORS {
            let arguments = ["--values", files[0], "--values", files[1]];
            let told = template_of(major, &chart(), &arguments);
            let Err(told) = told else {
                panic!("{} is taken by Helm {major}", files[1]);
            };
            for said in &one.said {
                assert!(told.contains(said), "{} (Helm {major}): {told}", files[1]);
            }
            assert!(!told.contains("nil pointer"), "{}: {told}", files[1]);
        }
    }
}

/// Case D02: `helm upgrade --reuse-values` keeps values that lack the new chart's keys, and null is a
/// key that is taken away.
#[test]
fn a_key_that_is_missing_or_null_is_named_with_the_way_out_and_nothing_renders_null() {
    let example = chart().join("examples/aks.yaml");
    let file = example.to_str().unwrap();
    for (index, key) in keys().iter().enumerate() {
        let null = format!("{key}=null");
        // Every key with one major, the top-level ones with both.
        let majors = if key.contains('.') {
            &MAJORS[index % 2..=index % 2]
        } else {
            &MAJORS[..]
        };
        for major in majors {
            let arguments = ["--values", file, "--set-json", &null];
            match template_of(major, &chart(), &arguments) {
                Ok(text) => {
                    let bare = |line: &&str| line.trim_end().ends_with(": null");
                    let found: Vec<&str> = text.lines().filter(bare).collect();
                    panic!("{key}: Helm {major} renders without it: {found:?}");
                }
                Err(told) => {
                    let named = told.contains(&format!("`{key}` is missing or null"));
                    assert!(
                        named && told.contains("--reset-then-reuse-values"),
                        "{key}: {told}"
                    );
                    assert!(!told.contains("nil pointer"), "{key}: {told}");
                }
            }
        }
    }
}
