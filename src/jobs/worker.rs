//! The worker: claims jobs and runs their handlers until it is told to stop.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Job, repo};
use crate::store::{Store, StoreError};

/// How long a worker may keep a job before another takes it for lost.
const LEASE_SECS: i64 = 300;
/// How often the queue is asked when it was empty.
const IDLE: Duration = Duration::from_secs(2);

type Outcome = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Runs one kind of job; the argument is the payload. What it returns as error is kept with the
/// job, so it names ids, never contents.
pub type Handler = Arc<dyn Fn(String) -> Outcome + Send + Sync>;

/// Claims and runs jobs.
#[derive(Clone)]
pub struct Worker {
    store: Store,
    handlers: HashMap<&'static str, Handler>,
}

impl Worker {
    /// A worker that knows no kind of job yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            handlers: HashMap::new(),
        }
    }

    /// Teaches it a kind.
    #[must_use]
    pub fn on<F, Fut>(mut self, kind: &'static str, run: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.handlers
            .insert(kind, Arc::new(move |payload| Box::pin(run(payload))));
        self
    }

    /// Works until `stop` turns true; a running job is finished first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.step().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the job queue cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Runs the next job that is due; tells whether there was one.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let claimed = self
            .store
            .write((), |tx, _: Arc<()>| async move {
                repo::claim(&tx, LEASE_SECS).await
            })
            .await?;
        let Some(job) = claimed else { return Ok(false) };
        let result = match self.handlers.get(job.kind.as_str()) {
            Some(handler) => handler(job.payload.clone()).await,
            None => Err(format!("this version has no handler for {}", job.kind)),
        };
        if let Err(why) = &result {
            let (kind, attempts, of) = (&job.kind, job.attempts, job.attempts_max);
            tracing::warn!(%kind, attempts, of, %why, "a job failed");
        }
        self.store
            .write(
                (job, result),
                |tx, done: Arc<(Job, Result<(), String>)>| async move {
                    repo::finish(&tx, &done.0, &done.1).await
                },
            )
            .await?;
        Ok(true)
    }
}
