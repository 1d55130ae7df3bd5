//! The one place that writes to standard output and standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command line's voice"
)]

use std::process::ExitCode;

/// Writes a line of the answer.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Writes an answer that ends its own last line.
pub(super) fn text(text: &str) {
    print!("{text}");
}

/// Says why the command failed, with what caused it.
pub(super) fn failure(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("freehold: {error}");
    ExitCode::FAILURE
}
