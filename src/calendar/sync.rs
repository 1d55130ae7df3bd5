//! Synchronisation: what changed since a token (RFC 6578).

use super::model::{CalendarRow, Numbered};
use super::repo::PAGE;
use super::rules::{self, Behind};
use super::{CalendarError, CalendarRef, Calendars, ObjectEntry, ObjectName, SyncToken, repo};
use crate::identity::{Actor, Privilege, Refusal};
use crate::store::Snapshot;

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
        let rows = limit.saturating_add(1);
        let removals = i64::try_from(rows).unwrap_or(i64::MAX);
        let begin = |snapshot: Snapshot, at: CalendarRef| async move {
            let row = repo::find(&snapshot, &at).await?.ok_or(Refusal::NotFound)?;
            rules::grant(actor, &row, Privilege::Read)?;
            let from = rules::sync_from(&row, since)?;
            let removed = repo::removed_since(&snapshot, row.id, from.removed, removals).await?;
            Ok::<_, CalendarError>((row, from, removed))
        };
        let (row, from, removed) = self.store.read(at, begin).await?;
        let changed = self.changed(&row, from.changed, rows).await?;
        let behind = Behind { changed, removed };
        Ok(rules::answer(&row, from, behind, limit))
    }

    /// The members that changed behind `after`, at most `rows`, read page by page so that nobody
    /// waits for a long list. One that changes or goes meanwhile gets a number behind the
    /// calendar's as it was read, so it is left out here and comes with the next sync.
    async fn changed(
        &self,
        of: &CalendarRow,
        after: i64,
        rows: usize,
    ) -> Result<Vec<Numbered<ObjectEntry>>, CalendarError> {
        let mut changed: Vec<Numbered<ObjectEntry>> = Vec::new();
        loop {
            let after = changed.last().map_or(after, |last| last.seq);
            let wanted = PAGE.min(rows.saturating_sub(changed.len()));
            let page = self.store.read((), |snapshot, ()| async move {
                let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
                repo::changed_in(&snapshot, of.id, (after, of.change_seq), limit).await
            });
            let page = page.await?;
            let is_last = page.len() < PAGE;
            changed.extend(page);
            if is_last {
                return Ok(changed);
            }
            tokio::task::yield_now().await;
        }
    }
}
