//! The authorisation decision (RFC 3744 §3 names the privileges).

use std::marker::PhantomData;

use super::{Actor, Held, Part, Principal, Role, Roles};
use crate::base::{Id, Kind};

/// What one may do with a thing (RFC 3744 §3, RFC 4791 §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Privilege {
    /// `DAV:read`.
    Read,
    /// `CALDAV:read-free-busy`: when, but not what.
    ReadFreeBusy,
    /// `DAV:write-properties`.
    WriteProperties,
    /// `DAV:write-content`.
    WriteContent,
    /// `DAV:bind`: add members.
    Bind,
    /// `DAV:unbind`: remove members.
    Unbind,
}

impl Privilege {
    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::ReadFreeBusy => 2,
            Self::WriteProperties => 4,
            Self::WriteContent => 8,
            Self::Bind => 16,
            Self::Unbind => 32,
        }
    }
}

/// One entry: these privileges for this principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ace {
    /// For whom.
    pub principal: Id<Principal>,
    privileges: u8,
}

impl Ace {
    /// `privileges` for `principal`.
    #[must_use]
    pub fn new(principal: Id<Principal>, privileges: &[Privilege]) -> Self {
        let privileges = privileges
            .iter()
            .fold(0, |bits, privilege| bits | privilege.bit());
        Self {
            principal,
            privileges,
        }
    }
}

/// Who may do what with one thing. Its owner may do everything; nobody else anything, unless an
/// entry says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// The owner.
    pub owner: Id<Principal>,
    /// The entries.
    pub entries: Vec<Ace>,
}

impl Acl {
    /// Only the owner.
    #[must_use]
    pub const fn owned_by(owner: Id<Principal>) -> Self {
        Self {
            owner,
            entries: Vec::new(),
        }
    }

    fn bits_of(&self, principal: Id<Principal>) -> u8 {
        if principal == self.owner {
            return u8::MAX;
        }
        let of = self
            .entries
            .iter()
            .filter(|entry| entry.principal == principal);
        of.fold(0, |bits, entry| bits | entry.privileges)
    }

    /// Whether `principal` has `privilege`.
    #[must_use]
    pub fn allows(&self, principal: Id<Principal>, privilege: Privilege) -> bool {
        self.bits_of(principal) & privilege.bit() != 0
    }
}

/// Proof that the actor may do `privilege` with one `R`. Only [`authorize`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct Granted<R> {
    on: Id<R>,
    privilege: Privilege,
    of: PhantomData<fn() -> R>,
}

impl<R> Granted<R> {
    /// The thing.
    #[must_use]
    pub const fn on(&self) -> Id<R> {
        self.on
    }

    /// What may be done with it.
    #[must_use]
    pub const fn privilege(&self) -> Privilege {
        self.privilege
    }
}

/// The actor may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, as far as this actor may know.
    #[error("there is nothing here under this name")]
    NotFound,
    /// The actor may know of it, but not do this.
    #[error("you may not do this here: ask the owner, or an administrator, for the right to")]
    Forbidden,
    /// The actor may, but not with the personal token they came with.
    #[error(
        "the personal token that you came with is not good for this: make one that is, on the page \
         Connect, and store it in the client"
    )]
    OutOfScope,
}

impl Refusal {
    /// How the caller should take it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Forbidden | Self::OutOfScope => Kind::Forbidden,
        }
    }
}

/// Decides whether `actor` may do `privilege` with `on`, whose list is `acl`.
///
/// # Errors
/// [`Refusal::NotFound`] when the actor has no privilege at all on it, [`Refusal::Forbidden`] when
/// they have others.
pub fn authorize<R>(
    actor: &Actor,
    acl: &Acl,
    on: Id<R>,
    privilege: Privilege,
) -> Result<Granted<R>, Refusal> {
    if acl.allows(actor.principal, privilege) {
        return Ok(Granted {
            on,
            privilege,
            of: PhantomData,
        });
    }
    let known = acl.bits_of(actor.principal) != 0;
    Err(if known {
        Refusal::Forbidden
    } else {
        Refusal::NotFound
    })
}

/// Which roles allow something, for [`authorize_over`].
#[derive(Debug, Clone, Copy)]
pub struct RoleRule {
    /// Over everything; administrators always may.
    pub everywhere: &'static [Role],
    /// Over one of the parts that the thing is in.
    pub over_part: &'static [Role],
    /// Whoever has one of these over everything may know of the thing.
    pub known_to: &'static [Role],
    /// What is allowed.
    pub privilege: Privilege,
}

impl RoleRule {
    /// Whether `roles` allow it with everything.
    #[must_use]
    pub fn allows_everywhere(&self, roles: Roles) -> bool {
        has_any(roles, self.everywhere)
    }
}

/// Decides by role whether somebody who holds `held` may do what `rule` is about with `on`. `ends` are
/// the places where that happens, such as where a thing is and where it goes: for each of them, the
/// parts that it is in, and each has to be in one over which the role is held. Without any end only a
/// role over everything will do.
///
/// # Errors
/// [`Refusal::NotFound`] when they hold roles over other parts only, [`Refusal::Forbidden`] when they
/// may know of it, or hold nothing over any part.
pub fn authorize_over<R>(
    held: &Held,
    rule: &RoleRule,
    on: Id<R>,
    ends: &[Vec<Part>],
) -> Result<Granted<R>, Refusal> {
    let holds = |part: &Part| {
        let mut over = held.over.iter();
        over.any(|(role, over)| over == part && rule.over_part.contains(role))
    };
    let all_held = || !ends.is_empty() && ends.iter().all(|parts| parts.iter().any(holds));
    if rule.allows_everywhere(held.everywhere) || all_held() {
        return Ok(Granted {
            on,
            privilege: rule.privilege,
            of: PhantomData,
        });
    }
    let known = has_any(held.everywhere, rule.known_to) || held.over.is_empty();
    Err(if known {
        Refusal::Forbidden
    } else {
        Refusal::NotFound
    })
}

fn has_any(roles: Roles, of: &[Role]) -> bool {
    roles.has(Role::Administrator) || of.iter().any(|role| roles.has(*role))
}
