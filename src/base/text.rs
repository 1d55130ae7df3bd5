//! What others wrote, made fit for a line of ours.

/// The visible characters of `text`, blanks among them, and not more than `chars_max`: nothing of it
/// can begin a new line, or move what stands before it.
#[must_use]
pub fn visible(text: &str, chars_max: usize) -> String {
    let visible = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    visible.take(chars_max).collect()
}

/// The error with all that led to it, nothing twice.
#[must_use]
pub fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}
