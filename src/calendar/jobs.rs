//! What time does to calendars: the listed occurrences of endless series run out, and removals are
//! remembered long enough.

use std::sync::Arc;

use jiff::SignedDuration;

use super::objects::{parsed, repo as objects, zone_of};
use super::time_index::{horizon, times};
use super::{Calendar, CalendarError, Calendars, StoredObject, repo};
use crate::base::{Id, Timestamp};
use crate::jobs::{self, NewJob, Worker};
use crate::store::{StoreError, Tx};

/// The kind of the job.
const TEND: &str = "calendar.tend";
/// How often it runs.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Teaches `worker` to tend the calendars, once a day.
#[must_use]
pub fn register(worker: Worker, calendars: Calendars) -> Worker {
    worker.on(TEND, move |_| {
        let calendars = calendars.clone();
        async move {
            let tended = calendars.tend().await;
            let next = calendars.store.write((), |tx, _: Arc<()>| async move {
                let job = tending(tx.now().checked_add(EVERY).unwrap_or(tx.now()));
                jobs::ensure_next(&tx, job).await
            });
            next.await.map_err(|error: StoreError| error.to_string())?;
            tended.map_err(|error| error.to_string())
        }
    })
}

fn tending(run_at: Timestamp) -> NewJob {
    NewJob {
        kind: TEND,
        payload: String::new(),
        run_at,
        attempts_max: 5,
    }
}

impl Calendars {
    /// Makes sure that the calendars are tended; once at every start.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn ensure_tending(&self) -> Result<(), StoreError> {
        let ensure = |tx: Tx, _: Arc<()>| async move { jobs::ensure(&tx, tending(tx.now())).await };
        self.store.write((), ensure).await
    }

    /// Lists the occurrences of endless series anew where the list runs out, and forgets removals
    /// that are old enough. Running it again does nothing.
    ///
    /// # Errors
    /// The store's. A body that does not open is logged and passed over.
    pub async fn tend(&self) -> Result<(), CalendarError> {
        let mut after = None;
        loop {
            let read = |at: crate::store::Snapshot, after| async move {
                repo::calendars_behind(&at, after).await
            };
            let some = self.store.read(after, read).await?;
            let Some(last) = some.last() else {
                return Ok(());
            };
            after = Some(*last);
            for id in some {
                self.tend_one(id).await?;
            }
        }
    }

    /// Asks first: most calendars need nothing, and a question locks nobody out.
    async fn tend_one(&self, id: Id<Calendar>) -> Result<(), CalendarError> {
        let kept = self.limits.tombstones_kept;
        let ahead = self.limits.horizon;
        let (forgotten, runs_out) = self
            .store
            .read((), |at, ()| async move {
                let before = at.now().checked_sub(kept).unwrap_or(at.now());
                let forgotten = repo::last_removal(&at, id, before).await?;
                let runs_out = objects::runs_out(&at, id, due(at.now(), ahead)).await?;
                Ok::<_, StoreError>((forgotten, runs_out))
            })
            .await?;
        if let Some(seq) = forgotten {
            let forget = |tx: Tx, upto: Arc<(Id<Calendar>, i64)>| async move {
                let (id, seq) = *upto;
                match repo::lock_by_id(&tx, id).await? {
                    Some(row) => repo::forget_removals(&tx, &row, seq).await,
                    None => Ok(()),
                }
            };
            self.store.write((id, seq), forget).await?;
        }
        if runs_out {
            self.list_further(id).await?;
        }
        Ok(())
    }

    async fn list_further(&self, id: Id<Calendar>) -> Result<(), CalendarError> {
        let mut after = None;
        loop {
            let input = (self.clone(), id, after);
            let next = self.store.write(input, |tx, input| async move {
                let (calendars, id, after) = &*input;
                list_some(calendars, &tx, *id, *after).await
            });
            match next.await? {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }
}

/// What is listed up to before this runs out: a twelfth of the horizon may, before it is worth the
/// work. Microseconds.
fn due(now: Timestamp, ahead: SignedDuration) -> i64 {
    let due = now.checked_add(ahead - ahead / 12).unwrap_or(now);
    due.as_microsecond()
}

/// Lists the occurrences of some objects anew; gives the last of them.
async fn list_some(
    of: &Calendars,
    tx: &Tx,
    id: Id<Calendar>,
    after: Option<Id<StoredObject>>,
) -> Result<Option<Id<StoredObject>>, CalendarError> {
    let ahead = of.limits.horizon;
    let Some(row) = repo::lock_by_id(tx, id).await? else {
        return Ok(None);
    };
    let some = objects::running_out_behind(tx, row.id, due(tx.now(), ahead), after).await?;
    let Some(last) = some.last().map(|sealed| sealed.id) else {
        return Ok(None);
    };
    let zone = zone_of(of, tx, row.id).await?;
    for sealed in some {
        let object = sealed.id;
        let read = of.open_object(sealed).await;
        match read.and_then(|stored| parsed(object, &stored.body)) {
            Ok(read) => {
                let times = times(&read, &zone, horizon(tx.now(), ahead));
                objects::reindex(tx, row.id, object, &times).await?;
            }
            Err(error) => tracing::error!(%error, "an object is passed over"),
        }
    }
    Ok(Some(last))
}
