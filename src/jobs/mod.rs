//! Jobs: durable work that follows a change.
//!
//! A use case enqueues a job in its own transaction; a worker claims it under a lease, runs its
//! handler, and records how it ended. A job whose lease ran out (the process died) is claimed
//! again, so **handlers are idempotent**. A job that fails is tried again after a growing pause and
//! given up after its last attempt; what was given up stays visible.
//!
//! **Absent on purpose.** Knowledge of any kind of job: rooms bring their handlers.

mod model;
mod repo;
#[cfg(test)]
mod tests;
mod worker;

pub use model::{Counts, Job, NewJob};
pub use worker::{Handler, Worker};

use crate::store::{Store, StoreError, Tx};

/// Enqueues a job in the caller's transaction.
///
/// # Errors
/// What the store refuses.
pub async fn enqueue(tx: &Tx, job: NewJob) -> Result<(), StoreError> {
    repo::insert(tx, job).await
}

/// Makes sure that a waiting or running job of this kind exists; for work that repeats itself.
///
/// # Errors
/// What the store refuses.
pub async fn ensure(tx: &Tx, job: NewJob) -> Result<(), StoreError> {
    if repo::is_pending(tx, job.kind).await? {
        return Ok(());
    }
    repo::insert(tx, job).await
}

/// Makes sure that a waiting job of this kind exists; for the handler of work that repeats itself,
/// whose own job is running.
///
/// # Errors
/// What the store refuses.
pub async fn ensure_next(tx: &Tx, job: NewJob) -> Result<(), StoreError> {
    if repo::is_waiting(tx, job.kind).await? {
        return Ok(());
    }
    repo::insert(tx, job).await
}

/// How many jobs wait, run and were given up.
///
/// # Errors
/// What the store refuses.
pub async fn counts(store: &Store) -> Result<Counts, StoreError> {
    store
        .read((), |at, ()| async move { repo::counts(&at).await })
        .await
}

/// How long the oldest job has been due that nobody has begun, in seconds; 0 when none is.
///
/// # Errors
/// What the store refuses.
pub async fn overdue_secs(store: &Store) -> Result<f64, StoreError> {
    store
        .read((), |at, ()| async move {
            let now = at.now().as_microsecond();
            let since = repo::due_since(&at, now).await?;
            let micros = since.map_or(0, |since| now.saturating_sub(since));
            let micros = u64::try_from(micros).unwrap_or(0);
            Ok(std::time::Duration::from_micros(micros).as_secs_f64())
        })
        .await
}

/// The jobs that were given up, newest first, 100 at most.
///
/// # Errors
/// What the store refuses.
pub async fn given_up(store: &Store) -> Result<Vec<Job>, StoreError> {
    store
        .read((), |at, ()| async move { repo::given_up(&at).await })
        .await
}
