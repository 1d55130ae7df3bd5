//! The store's promises, on both backends.

use std::sync::Arc;
use std::time::Duration;

use freehold::store::{FolderLock, SqliteOptions, Store, StoreError, Tx};
use freehold::{audit, jobs};

use crate::support::{TestStore, backend, on_postgres, record};

fn job(tx: &Tx, payload: &str) -> jobs::NewJob {
    jobs::NewJob {
        kind: "test.row",
        payload: payload.to_owned(),
        run_at: tx.now(),
        attempts_max: 1,
    }
}

async fn put(store: &Store, payload: String) -> Result<(), StoreError> {
    store
        .write(payload, |tx, payload: Arc<String>| async move {
            jobs::enqueue(&tx, job(&tx, &payload)).await
        })
        .await
}

async fn count(store: &Store) -> i64 {
    jobs::counts(store).await.unwrap().waiting
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read_ten_thousand_times() {
    let test = TestStore::new().await;
    for round in 1..=10_000_i64 {
        test.store
            .write(
                (),
                |tx, _: Arc<()>| async move { record(&tx, "nothing").await },
            )
            .await
            .unwrap();
        let seen = test
            .store
            .read((), |at, ()| async move {
                at.fixed_one("SELECT seq FROM audit_head", vec![], |row| row.i64(0))
                    .await
            })
            .await
            .unwrap();
        assert_eq!(seen, Some(round));
    }
}

#[tokio::test]
async fn a_refused_write_changes_nothing() {
    let test = TestStore::new().await;
    let refused: Result<(), StoreError> = test
        .store
        .write((), |tx, _: Arc<()>| async move {
            jobs::enqueue(&tx, job(&tx, "lost")).await?;
            Err(StoreError::Value("no".to_owned()))
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Value(_))));
    assert_eq!(count(&test.store).await, 0);
}

#[tokio::test]
async fn writers_that_share_a_commit_do_not_share_their_failures() {
    let test = TestStore::new().await;
    let mut tasks = Vec::new();
    for number in 0..200_u32 {
        let store = test.store.clone();
        tasks.push(tokio::spawn(async move {
            store
                .write(number, |tx, number: Arc<u32>| async move {
                    jobs::enqueue(&tx, job(&tx, &number.to_string())).await?;
                    if number.is_multiple_of(3) {
                        return Err(StoreError::Value("every third".to_owned()));
                    }
                    Ok(())
                })
                .await
        }));
    }
    let mut kept = 0;
    for task in tasks {
        kept += i64::from(task.await.unwrap().is_ok());
    }
    assert_eq!(kept, 133);
    assert_eq!(count(&test.store).await, kept);
}

#[tokio::test]
async fn a_panic_in_a_write_is_undone_and_the_next_write_works() {
    let test = TestStore::new().await;
    if on_postgres() {
        // There the closure runs on the caller's task, and so does its panic.
        return;
    }
    let broken: Result<(), StoreError> = test
        .store
        .write((), |tx, _: Arc<()>| async move {
            jobs::enqueue(&tx, job(&tx, "lost")).await?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(broken, Err(StoreError::Panicked)));
    put(&test.store, "kept".to_owned()).await.unwrap();
    assert_eq!(count(&test.store).await, 1);
}

#[tokio::test]
async fn a_write_that_waits_for_something_else_is_named_a_bug() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    let waiting: Result<(), StoreError> = test
        .store
        .write((), |_tx, _: Arc<()>| async move {
            tokio::task::yield_now().await;
            Ok(())
        })
        .await;
    assert!(matches!(waiting, Err(StoreError::Suspended)));
}

