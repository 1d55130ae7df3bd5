//! `text-match` (RFC 4791 §9.7.5) and the collations it may name (RFC 4790, RFC 5051).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// How two texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Collation {
    /// `i;ascii-casemap`, the default: the letters A to Z match a to z.
    #[default]
    AsciiCasemap,
    /// `i;octet`: byte for byte.
    Octet,
    /// `i;unicode-casemap`: letters of every script match their other case, composed characters
    /// match decomposed ones.
    UnicodeCasemap,
}

impl Collation {
    /// All of them, for `supported-collation-set`.
    pub const ALL: [Self; 3] = [Self::AsciiCasemap, Self::Octet, Self::UnicodeCasemap];

    /// The collation of this identifier; `default` means `i;ascii-casemap`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        if name == "default" {
            return Some(Self::default());
        }
        Self::ALL
            .into_iter()
            .find(|collation| collation.name() == name)
    }

    /// The identifier.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsciiCasemap => "i;ascii-casemap",
            Self::Octet => "i;octet",
            Self::UnicodeCasemap => "i;unicode-casemap",
        }
    }

    /// The form in which equal texts are equal bytes.
    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Octet => Cow::Borrowed(text),
            Self::AsciiCasemap => Cow::Owned(text.to_ascii_uppercase()),
            Self::UnicodeCasemap => {
                Cow::Owned(text.nfkd().flat_map(char::to_uppercase).nfkd().collect())
            }
        }
    }
}

/// `text-match`: the value contains a text, or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    collation: Collation,
    folded: String,
    is_negated: bool,
}

impl TextMatch {
    /// The value must contain `text`.
    #[must_use]
    pub fn contains(text: &str, collation: Collation) -> Self {
        Self {
            collation,
            folded: collation.fold(text).into_owned(),
            is_negated: false,
        }
    }

    /// The value must not contain `text` (`negate-condition="yes"`).
    #[must_use]
    pub fn lacks(text: &str, collation: Collation) -> Self {
        Self {
            is_negated: true,
            ..Self::contains(text, collation)
        }
    }

    /// Whether `value` satisfies it.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.collation.fold(value).contains(&self.folded) != self.is_negated
    }
}
