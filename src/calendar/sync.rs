//! Synchronisation: what changed since a token (RFC 6578).

use super::{CalendarError, CalendarRef, Calendars, ObjectEntry, ObjectName, SyncToken};
use crate::identity::Actor;

/// `sync-collection` (RFC 6578 §3.2).
#[derive(Debug, Clone)]
pub struct ChangesSince {
    /// Of which calendar.
    pub at: CalendarRef,
    /// The token of the last answer; `None` for the first sync.
    pub since: Option<SyncToken>,
    /// How many members at most, changed and removed together.
    pub limit: Option<usize>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// New or changed members, oldest change first.
    pub changed: Vec<ObjectEntry>,
    /// Members that are gone, oldest removal first.
    pub removed: Vec<ObjectName>,
    /// What to ask with next time.
    pub token: SyncToken,
    /// Whether there is more already; ask again with the token.
    pub truncated: bool,
}

impl Calendars {
    /// Changes.
    pub async fn changes(
        &self,
        actor: &Actor,
        asked: ChangesSince,
    ) -> Result<Changes, CalendarError> {
        unimplemented!()
    }
}