#[tokio::test]
async fn the_write_ahead_log_stays_bounded_while_others_read() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    let body = "x".repeat(4_000);
    let mut largest = 0;
    for _round in 0..60 {
        let mut tasks = Vec::new();
        for _writer in 0..100 {
            tasks.push(tokio::spawn({
                let (store, body) = (test.store.clone(), body.clone());
                async move { put(&store, body).await }
            }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
            test.store
                .read((), |at, ()| async move {
                    at.fixed("SELECT payload FROM job LIMIT 3", vec![], |row| row.text(0))
                        .await
                })
                .await
                .unwrap();
        }
        let log = std::fs::metadata(test.folder.path().join("freehold.db-wal"))
            .unwrap()
            .len();
        largest = largest.max(log);
    }
    // 24 MB were written; the log is sent home from 8 MiB on.
    assert!(largest < 16 << 20, "the log grew to {largest} bytes");
}

#[tokio::test]
async fn a_folder_has_one_owner_and_the_refusal_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = FolderLock::take(folder.path()).unwrap();
    let second = FolderLock::take(folder.path()).unwrap_err().to_string();
    assert!(
        second.contains(&format!("process {}", std::process::id())),
        "{second}"
    );
    assert!(second.contains("--data"), "{second}");
    drop(first);
    FolderLock::take(folder.path()).unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused_and_left_alone() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    test.store.close().await;
    let options = SqliteOptions::new(test.folder.path());
    let file = rusqlite::Connection::open(options.database()).unwrap();
    file.execute(
        "INSERT INTO schema_migration VALUES ('m20990101_000000_tomorrow', 0)",
        [],
    )
    .unwrap();
    let Err(refused) = Store::open_sqlite(options, test.clock.clone()).await else {
        panic!("it was opened")
    };
    assert!(
        refused.to_string().contains("m20990101_000000_tomorrow"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_full_disk_refuses_writes_keeps_data_and_recovers() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    put(&test.store, "kept".to_owned()).await.unwrap();
    // The page limit makes SQLite say "full" as a full disk would.
    let limit = |pages: i64| {
        let store = test.store.clone();
        async move {
            store
                .write(pages, |tx, pages: Arc<i64>| async move {
                    use sea_orm::ConnectionTrait as _;
                    tx.execute_unprepared(&format!("PRAGMA max_page_count = {pages}"))
                        .await?;
                    Ok::<_, StoreError>(())
                })
                .await
                .unwrap();
        }
    };
    limit(1).await;
    let refused = put(&test.store, "y".repeat(2_000_000)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert_eq!(test.store.condition(), freehold::store::Condition::Full);
    assert_eq!(count(&test.store).await, 1, "reads go on");
    limit(1_000_000).await;
    put(&test.store, "y".repeat(2_000_000)).await.unwrap();
    assert_eq!(test.store.condition(), freehold::store::Condition::Sound);
    assert_eq!(count(&test.store).await, 2);
}

#[tokio::test]
async fn damage_in_the_file_is_found_and_named() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    for number in 0..300 {
        put(&test.store, format!("{number}{}", "z".repeat(1_000)))
            .await
            .unwrap();
    }
    test.store.integrity().unwrap();
    test.store.close().await;
    let options = SqliteOptions::new(test.folder.path());
    let mut bytes = std::fs::read(options.database()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(options.database(), bytes).unwrap();
    let store = Store::open_sqlite(options, test.clock.clone())
        .await
        .unwrap();
    assert!(matches!(store.integrity(), Err(StoreError::Damaged(_))));
    assert_eq!(store.condition(), freehold::store::Condition::Damaged);
}

#[tokio::test]
async fn two_processes_on_one_database_keep_the_order_of_commits() {
    if !on_postgres() {
        return;
    }
    let options = crate::support::postgres_database();
    let clock = Arc::new(freehold::base::SystemClock);
    let (one, two) = tokio::join!(
        Store::open_postgres(&options, clock.clone()),
        Store::open_postgres(&options, clock.clone()),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    let mut tasks = Vec::new();
    for number in 0..80 {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            two.clone()
        };
        tasks.push(tokio::spawn(async move {
            store
                .write(
                    (),
                    |tx, _: Arc<()>| async move { record(&tx, "nothing").await },
                )
                .await
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_mins(1), task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = backend::keys(&two, folder.path()).await;
    let whole = audit::Audit::new(two, keys)
        .verify(None, |_| {})
        .await
        .unwrap();
    assert_eq!(whole, audit::Verdict::Whole { entries: 80 });
}
