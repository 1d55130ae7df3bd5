//! Small files, small functions, a purpose in the first line, nothing left for later.

use super::rust_text::RustText;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// What is too large, or does not say what it is.
pub(crate) fn size_complaints(file: &RustText) -> Vec<String> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!(
            "{} has {lines} lines, at most {FILE_LINES_MAX}",
            file.path
        ));
    }
    if !file.text.starts_with("//!") {
        found.push(format!(
            "{}: the first line begins with //! and says what it is",
            file.path
        ));
    }
    for function in file
        .functions()
        .iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
    {
        let (line, name, lines) = (function.line, &function.name, function.lines);
        found.push(format!(
            "{}:{line}: `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}",
            file.path
        ));
    }
    found
}

/// The line with the word that puts work off.
pub(crate) fn left_for_later(text: &str) -> Option<usize> {
    let word = concat!("TO", "DO");
    let has = |line: &str| {
        line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|part| part == word)
    };
    text.lines().position(has).map(|at| at + 1)
}
