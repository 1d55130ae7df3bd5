//! Questions about what is in calendars.

use std::borrow::Cow;
use std::ops::ControlFlow;

use jiff::tz::TimeZone;

use super::objects::repo::{self, Asked, SealedObject};
use super::objects::{parsed, zone_of};
use super::repo as calendars;
use super::time_index::Span;
use super::{CalendarError, CalendarRef, Calendars, Entry, StoredObject, rules};
use crate::base::Id;
use crate::ical::filter::CompFilter;
use crate::ical::object::{Kind, Occurrence};
use crate::ical::{CalendarObject, Window};
use crate::identity::{Actor, Privilege, Refusal};
use crate::store::Snapshot;

/// `calendar-query` (RFC 4791 §7.8).
#[derive(Debug, Clone)]
pub struct CalendarQuery {
    /// Of which calendar.
    pub at: CalendarRef,
    /// Which objects.
    pub filter: CompFilter,
    /// The zone of days and floating times; `None`: the calendar's own.
    pub zone: Option<TimeZone>,
    /// How many objects at most.
    pub limit: Option<usize>,
}

/// The objects that satisfy a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryAnswer {
    /// The objects, oldest first.
    pub objects: Vec<StoredObject>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}

/// What a page asks.
#[derive(Debug, Clone)]
pub struct OccurrencesIn {
    /// Of which calendars.
    pub calendars: Vec<CalendarRef>,
    /// When.
    pub window: Window,
    /// The asker's zone, for days and floating times.
    pub zone: TimeZone,
    /// How many at most.
    pub limit: usize,
}

/// What narrows a question before a body is opened.
struct Narrowed {
    window: Option<Window>,
    kind: Option<Kind>,
    /// The zone of days and floating times; `None`: the calendar's own.
    zone: Option<TimeZone>,
}

/// The objects that may answer a question.
struct Candidates {
    /// The zone of days and floating times.
    zone: TimeZone,
    ids: Vec<Id<StoredObject>>,
    /// The first of them.
    first: Vec<SealedObject>,
}

impl Calendars {
    /// The objects that satisfy a filter (RFC 4791 §7.8), oldest first. The time index narrows, the
    /// filter decides. A long answer is read in pieces: an object that changes meanwhile is there
    /// in one of its states.
    ///
    /// # Errors
    /// [`CalendarError::Refused`], [`CalendarError::Sealed`], or the store's.
    pub async fn query(
        &self,
        actor: &Actor,
        query: CalendarQuery,
    ) -> Result<QueryAnswer, CalendarError> {
        let CalendarQuery { at, filter, .. } = query;
        let narrowed = Narrowed {
            window: filter.required_window(),
            kind: filter.required_kind(),
            zone: query.zone,
        };
        let limit = query.limit.unwrap_or(usize::MAX);
        let (mut objects, mut truncated) = (Vec::new(), false);
        self.ask(actor, &at, narrowed, |stored, object, zone| {
            if !filter.matches(object, zone) {
                return ControlFlow::Continue(());
            }
            if objects.len() == limit {
                truncated = true;
                return ControlFlow::Break(());
            }
            objects.push(stored);
            ControlFlow::Continue(())
        })
        .await?;
        Ok(QueryAnswer { objects, truncated })
    }

    /// The occurrences in a window, by start, for pages. Tasks without a date have none.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn occurrences(
        &self,
        actor: &Actor,
        asked: OccurrencesIn,
    ) -> Result<Vec<Entry>, CalendarError> {
        let OccurrencesIn {
            calendars,
            window,
            limit,
            ..
        } = asked;
        let mut entries = Vec::new();
        for at in &calendars {
            let narrowed = Narrowed {
                window: Some(window),
                kind: None,
                zone: Some(asked.zone.clone()),
            };
            self.ask(actor, at, narrowed, |stored, object, zone| {
                let found = object.occurrences(window, zone, limit).list;
                let of_object = found.iter().map(|one| entry(at, &stored, object, one));
                entries.extend(of_object);
                ControlFlow::Continue(())
            })
            .await?;
        }
        entries.sort_by(|a, b| (a.start, a.end, &a.name).cmp(&(b.start, b.end, &b.name)));
        entries.truncate(limit);
        Ok(entries)
    }

    /// Opens every candidate and shows it to `visit`, until that breaks.
    async fn ask(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        narrowed: Narrowed,
        mut visit: impl FnMut(StoredObject, &CalendarObject, &TimeZone) -> ControlFlow<()> + Send,
    ) -> Result<(), CalendarError> {
        let mut candidates = self.candidates(actor, at, &narrowed).await?;
        let mut some = std::mem::take(&mut candidates.first);
        let mut rest = candidates.ids.get(some.len()..).unwrap_or_default();
        while !some.is_empty() {
            for sealed in some {
                let is_wanted = |kind: Kind| sealed.entry.component == kind.name();
                if !narrowed.kind.is_none_or(is_wanted) {
                    continue;
                }
                let stored = self.open_object(sealed).await?;
                let object = parsed(&stored.entry.name, &stored.body)?;
                if visit(stored, &object, &candidates.zone).is_break() {
                    return Ok(());
                }
            }
            // Opening and reading takes milliseconds; others may go first.
            tokio::task::yield_now().await;
            some = Vec::new();
            while some.is_empty() && !rest.is_empty() {
                let (batch, left) = rest.split_at(repo::BATCH.min(rest.len()));
                rest = left;
                let read = |at: Snapshot, ()| async move { repo::by_ids(&at, batch).await };
                some = self.store.read((), read).await?;
            }
        }
        Ok(())
    }

    /// One snapshot: may the actor ask, what is the zone, which objects may answer.
    async fn candidates(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        narrowed: &Narrowed,
    ) -> Result<Candidates, CalendarError> {
        self.store
            .read((), |snapshot, ()| async move {
                let row = calendars::find(&snapshot, at).await?;
                let row = row.ok_or(Refusal::NotFound)?;
                rules::grant(actor, &row, Privilege::Read)?;
                let own = zone_of(self, &snapshot, row.id).await?;
                let zone = narrowed.zone.clone().unwrap_or_else(|| own.clone());
                let mut ids = match narrowed.window {
                    None => repo::of_kind(&snapshot, row.id, narrowed.kind.map(Kind::name)).await?,
                    Some(window) => {
                        let asked = Asked {
                            within: Span::around(window),
                            in_other_zone: zone != own,
                        };
                        repo::in_time(&snapshot, row.id, &asked).await?
                    }
                };
                ids.sort_unstable();
                let batch = ids.get(..repo::BATCH).unwrap_or(&ids);
                let first = repo::by_ids(&snapshot, batch).await?;
                Ok(Candidates { zone, ids, first })
            })
            .await
    }
}

fn entry(
    at: &CalendarRef,
    stored: &StoredObject,
    object: &CalendarObject,
    one: &Occurrence,
) -> Entry {
    let component = object.component(one.component);
    let text = |name| component.and_then(|component| component.text(name));
    Entry {
        calendar: at.clone(),
        name: stored.entry.name.clone(),
        start: one.start,
        end: one.end,
        all_day: one.is_all_day,
        recurring: one.recurrence_id.is_some(),
        component: stored.entry.component.clone(),
        summary: text("SUMMARY").unwrap_or_default().into_owned(),
        location: text("LOCATION").map(Cow::into_owned),
    }
}
