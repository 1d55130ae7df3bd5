//! Synchronisation: what changed since a token (RFC 6578).

use super::rules::{self, Behind};
use super::{CalendarError, CalendarRef, Calendars, ObjectEntry, ObjectName, SyncToken, repo};
use crate::identity::{Actor, Privilege, Refusal};

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
    /// What changed since a token (RFC 6578 §3.4 to §3.6). A first sync tells of live members only.
    /// What is cut off by the limit comes with the next question; nothing is lost.
    ///
    /// # Errors
    /// [`CalendarError::BadSyncToken`] for the token of another calendar, one that was not given
    /// out, or one from before the removals that are still remembered;
    /// [`CalendarError::Refused`], or the store's.
    pub async fn changes(
        &self,
        actor: &Actor,
        asked: ChangesSince,
    ) -> Result<Changes, CalendarError> {
        let ChangesSince { at, since, limit } = asked;
        let limit = limit.unwrap_or(usize::MAX).max(1);
        // One more tells whether there is more.
        let rows = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        self.store
            .read(at, |snapshot, at| async move {
                let row = repo::find(&snapshot, &at).await?.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Read)?;
                let from = rules::sync_from(&row, since)?;
                let behind = Behind {
                    changed: repo::changed_since(&snapshot, row.id, from.changed, rows).await?,
                    removed: repo::removed_since(&snapshot, row.id, from.removed, rows).await?,
                };
                Ok(rules::answer(&row, from, behind, limit))
            })
            .await
    }
}
