//! The one door to the operating system's randomness.

/// `N` random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give; nothing safe can be done then.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0_u8; N];
    fill(&mut out);
    out
}

/// Fills `out` with random bytes from the operating system: for keys, of which a value that is
/// handed on would leave copies behind.
///
/// # Panics
/// As [`bytes()`].
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "no randomness, no service"
)]
pub fn fill(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system gives randomness");
}
