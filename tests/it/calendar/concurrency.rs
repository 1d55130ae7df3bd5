//! Many at once: no change is missed, with two processes on PostgreSQL too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use freehold::base::{ETag, ManualClock, Precondition};
use freehold::calendar::{
    CalendarLimits, Calendars, ChangesSince, ObjectName, ObjectRef, PutObject, SyncToken,
};
use freehold::identity::{Actor, Scope};
use freehold::store::Store;

use super::{House, meeting, new, person, work};
use crate::support::{backend, on_postgres, postgres_database};

const WRITERS: usize = 8;
const READERS: usize = 4;
const CHANGES: usize = 60;

struct Process {
    calendars: Calendars,
    alice: Actor,
}

/// Two processes on one database; on SQLite, which one process owns, two handles.
async fn two_processes(house: &House) -> [Process; 2] {
    if !on_postgres() {
        let process = || Process {
            calendars: house.calendars.clone(),
            alice: house.alice.clone(),
        };
        return [process(), process()];
    }
    let options = postgres_database();
    let mut made = Vec::new();
    for _process in 0..2 {
        let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
        let store = Store::open_postgres(&options, clock).await.unwrap();
        let keys = backend::keys(&store, house.test.folder.path()).await;
        let alice = person(&store, &keys, "alice", Scope::Caldav).await;
        let calendars = Calendars::new(store, keys, CalendarLimits::default());
        calendars
            .ensure_calendar(&alice, new("work"))
            .await
            .unwrap();
        made.push(Process { calendars, alice });
    }
    made.try_into().unwrap_or_else(|_| panic!("two"))
}

/// Puts, changes and deletes three objects of its own over and over.
async fn write(process: Arc<[Process; 2]>, writer: usize) {
    let Process { calendars, alice } = &process[writer % 2];
    for change in 0..CHANGES {
        let name = format!("{writer}-{}", change % 3);
        let at = ObjectRef {
            calendar: work(),
            name: name.parse().unwrap(),
        };
        if change % 7 == 6 {
            let deleted = calendars.delete_object(alice, &at, Precondition::None);
            deleted.await.unwrap();
            continue;
        }
        let put = PutObject {
            at: at.clone(),
            body: meeting(&name, &change.to_string()).into_bytes(),
            precondition: Precondition::None,
        };
        let stored = calendars.put_object(alice, put).await.unwrap();
        let read = calendars.object(alice, &at).await.unwrap();
        assert_eq!(read.entry.etag, stored.etag, "it reads what it wrote");
    }
}

type Members = BTreeMap<ObjectName, ETag>;

/// Synchronises until the writers are done, and once more.
async fn sync(process: Arc<[Process; 2]>, reader: usize, writing: Arc<AtomicUsize>) -> Members {
    let Process { calendars, alice } = &process[reader % 2];
    let mut members = Members::new();
    let mut since: Option<SyncToken> = None;
    loop {
        let last = writing.load(Ordering::SeqCst) == 0;
        let limit = (reader.is_multiple_of(2)).then_some(5);
        let asked = ChangesSince {
            at: work(),
            since,
            limit,
        };
        let changes = calendars.changes(alice, asked).await.unwrap();
        for entry in changes.changed {
            members.insert(entry.name, entry.etag);
        }
        for name in changes.removed {
            members.remove(&name);
        }
        since = Some(changes.token);
        if last && !changes.truncated {
            return members;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_and_four_who_synchronise_and_no_change_is_missed() {
    let house = House::new().await;
    let processes = Arc::new(two_processes(&house).await);
    let writing = Arc::new(AtomicUsize::new(WRITERS));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (processes, writing) = (Arc::clone(&processes), Arc::clone(&writing));
            tokio::spawn(async move {
                write(processes, writer).await;
                writing.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    let readers: Vec<_> = (0..READERS)
        .map(|reader| {
            let (processes, writing) = (Arc::clone(&processes), Arc::clone(&writing));
            tokio::spawn(sync(processes, reader, writing))
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let Process { calendars, alice } = &processes[0];
    let list = calendars.list(alice, &work()).await.unwrap();
    let right: Members = list
        .into_iter()
        .map(|entry| (entry.name, entry.etag))
        .collect();
    assert!(right.len() > WRITERS);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), right);
    }
}
