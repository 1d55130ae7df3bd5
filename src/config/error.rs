//! What is wrong with a configuration, said to the person who can correct it.

use std::fmt;

/// A text that cannot be the value of a setting. It never repeats the text, which may be a secret
/// in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub(super) String);

impl Unfit {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// One thing that is wrong, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `FILE:LINE:COLUMN`, the environment variable or the option.
    pub place: String,
    /// What is wrong and what is expected instead.
    pub sentence: String,
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn one(place: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                place: place.into(),
                sentence: sentence.into(),
            }],
        }
    }

    /// Nothing when there are no problems.
    pub(super) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }

    /// What is wrong, in the order in which it was found.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration cannot be used:")?;
        for problem in &self.problems {
            writeln!(f, "  {}: {}", problem.place, problem.sentence)?;
        }
        write!(
            f,
            "Correct this and run `freehold config check`; `freehold config explain KEY` \
             describes a key."
        )
    }
}
