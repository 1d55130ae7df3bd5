//! The job queue: retried with a pause, given up visibly, claimed again after a lost lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use freehold::jobs::{self, NewJob, Worker};
use freehold::store::StoreError;

use crate::support::TestStore;

async fn enqueue(test: &TestStore, attempts_max: u32) {
    test.store
        .write(attempts_max, |tx, attempts: Arc<u32>| async move {
            let job = NewJob {
                kind: "test.work",
                payload: "p".to_owned(),
                run_at: tx.now(),
                attempts_max: *attempts,
            };
            jobs::enqueue(&tx, job).await
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_job_that_succeeds_runs_once_and_is_gone() {
    let test = TestStore::new().await;
    let runs = Arc::new(AtomicU32::new(0));
    let worker = Worker::new(test.store.clone()).on("test.work", {
        let runs = Arc::clone(&runs);
        move |payload| {
            runs.fetch_add(u32::from(payload == "p"), Ordering::SeqCst);
            async { Ok(()) }
        }
    });
    enqueue(&test, 3).await;
    assert!(worker.step().await.unwrap());
    assert!(!worker.step().await.unwrap());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(
        jobs::counts(&test.store).await.unwrap(),
        jobs::Counts::default()
    );
}

#[tokio::test]
async fn a_job_that_fails_waits_longer_each_time_and_is_given_up_visibly() {
    let test = TestStore::new().await;
    let worker = Worker::new(test.store.clone()).on("test.work", |_| async {
        Err("the other side is away".to_owned())
    });
    enqueue(&test, 2).await;
    assert!(worker.step().await.unwrap());
    assert!(!worker.step().await.unwrap(), "it waits");
    test.clock.advance(3);
    assert!(worker.step().await.unwrap());
    test.clock.advance(100_000);
    assert!(!worker.step().await.unwrap(), "it was given up");
    let given_up = jobs::given_up(&test.store).await.unwrap();
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].attempts, 2);
    assert_eq!(
        given_up[0].last_error.as_deref(),
        Some("the other side is away")
    );
}

#[tokio::test]
async fn repeating_work_is_enqueued_once() {
    let test = TestStore::new().await;
    for _time in 0..3 {
        test.store
            .write((), |tx, _: Arc<()>| async move {
                let job = NewJob {
                    kind: "test.daily",
                    payload: String::new(),
                    run_at: tx.now(),
                    attempts_max: 1,
                };
                jobs::ensure(&tx, job).await?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
    assert_eq!(jobs::counts(&test.store).await.unwrap().waiting, 1);
}
