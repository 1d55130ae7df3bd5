//! The program as an operator runs it.

use std::process::{Command, Output};
use std::sync::Arc;

use crate::support::{self, TestStore, on_postgres};

fn freehold(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_freehold"))
        .args(arguments)
        .output()
        .unwrap()
}

#[tokio::test]
async fn audit_verify_tells_a_whole_chain_from_a_touched_one() {
    let test = TestStore::new().await;
    if on_postgres() {
        return;
    }
    test.store
        .write((), |tx, _: Arc<()>| async move {
            support::record(&tx, "thing:1").await
        })
        .await
        .unwrap();
    let folder = test.folder.path().to_str().unwrap().to_owned();
    let beside = freehold(&["audit", "verify", "--data", &folder]);
    assert!(!beside.status.success());
    assert!(String::from_utf8_lossy(&beside.stderr).contains("in use by another Freehold process"));

    test.store.close().await;
    let kept = test.folder;
    drop((test.store, test.clock));
    let database = kept.path().join("freehold.db");
    drop(test.lock);
    let whole = freehold(&["audit", "verify", "--data", &folder]);
    assert!(whole.status.success(), "{whole:?}");
    assert!(String::from_utf8_lossy(&whole.stdout).contains("1 entries"));

    let file = rusqlite::Connection::open(database).unwrap();
    file.execute("UPDATE audit_entry SET actor = 'nobody'", [])
        .unwrap();
    drop(file);
    let broken = freehold(&["audit", "verify", "--data", &folder]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("broken at entry 1"));
}

#[test]
fn a_folder_without_a_database_is_not_made_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let misspelt = folder.path().join("dtaa");
    let refused = freehold(&["audit", "verify", "--data", misspelt.to_str().unwrap()]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("check --data"));
    assert!(!misspelt.exists());
}
