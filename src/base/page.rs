//! Keyset pages: a page ends with the key of its last row, and the next begins behind it.

use std::num::NonZeroU16;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many rows a page may hold: 1 to 500, 50 when unsaid. A larger wish is refused, never cut in
/// silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(NonZeroU16);

impl PageSize {
    /// The largest page.
    pub const MAX: u16 = 500;

    /// A page of `rows` rows.
    ///
    /// # Errors
    /// [`PageError::Size`] outside 1 to [`Self::MAX`].
    pub fn new(rows: u16) -> Result<Self, PageError> {
        NonZeroU16::new(rows)
            .filter(|rows| rows.get() <= Self::MAX)
            .map(Self)
            .ok_or(PageError::Size { asked: rows })
    }

    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl Default for PageSize {
    fn default() -> Self {
        const FIFTY: NonZeroU16 = NonZeroU16::new(50).unwrap();
        Self(FIFTY)
    }
}

/// Where the next page begins; opaque to callers (base64url of the key of the last row).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// A cursor behind the row whose key is `key`.
    #[must_use]
    pub fn behind(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    /// The key of the last row seen.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.0
    }

    /// The text that callers carry.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// [`PageError::Cursor`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        URL_SAFE_NO_PAD
            .decode(text)
            .map(Self)
            .map_err(|_| PageError::Cursor)
    }
}

/// One page of `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
}

/// A page was asked for that cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The size is out of range.
    #[error("page size {asked} is out of range: ask for 1 to 500 rows")]
    Size {
        /// What was asked for.
        asked: u16,
    },
    /// The cursor is not one of ours.
    #[error("this cursor was not made by this service: start again without one")]
    Cursor,
}
