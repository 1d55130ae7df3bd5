//! What can be tested of the store without a database, and the migrator with fewer steps than all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use super::folder::unsuitable;
use super::migrate::run_steps;
use super::migrations::{ALL, Migration};
use super::sqlite::Lite;
use super::{Backend, SqliteOptions, Store, StoreError};
use crate::base::ManualClock;

#[test]
fn network_and_fuse_file_systems_are_refused_by_name() {
    assert_eq!(unsuitable(0x6969), Some("an NFS share"));
    assert_eq!(
        unsuitable(0xff53_4d42_u32.into()),
        Some("an SMB share (cifs)")
    );
    // The kernel may sign-extend the type.
    assert_eq!(
        unsuitable(i64::from(0xfe53_4d42_u32.cast_signed())),
        Some("an SMB share")
    );
    assert_eq!(unsuitable(0x6573_5546), Some("a FUSE file system"));
    assert_eq!(unsuitable(0xef53), None, "ext4");
    assert_eq!(unsuitable(0x0102_1994), None, "tmpfs");
}

/// The store of a program that knows only the first steps.
async fn open_knowing(folder: &Path, steps: &'static [Migration]) -> Result<Store, StoreError> {
    let clock = ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap());
    let lite = Lite::open(SqliteOptions::new(folder))?;
    let store = Store::over(Backend::Lite(lite), Arc::new(clock));
    run_steps(&store, steps).await?;
    Ok(store)
}

async fn put_type(store: &Store, name: &'static str) {
    let written = store.write(name, |tx, name: Arc<&'static str>| async move {
        let id = tx.new_id::<()>().to_string().into_bytes();
        let sql = "INSERT INTO item_type (id, name, kind, unit, version, created_at) \
                   VALUES ($1, $2, 'asset', 'piece', 1, 0)";
        tx.fixed_execute(sql, vec![id.into(), (*name).into()]).await
    });
    assert_eq!(written.await.unwrap(), 1);
}

async fn types(store: &Store) -> Vec<String> {
    let all = store.read((), |at, ()| async move {
        let sql = "SELECT name FROM item_type ORDER BY name";
        at.fixed(sql, vec![], |row| row.text(0)).await
    });
    all.await.unwrap()
}

fn copies(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("before-"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_migration_copies_the_database_first_and_the_copy_is_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (old_steps, last) = (&ALL[..ALL.len() - 1], &ALL[ALL.len() - 1]);
    let copy = format!("before-{}.db", last.name);

    let old = open_knowing(folder.path(), old_steps).await.unwrap();
    put_type(&old, "laptop").await;
    assert_eq!(
        copies(folder.path()),
        [""; 0],
        "an empty database is not copied"
    );
    old.close().await;
    drop(old);

    let new = open_knowing(folder.path(), ALL).await.unwrap();
    assert_eq!(copies(folder.path()), [copy.as_str()]);
    put_type(&new, "written since").await;
    new.close().await;
    drop(new);

    let again = open_knowing(folder.path(), ALL).await.unwrap();
    again.close().await;
    drop(again);
    assert_eq!(
        copies(folder.path()),
        [copy.as_str()],
        "nothing to migrate, nothing to copy"
    );

    // The old program says which file is the way back, and it is.
    let refused = open_knowing(folder.path(), old_steps).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains(&copy), "{said}");
    let database = SqliteOptions::new(folder.path()).database();
    std::fs::copy(folder.path().join(&copy), &database).unwrap();
    for log in ["freehold.db-wal", "freehold.db-shm"] {
        assert!(said.contains(log), "{said}");
        let _not_there = std::fs::remove_file(folder.path().join(log));
    }
    let back = open_knowing(folder.path(), old_steps).await.unwrap();
    back.integrity().unwrap();
    assert_eq!(types(&back).await, ["laptop"]);
    put_type(&back, "phone").await;
    back.close().await;
    drop(back);

    // Trying the new version once more takes a new copy, of what is there now.
    let once_more = open_knowing(folder.path(), ALL).await.unwrap();
    assert_eq!(types(&once_more).await, ["laptop", "phone"]);
    once_more.close().await;
    let kept = rusqlite::Connection::open(folder.path().join(&copy)).unwrap();
    let count = |sql| kept.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM item_type"), 2);
    assert_eq!(
        usize::try_from(count("SELECT count(*) FROM schema_migration")).unwrap(),
        old_steps.len()
    );
}
