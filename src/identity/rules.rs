//! The decisions of identity, as functions of values: which credential stands, when a use is
//! written down, who may manage whose credentials, what a label may be.

use std::time::Duration;

use jiff::SignedDuration;

use super::refusals::Door;
use super::{Actor, Credential, IdentityError, Principal, Refusal, Role, Scope, Scopes};
use crate::base::{Id, Timestamp, clock};
use crate::crypto::token::Form;

/// A use is written down at most this often, so that reading does not become writing.
pub(super) const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// How long a sign-in link waits for its one use.
pub(super) const LINK_LIFETIME: Duration = Duration::from_mins(15);

/// The longest label of a personal token, in characters.
const LABEL_MAX: usize = 100;

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a request; it ends when this much time has passed since the last.
    pub idle: Duration,
    /// In all, from the sign-in.
    pub absolute: Duration,
    /// How long after the sign-in what is dangerous may be done.
    pub step_up: Duration,
}

impl Default for SessionLimits {
    /// 30 minutes idle, 12 hours in all, 10 minutes for what is dangerous.
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(30),
            absolute: Duration::from_hours(12),
            step_up: Duration::from_mins(10),
        }
    }
}

/// What decides whether a session goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionTimes {
    pub(super) created: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) end: Timestamp,
}

/// Whether a session goes on. A limit that was lowered since the sign-in counts at once; one that
/// was raised does not lengthen a session that has begun.
pub(super) fn session_stands(times: SessionTimes, limits: SessionLimits, now: Timestamp) -> bool {
    now < times.end
        && elapsed(times.created, now) < limits.absolute
        && elapsed(times.last_seen, now) < limits.idle
}

/// What decides whether a personal token is good.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenTimes {
    pub(super) expiry: Option<Timestamp>,
    pub(super) revoked: Option<Timestamp>,
}

/// Whether a personal token is good at `now`; it is not any more at the instant it expires.
pub(super) fn token_stands(times: TokenTimes, now: Timestamp) -> bool {
    times.revoked.is_none() && times.expiry.is_none_or(|end| now < end)
}

/// Whether a use at `now` is written down, when the last one written was at `last`.
pub(super) fn touch_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| elapsed(last, now) >= TOUCH_EVERY)
}

/// `span` after `at`.
pub(super) fn after(at: Timestamp, span: Duration) -> Timestamp {
    clock::after(
        at,
        SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX),
    )
}

/// The time from `since` to `now`; none when the clock was set back.
fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    let micros = now.as_microsecond().saturating_sub(since.as_microsecond());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The door that a personal token of this scope opens; `None` where tokens do not reach.
pub(super) const fn door_of(scope: Scope) -> Option<Door> {
    match scope {
        Scope::Caldav | Scope::CaldavRead => Some(Door::Caldav),
        Scope::Api | Scope::Inventory => Some(Door::Api),
        Scope::Web => None,
    }
}

/// What a personal token for this door looks like; `None` where tokens do not reach.
pub(super) const fn token_form(door: Door) -> Option<Form> {
    match door {
        Door::Caldav => Some(Form::personal("fh_cal_")),
        Door::Api => Some(Form::personal("fh_api_")),
        Door::SignIn => None,
    }
}

/// Whether these scopes open the door at all. What may be done behind it, the rooms decide.
pub(super) fn opens(scopes: Scopes, door: Door) -> bool {
    Scope::ALL
        .into_iter()
        .any(|scope| scopes.has(scope) && door_of(scope) == Some(door))
}

/// Decides who may make and turn off principals: the operator, and administrators in a session. A
/// personal token never can, so that one that leaks does not give more than it is.
pub(super) fn may_administer(actor: &Actor) -> Result<(), Refusal> {
    let may = match actor.credential {
        Credential::Operator => true,
        Credential::Session => actor.roles.has(Role::Administrator),
        Credential::Token | Credential::OnBehalf => false,
    };
    may.then_some(()).ok_or(Refusal::Forbidden)
}

