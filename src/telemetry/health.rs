//! The words for health: what `/readyz` and `freehold doctor` answer.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Ok,
    /// It works, and somebody should look: a sentence with what to do.
    Degraded(String),
    /// It does not work: a sentence with what to do.
    Failed(String),
}

/// One part and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The part: `store`, `keys`, `disk`, `provider work`.
    pub name: Cow<'static, str>,
    /// How it is.
    pub health: Health,
}

/// All parts.
///
/// ```
/// use freehold::telemetry::{Check, Health, Report};
///
/// let disk = Health::Degraded("2 % of the disk are free".to_owned());
/// let checks = vec![
///     Check { name: "store".into(), health: Health::Ok },
///     Check { name: "disk".into(), health: disk },
/// ];
/// let report = Report { checks };
/// assert!(report.is_ready());
/// assert_eq!(report.to_string(), "degraded\nstore: ok\ndisk: degraded: 2 % of the disk are free\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order in which they were checked.
    pub checks: Vec<Check>,
}

impl Health {
    /// `ok`, `degraded` or `failed`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded(_) => "degraded",
            Self::Failed(_) => "failed",
        }
    }

    fn severity(&self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Degraded(_) => 1,
            Self::Failed(_) => 2,
        }
    }
}

impl Report {
    /// The health of the part that is worst off; without parts all is well.
    #[must_use]
    pub fn overall(&self) -> &Health {
        let healths = self.checks.iter().map(|check| &check.health);
        healths
            .max_by_key(|health| health.severity())
            .unwrap_or(&Health::Ok)
    }

    /// Can the service do its work? A degraded part does not stop it.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !matches!(self.overall(), Health::Failed(_))
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str(self.word()),
            Self::Degraded(sentence) | Self::Failed(sentence) => {
                write!(f, "{}: {sentence}", self.word())
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.overall().word())?;
        for check in &self.checks {
            writeln!(f, "{}: {}", check.name, check.health)?;
        }
        Ok(())
    }
}
