//! What is said over the admin socket.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::audit::{SignedHead, Verdict};
use crate::backup;
use crate::base::{Id, Timestamp};
use crate::config::KekPlace;
use crate::identity::tokens::PersonalToken;
use crate::identity::{Handle, Role, Scope};
use crate::store::key_ring::{RingStatus, Rotation};
use crate::telemetry::Health;

/// What the operator wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a personal token; [`Answer::Token`].
    TokenCreate(NewTokenFor),
    /// The personal tokens of a principal that are not revoked; [`Answer::Tokens`].
    TokenList {
        /// Whose.
        principal: Handle,
    },
    /// Revoke a personal token; [`Answer::Done`].
    TokenRevoke {
        /// Which.
        id: Id<PersonalToken>,
    },
    /// Take calendar objects: [`Output::Ready`], then [`Output::Imported`] for every
    /// [`Input::Objects`], and [`Answer::Done`] for [`Input::Done`].
    Import(ImportInto),
    /// Recompute the audit chain, with [`Output::Progress`]; [`Answer::Audit`].
    AuditVerify {
        /// A head that was kept elsewhere, which the chain has to go through.
        kept: Option<SignedHead>,
    },
    /// Sign the head of the audit; [`Answer::Head`].
    AuditHead,
    /// All of the audit, with what is sealed beside it, as [`Output::Lines`], then
    /// [`Answer::Head`], signed now.
    AuditExport,
    /// Say how the key ring is; [`Answer::Keys`].
    KeysStatus,
    /// Make keys anew; [`Answer::Done`].
    KeysRotate(Rotation),
    /// Wrap the root key anew; [`Answer::Rewrapped`].
    KeysRewrap {
        /// By this key-encryption key as well; `None`: by the configured one alone.
        to: Option<KekPlace>,
    },
    /// Make a backup, with [`Output::Backup`]; [`Answer::Backup`]. Any version may ask for it, so what
    /// is said here and in answer never changes its words.
    BackupNow,
    /// Say how the store is; [`Answer::Examined`].
    Examine,
}

impl Command {
    /// Whether a service carries it out for a command line of another version, as before an upgrade
    /// the new program asks the old one.
    #[must_use]
    pub(super) const fn is_for_any_version(&self) -> bool {
        matches!(self, Self::BackupNow)
    }

    /// As on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TokenCreate(_) => "token create",
            Self::TokenList { .. } => "token list",
            Self::TokenRevoke { .. } => "token revoke",
            Self::Import(_) => "import",
            Self::AuditVerify { .. } => "audit verify",
            Self::AuditHead => "audit head",
            Self::AuditExport => "audit export",
            Self::KeysStatus => "keys status",
            Self::KeysRotate(_) => "keys rotate",
            Self::KeysRewrap { .. } => "keys rewrap",
            Self::BackupNow => "backup now",
            Self::Examine => "doctor",
        }
    }
}

/// A personal token to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewTokenFor {
    /// For whom.
    pub principal: Handle,
    /// What for.
    pub scope: Scope,
    /// Where it will be used.
    pub label: String,
    /// After how many days it is not good any more; `None` for never.
    pub expires_days: Option<u32>,
    /// Make the principal with this role when there is none of the name.
    pub create: Option<Role>,
}

/// Where calendar objects go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportInto {
    /// Whose calendar.
    pub principal: Handle,
    /// The name of the calendar in its owner's home; it is made when there is none.
    pub calendar: String,
    /// Make the principal, as a member, when there is none of the name.
    pub create: bool,
}

/// What follows a command that takes more than itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Calendar objects, taken in one transaction.
    Objects(Vec<Body>),
    /// That was all.
    Done,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// So much is done.
    Progress(i64),
    /// So far is the backup.
    Backup(backup::Progress),
    /// The command waits for [`Input`].
    Ready,
    /// What was asked for, line by line.
    Lines(Vec<String>),
    /// What became of each object, in the order of [`Input::Objects`].
    Imported(Vec<Fate>),
    /// The end: it is done.
    Answer(Answer),
    /// The end: it was not done, with a sentence for the operator.
    Failed(String),
}

/// What became of a calendar object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is new.
    Created,
    /// It stands in the place of an older one.
    Replaced,
    /// The same bytes were there; nothing was written.
    Unchanged,
    /// It was not taken, with the reason.
    Refused(String),
}

/// The end of a command that was carried out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done; there is nothing to say.
    Done,
    /// A personal token was made.
    Token {
        /// Its text; it is nowhere else.
        secret: ShownOnce,
        /// Its identifier, for revoking it.
        id: Id<PersonalToken>,
        /// Whether the principal was made with it.
        is_principal_new: bool,
    },
    /// Personal tokens, newest first.
    Tokens(Vec<TokenLine>),
    /// How the audit chain is.
    Audit(Verdict),
    /// The signed head of the audit; `None` while there is no entry.
    Head(Option<SignedHead>),
    /// How the key ring is.
    Keys(RingStatus),
    /// The ids of what wraps the root key now.
    Rewrapped(Vec<String>),
    /// A backup was made.
    Backup(backup::Taken),
    /// How the store is.
    Examined(Examined),
}

/// A personal token without its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenLine {
    /// Its identifier.
    pub id: Id<PersonalToken>,
    /// Where it is used.
    pub label: String,
    /// The words of its scopes.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not good any more.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// How the store is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Examined {
    /// What `/readyz?verbose` names.
    pub parts: Vec<Part>,
    /// How many entries the audit chain has.
    pub audit_entries: i64,
    /// When the last of them was written.
    pub audit_last: Option<Timestamp>,
}

/// One part and how it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// Such as `store`.
    pub name: String,
    /// How it is.
    pub health: Health,
}

/// The bytes of a calendar object; base64 on the wire, because a fold may cut a character in two.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// A secret on its way to the one who asked for it; wiped afterwards.
pub struct ShownOnce(Zeroizing<String>);

impl ShownOnce {
    /// Takes the secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(Zeroizing::new(secret.to_owned()))
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce(redacted)")
    }
}

impl Serialize for ShownOnce {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ShownOnce {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(from)?)))
    }
}
