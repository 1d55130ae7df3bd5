//! What every test starts from: a store of its own on the backend under test.

pub(crate) mod app;
pub(crate) mod azure;
pub(crate) mod azurite;
pub(crate) mod backend;
pub(crate) mod browser;
pub(crate) mod dav;
pub(crate) mod generated;
pub(crate) mod hostile;
pub(crate) mod served;

use std::sync::Arc;

use freehold::audit::{self, Audit, Event};
use freehold::base::ManualClock;
use freehold::store::key_ring::KeyRing;
use freehold::store::{FolderLock, Store, StoreError, Tx};

pub(crate) use backend::{on_postgres, postgres_database};

/// A port of this machine that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A store in a folder or database of its own, with a clock that stands still.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) lock: Option<FolderLock>,
}

impl TestStore {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
        let lock = (!on_postgres()).then(|| FolderLock::take(folder.path()).unwrap());
        let store = backend::open(folder.path(), clock.clone()).await;
        let keys = backend::keys(&store, folder.path()).await;
        Self {
            store,
            keys,
            clock,
            folder,
            lock,
        }
    }

    pub(crate) fn audit(&self) -> Audit {
        Audit::new(self.store.clone(), self.keys.clone())
    }
}

/// Appends one entry about `subject` to the audit, as a use case would.
pub(crate) async fn record(tx: &Tx, subject: &str) -> Result<(), StoreError> {
    let event = Event {
        action: "test.thing.done",
        actor: "operator".to_owned(),
        subject: subject.to_owned(),
        detail: serde_json::json!({ "test": true }),
    };
    audit::record(tx, event).await
}
