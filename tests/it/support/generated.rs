//! Files of the repository that are made of others in it.

use std::path::Path;

/// Compares such a file with what it has to be; under `make generate`, writes it.
#[track_caller]
pub(crate) fn is_current(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    if std::env::var_os("FREEHOLD_BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is another one now: run `make generate`, see what changed, and commit it",
        path.display()
    );
}
