//! Principals, roles, scopes and the actor, so made that they cannot be wrong.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{Id, Timestamp, random};
use crate::crypto::hex;

/// A person of the organisation, as the store keeps one: no name, no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The identifier that rows hold.
    pub id: Id<Self>,
    /// The name in URLs.
    pub handle: Handle,
    /// Whether they may act at all.
    pub active: bool,
    /// What they are, as the provider says, or who made them.
    pub roles: Roles,
    /// What they are as well, over everything, because an administrator gave it to them here.
    pub granted: Roles,
}

impl Principal {
    /// What they are, all in all. Whoever has no role of their own has none by a grant either: to
    /// take the roles away at the provider takes everything away.
    #[must_use]
    pub fn all_roles(&self) -> Roles {
        if self.roles == Roles::default() {
            return Roles::default();
        }
        self.roles.and(self.granted)
    }

    /// The principal as it acts with a credential, having proved who they are at `authenticated_at`.
    pub(super) fn acting(
        self,
        scopes: Scopes,
        credential: Credential,
        authenticated_at: Option<Timestamp>,
    ) -> Actor {
        Actor {
            principal: self.id,
            roles: self.all_roles(),
            handle: self.handle,
            scopes,
            credential,
            authenticated_at,
        }
    }
}

/// The name of a principal in URLs: 1 to 64 of `a-z 0-9 . _ -`, not beginning with a dot or dash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

/// The text is no handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a handle: use 1 to 64 characters a-z, 0-9, dot, underscore or dash, beginning \
     with a letter or digit"
)]
pub struct HandleError(String);

impl Handle {
    /// A handle that says nothing about its principal: `u` and 16 hexadecimal digits.
    #[must_use]
    pub fn opaque() -> Self {
        Self(format!("u{}", hex(&random::bytes::<8>())))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let first = text
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        if first && text.len() <= 64 && text.chars().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(HandleError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Handle {
    type Error = HandleError;

    fn try_from(text: String) -> Result<Self, HandleError> {
        text.parse()
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a principal is in the organisation (ID12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Has calendars, sees the inventory, holds items.
    Member,
    /// Changes the inventory and hands items out.
    Custodian,
    /// Everything but reading the audit.
    Administrator,
    /// Reads the audit.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [
        Self::Member,
        Self::Custodian,
        Self::Administrator,
        Self::Auditor,
    ];

    /// The word in the store and in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Custodian => "custodian",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Reads [`Self::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Custodian => 2,
            Self::Administrator => 4,
            Self::Auditor => 8,
        }
    }
}

/// A set of roles; as text, their words with spaces between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u8);

impl Roles {
    /// The set of these.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |bits, role| bits | role.bit()))
    }

    /// The set with `role` in it as well.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// What is in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `role` is in it.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Reads [`Self::to_text`]; words it does not know give no role.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .filter_map(Role::parse)
                .fold(0, |bits, role| bits | role.bit()),
        )
    }

    /// The words, in a fixed order.
    #[must_use]
    pub fn to_text(self) -> String {
        let words: Vec<_> = Role::ALL
            .into_iter()
            .filter(|role| self.has(*role))
            .map(Role::as_str)
            .collect();
        words.join(" ")
    }
}

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// CalDAV, reading and writing.
    Caldav,
    /// CalDAV, reading only.
    CaldavRead,
    /// The whole REST API.
    Api,
    /// Of the REST API, the inventory.
    Inventory,
    /// The web pages; only sessions have it.
    Web,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [
        Self::Caldav,
        Self::CaldavRead,
        Self::Api,
        Self::Inventory,
        Self::Web,
    ];

    /// The word in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caldav => "caldav",
            Self::CaldavRead => "caldav-read",
            Self::Api => "api",
            Self::Inventory => "inventory",
            Self::Web => "web",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Caldav => 1,
            Self::Api => 2,
            Self::Web => 4,
            Self::CaldavRead => 8,
            Self::Inventory => 16,
        }
    }
}

/// A set of scopes; as text, their words with spaces between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of these.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether `scope` is in it.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether one of `scopes` is in it.
    #[must_use]
    pub fn has_any(self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|scope| self.has(*scope))
    }

    /// Reads [`Self::to_text`]; words it does not know give no scope.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let known = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
        Self(
            text.split_whitespace()
                .filter_map(known)
                .fold(0, |bits, scope| bits | scope.bit()),
        )
    }

    /// The words, in a fixed order.
    #[must_use]
    pub fn to_text(self) -> String {
        let words: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|scope| self.has(*scope))
            .map(Scope::as_str)
            .collect();
        words.join(" ")
    }
}

/// What the actor came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A browser's session.
    Session,
    /// A personal token.
    Token,
    /// The command line on the machine itself.
    Operator,
    /// The command line, acting in the name of the principal.
    OnBehalf,
}

/// Someone who asks for something: a principal with the credential they came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub principal: Id<Principal>,
    /// Their name in URLs.
    pub handle: Handle,
    /// What they are.
    pub roles: Roles,
    /// What the credential is good for.
    pub scopes: Scopes,
    /// Which kind of credential.
    pub credential: Credential,
    /// When they last proved who they are, as far as that is known: in a session the sign-in, with a
    /// personal token that of the session which made it.
    pub authenticated_at: Option<Timestamp>,
}

impl Actor {
    /// Whoever runs the command line on the machine itself: no row, so the identifier is all zeros,
    /// which no principal has.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            principal: Id::from_uuid(uuid::Uuid::nil()),
            handle: Handle("operator".to_owned()),
            roles: Roles::of(&[Role::Administrator]),
            scopes: Scopes::of(&Scope::ALL),
            credential: Credential::Operator,
            authenticated_at: None,
        }
    }

    /// The word for the audit: `principal:ID`; for the command line `operator`, or `operator for
    /// principal:ID` when it acts in somebody's name.
    #[must_use]
    pub fn to_audit(&self) -> String {
        match self.credential {
            Credential::Operator => "operator".to_owned(),
            Credential::OnBehalf => format!("operator for principal:{}", self.principal),
            Credential::Session | Credential::Token => format!("principal:{}", self.principal),
        }
    }
}
