//! The one place that writes to standard output and standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command line's voice"
)]

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

pub(super) use crate::base::told;

/// Writes a line of the answer.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Writes an answer that ends its own last line.
pub(super) fn text(text: &str) {
    print!("{text}");
}

/// Explains something beside the answer, on standard error.
pub(super) fn note(text: &str) {
    eprintln!("{text}");
}

/// Says why the command failed, with what caused it.
pub(super) fn failure(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("freehold: {}", told(error));
    ExitCode::FAILURE
}

/// Counts `things` on standard error, if that is a terminal.
pub(super) fn spinner(things: &'static str) -> ProgressBar {
    let template = format!("{{spinner}} {{human_pos}} {things} {{elapsed}}");
    styled(ProgressBar::no_length(), &template)
}

/// Shows how many of `length` bytes are done, on standard error, if that is a terminal; counts them
/// when the length is not known.
pub(super) fn bytes_bar(length: Option<u64>) -> ProgressBar {
    match length {
        Some(length) => styled(
            ProgressBar::new(length),
            "{msg} {wide_bar} {bytes}/{total_bytes} {eta} left",
        ),
        None => styled(ProgressBar::no_length(), "{spinner} {bytes} {elapsed}"),
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        // The plain bar says it as well.
        Err(_) => bar,
    }
}
