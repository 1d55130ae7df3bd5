//! The audit chain: whole when untouched, broken where somebody touched it.

use std::sync::Arc;

use freehold::audit::Verdict;
use freehold::store::{Store, StoreError, Tx};
use sea_orm::ConnectionTrait as _;

use crate::support::{self, TestStore};

async fn record(store: &Store, count: usize) {
    store
        .write(count, |tx: Tx, count: Arc<usize>| async move {
            for number in 0..*count {
                support::record(&tx, &format!("thing:{number}")).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn sabotage(store: &Store, sql: &'static str) {
    store
        .write(sql, |tx: Tx, sql: Arc<&'static str>| async move {
            tx.execute_unprepared(&sql).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn broken_after(sql: &'static str) -> i64 {
    let test = TestStore::new().await;
    record(&test.store, 5).await;
    sabotage(&test.store, sql).await;
    match test.audit().verify(None, |_| {}).await.unwrap() {
        Verdict::Broken { seq, .. } => seq,
        Verdict::Whole { .. } => panic!("nobody noticed: {sql}"),
    }
}

#[tokio::test]
async fn an_untouched_chain_is_whole_over_several_pages() {
    let test = TestStore::new().await;
    record(&test.store, 2_300).await;
    let verdict = test.audit().verify(None, |_| {}).await.unwrap();
    assert_eq!(verdict, Verdict::Whole { entries: 2_300 });
}

#[tokio::test]
async fn a_changed_letter_breaks_the_chain_where_it_stands() {
    let sql = "UPDATE audit_entry SET subject = 'thing:9' WHERE seq = 3";
    assert_eq!(broken_after(sql).await, 3);
}

#[tokio::test]
async fn a_removed_entry_breaks_the_chain() {
    assert_eq!(
        broken_after("DELETE FROM audit_entry WHERE seq = 2").await,
        2
    );
}

#[tokio::test]
async fn a_cut_end_breaks_the_chain() {
    assert_eq!(
        broken_after("DELETE FROM audit_entry WHERE seq = 5").await,
        5
    );
}

#[tokio::test]
async fn a_refused_use_case_leaves_no_entry() {
    let test = TestStore::new().await;
    record(&test.store, 1).await;
    let refused: Result<(), StoreError> = test
        .store
        .write((), |tx, _: Arc<()>| async move {
            support::record(&tx, "thing:1").await?;
            Err(StoreError::Value("changed its mind".to_owned()))
        })
        .await;
    refused.unwrap_err();
    let verdict = test.audit().verify(None, |_| {}).await.unwrap();
    assert_eq!(verdict, Verdict::Whole { entries: 1 });
}
