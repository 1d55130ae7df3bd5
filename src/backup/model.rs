//! What a backup is called and what is known of it.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::crypto::hex;

/// How the instant in an identifier is written: its order as text is the order in time.
const INSTANT: &str = "%Y%m%dT%H%M%S%.3fZ";

/// The name of a backup: when its copy began, to the millisecond, and four random bytes:
/// `20261128T034501.250Z-1a2b3c4d`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackupId {
    text: String,
    made_at: Timestamp,
}

impl Default for BackupId {
    /// The name of nothing, where a name is of no account.
    fn default() -> Self {
        Self::new(Timestamp::UNIX_EPOCH, [0; 4])
    }
}

/// The text is no name of a backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a backup is named like 20261128T034501.250Z-1a2b3c4d: `freehold backup list` shows which there are"
)]
pub struct NoBackupId;

impl BackupId {
    /// The name of a backup that begins now.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 4]) -> Self {
        let (at, random) = (now.strftime(INSTANT), hex(&random));
        let made_at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        Self {
            text: format!("{at}-{random}"),
            made_at,
        }
    }

    /// When its copy began, to the millisecond.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for BackupId {
    type Err = NoBackupId;

    fn from_str(text: &str) -> Result<Self, NoBackupId> {
        let (at, random) = text.split_once('-').ok_or(NoBackupId)?;
        let is_random = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
        let at = strtime::parse(INSTANT, at).and_then(|at| at.to_datetime());
        let at = at.and_then(|at| TimeZone::UTC.to_timestamp(at));
        let made_at = at.map_err(|_| NoBackupId)?;
        is_random.then_some(()).ok_or(NoBackupId)?;
        Ok(Self {
            text: text.to_owned(),
            made_at,
        })
    }
}

impl TryFrom<String> for BackupId {
    type Error = NoBackupId;

    fn try_from(text: String) -> Result<Self, NoBackupId> {
        text.parse()
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> Self {
        id.text
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The two halves of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// The database.
    Data,
    /// The key ring.
    Keys,
}

impl Part {
    /// The folder that its objects are in.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its name.
    pub id: BackupId,
    /// The size of the database, in bytes.
    pub database_bytes: u64,
    /// What was shipped, data and key ring together, in bytes.
    pub shipped_bytes: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Where it is.
    pub place: String,
}

/// A backup at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub id: BackupId,
    /// When its copy began.
    pub made_at: Timestamp,
    /// The sealed data, in bytes.
    pub bytes: u64,
    /// The copy of the key ring that a restore would take, if it is not older than the data.
    pub keys: Option<BackupId>,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The database is being copied.
    Copying,
    /// A copy is being checked.
    Checking,
    /// A copy is being sealed and shipped.
    Shipping,
    /// A backup is being fetched and opened.
    Fetching,
}

impl Stage {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Checking => "checking",
            Self::Shipping => "shipping",
            Self::Fetching => "fetching",
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// So many bytes are done.
    pub done: u64,
    /// Of so many; 0 when that is not known.
    pub total: u64,
}

/// The last backup that is safe at its place; kept in the data folder, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success {
    /// Its name.
    pub id: BackupId,
    /// When it was safe.
    pub at: Timestamp,
    /// What was shipped, in bytes.
    pub bytes: u64,
}

/// How backups go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The last one that is safe.
    pub last_success: Option<Success>,
    /// When the last one that was tried failed, and why; none when it did not.
    pub failed: Option<(Timestamp, String)>,
    /// Since when backups are expected here: when the service started.
    pub since: Option<Timestamp>,
}
