//! What others wrote, made fit for a line of ours.

/// The visible characters of `text`, blanks among them, and not more than `chars_max`: nothing of it
/// can begin a new line, or move what stands before it.
#[must_use]
pub fn visible(text: &str, chars_max: usize) -> String {
    let visible = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    visible.take(chars_max).collect()
}
