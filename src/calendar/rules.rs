//! The decisions of the calendar room, pure.

use super::model::{CalendarRow, Numbered};
use super::{
    BadSyncToken, Calendar, CalendarError, Changes, Components, ObjectEntry, ObjectName,
    Properties, PropertyChange, PropertyName, SyncToken,
};
use crate::base::Id;
use crate::crypto::{hex, sha256};
use crate::ical::CalendarObject;
use crate::ical::object::Kind;
use crate::ical::zone;
use crate::identity::{Acl, Actor, Granted, Principal, Privilege, Refusal, Scope, authorize};

/// A calendar has at most so many properties.
const PROPERTIES_MAX: usize = 200;

/// What every use case asks first: may the actor do this with the calendar?
pub(super) fn grant(
    actor: &Actor,
    on: &CalendarRow,
    privilege: Privilege,
) -> Result<Granted<Calendar>, Refusal> {
    let granted = authorize(actor, &Acl::owned_by(on.owner), on.id, privilege)?;
    in_scope(actor, privilege).map(|()| granted)
}

/// The same for a home, which is its owner's.
pub(super) fn grant_home(
    actor: &Actor,
    owner: Id<Principal>,
    privilege: Privilege,
) -> Result<Granted<Principal>, Refusal> {
    let granted = authorize(actor, &Acl::owned_by(owner), owner, privilege)?;
    in_scope(actor, privilege).map(|()| granted)
}

fn in_scope(actor: &Actor, privilege: Privilege) -> Result<(), Refusal> {
    let scopes: &[Scope] = match privilege {
        Privilege::Read | Privilege::ReadFreeBusy => {
            &[Scope::Caldav, Scope::CaldavRead, Scope::Web]
        }
        _ => &[Scope::Caldav, Scope::Web],
    };
    let fits = actor.scopes.has_any(scopes);
    fits.then_some(()).ok_or(Refusal::OutOfScope)
}

/// Reads what a client wants to store: one calendar object (RFC 4791 §4.1), not too large.
pub(super) fn read(body: &[u8], limit: usize) -> Result<CalendarObject, CalendarError> {
    if body.len() > limit {
        return Err(CalendarError::TooLarge { limit });
    }
    let object = CalendarObject::parse(body).map_err(CalendarError::InvalidData)?;
    object
        .validate_for_caldav()
        .map_err(CalendarError::InvalidObject)?;
    Ok(object)
}

/// Whether the calendar takes this kind of object.
pub(super) fn takes(components: Components, kind: Kind) -> Result<(), CalendarError> {
    if components.has(kind) {
        return Ok(());
    }
    Err(CalendarError::UnsupportedComponent {
        component: kind.name(),
        takes: components.to_text(),
    })
}

/// The name under which an imported object is stored: its UID when that can stand in any URL, else
/// a digest of it.
pub(super) fn name_of_uid(uid: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let plain = uid.len() <= 120 && !uid.starts_with('.') && uid.chars().all(fits);
    if plain && !uid.is_empty() {
        return format!("{uid}.ics");
    }
    digest_of_uid(uid)
}

/// The other name, for a UID whose first choice another object has.
pub(super) fn digest_of_uid(uid: &str) -> String {
    let digest: String = hex(&sha256(uid.as_bytes())).chars().take(40).collect();
    format!("{digest}.ics")
}

/// Makes the changes; gives those that changed something.
pub(super) fn change(
    properties: &mut Properties,
    changes: &[PropertyChange],
    limit: usize,
) -> Result<Vec<PropertyChange>, CalendarError> {
    let mut made = Vec::new();
    for one in changes {
        if let PropertyChange::Set(name, value) = one {
            if value.size_bytes() > limit {
                return Err(CalendarError::TooLarge { limit });
            }
            let is_zone = *name == PropertyName::time_zone();
            if is_zone && value.as_text().and_then(zone::of_calendar).is_none() {
                return Err(CalendarError::InvalidProperty {
                    name: name.clone(),
                    expected: "a VCALENDAR with one VTIMEZONE, or the name of a zone",
                });
            }
        }
        if properties.apply(one) {
            made.push(one.clone());
        }
    }
    if properties.len() > PROPERTIES_MAX {
        let limit = PROPERTIES_MAX;
        return Err(CalendarError::TooManyProperties { limit });
    }
    Ok(made)
}

/// Where a synchronisation goes on: behind these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyncFrom {
    pub(super) changed: i64,
    pub(super) removed: i64,
}

/// Holds a token against the calendar (RFC 6578 §3.2). The first sync tells of no removals.
pub(super) fn sync_from(
    calendar: &CalendarRow,
    since: Option<SyncToken>,
) -> Result<SyncFrom, BadSyncToken> {
    let Some(token) = since else {
        return Ok(SyncFrom {
            changed: 0,
            removed: calendar.change_seq,
        });
    };
    let known = token.calendar == calendar.id
        && token.removed_since >= calendar.floor_seq
        && token.removed_since <= calendar.change_seq;
    known.then_some(()).ok_or(BadSyncToken)?;
    Ok(SyncFrom {
        changed: token.seq,
        removed: token.removed_since,
    })
}

/// What lies behind a [`SyncFrom`], each list by number and one longer than asked for where there
/// is more.
pub(super) struct Behind {
    pub(super) changed: Vec<Numbered<ObjectEntry>>,
    pub(super) removed: Vec<Numbered<ObjectName>>,
}

/// The first `limit` of both lists together, and the token that goes on behind the last of them
/// (RFC 6578 §3.6).
pub(super) fn answer(
    calendar: &CalendarRow,
    from: SyncFrom,
    behind: Behind,
    limit: usize,
) -> Changes {
    let mut seqs: Vec<i64> = behind.changed.iter().map(|one| one.seq).collect();
    seqs.extend(behind.removed.iter().map(|one| one.seq));
    seqs.sort_unstable();
    let truncated = seqs.len() > limit;
    let mut token = SyncToken::new(calendar.id, calendar.change_seq);
    if let (true, Some(last)) = (truncated, limit.checked_sub(1)) {
        token.seq = seqs.get(last).copied().unwrap_or(from.changed);
        token.removed_since = from.removed.max(token.seq);
    }
    let (changed, removed) = (behind.changed.into_iter(), behind.removed.into_iter());
    Changes {
        changed: changed
            .filter(|one| one.seq <= token.seq)
            .map(|one| one.what)
            .collect(),
        removed: removed
            .filter(|one| one.seq <= token.seq)
            .map(|one| one.what)
            .collect(),
        token,
        truncated,
    }
}