/// Decides who may see who is here and what they were given: the operator and administrators, with a
/// personal token only if it is for the whole API.
pub(super) fn may_survey(actor: &Actor) -> Result<(), Refusal> {
    if actor.credential == Credential::Operator {
        return Ok(());
    }
    let may = actor.roles.has(Role::Administrator) && actor.credential != Credential::OnBehalf;
    may.then_some(()).ok_or(Refusal::Forbidden)?;
    let in_scope = actor.credential == Credential::Session || actor.scopes.has(Scope::Api);
    in_scope.then_some(()).ok_or(Refusal::OutOfScope)
}

/// Decides who may, at `now`, do what is dangerous: give and end roles, end the access of others. It
/// is who may see all that, if they have proved who they are within `step_up` (RFC 9470): a session
/// that was left open and a token that was found are not enough.
pub(super) fn may_endanger(
    actor: &Actor,
    (now, step_up): (Timestamp, Duration),
) -> Result<(), IdentityError> {
    may_survey(actor)?;
    is_fresh(actor, (now, step_up))
}

/// Whether the actor has proved who they are within `step_up`. The operator has the machine.
pub(super) fn is_fresh(
    actor: &Actor,
    (now, step_up): (Timestamp, Duration),
) -> Result<(), IdentityError> {
    let fresh = actor.credential == Credential::Operator
        || actor
            .authenticated_at
            .is_some_and(|at| elapsed(at, now) < step_up);
    let max_age_secs = step_up.as_secs();
    fresh
        .then_some(())
        .ok_or(IdentityError::StaleSignIn { max_age_secs })
}

/// Checks that a role can be held as it is to be given.
pub(super) fn check_grant(role: Role, over_part: bool) -> Result<(), IdentityError> {
    let fits = !over_part || matches!(role, Role::Custodian | Role::Auditor);
    fits.then_some(())
        .ok_or(IdentityError::RoleOverPart(role.as_str()))
}

/// Decides who may make a sign-in link: the operator only, since whoever has it signs in as another.
pub(super) fn may_make_link(actor: &Actor) -> Result<(), Refusal> {
    let operator = actor.credential == Credential::Operator;
    operator.then_some(()).ok_or(Refusal::Forbidden)
}

/// Decides who may act in another's name: the operator only.
pub(super) fn may_act_for(actor: &Actor) -> Result<(), Refusal> {
    may_make_link(actor)
}

/// Decides who may make a personal token for `of`: they themselves in a session, and the operator.
/// Not an administrator: it would let them act under another's name.
pub(super) fn may_issue(actor: &Actor, of: Id<Principal>) -> Result<(), Refusal> {
    let may = match actor.credential {
        Credential::Operator => true,
        Credential::Session => actor.principal == of,
        Credential::Token | Credential::OnBehalf => false,
    };
    may.then_some(()).ok_or(Refusal::Forbidden)
}

/// Decides who may see and revoke the personal tokens of `of`: who may make them, and
/// administrators. Everybody else does not learn whether there are any.
pub(super) fn may_oversee(actor: &Actor, of: Id<Principal>) -> Result<(), Refusal> {
    may_issue(actor, of)
        .or_else(|_| may_administer(actor))
        .map_err(|_| Refusal::NotFound)
}

/// Decides who may, at `now`, end sessions and personal tokens of `of`: who may see them; for those of
/// others only within `step_up` of the sign-in.
pub(super) fn may_end(
    actor: &Actor,
    of: Id<Principal>,
    (now, step_up): (Timestamp, Duration),
) -> Result<(), IdentityError> {
    if may_issue(actor, of).is_ok() {
        return Ok(());
    }
    may_oversee(actor, of)?;
    is_fresh(actor, (now, step_up))
}

/// Checks the label of a personal token: 1 to 100 characters, no control characters, and not only
/// blanks.
pub(super) fn check_label(label: &str) -> Result<(), IdentityError> {
    let fits = !label.trim().is_empty()
        && label.chars().count() <= LABEL_MAX
        && !label.chars().any(char::is_control);
    fits.then_some(()).ok_or(IdentityError::Label)
}

/// Checks that a personal token would be good at all.
pub(super) fn check_expiry(end: Option<Timestamp>, now: Timestamp) -> Result<(), IdentityError> {
    match end {
        Some(end) if end <= now => Err(IdentityError::Expiry { end, now }),
        _ => Ok(()),
    }
}
