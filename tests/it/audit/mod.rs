//! The audit: its chain, what is sealed beside it, its signed heads, and who reads it.

mod chain;
mod command;
mod reading;
mod sealed;
mod signed;

use std::sync::Arc;

use freehold::audit::{self, Audit, Event, Part, PartKind, SignedHead, Verdict};
use freehold::base::{Clock as _, Id};
use freehold::crypto::Owner;
use freehold::identity::Principal;
use freehold::store::key_ring::KeyRing;
use freehold::store::{StoreError, Tx};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::support::TestStore;

/// A store with its keys and its audit.
struct Records {
    test: TestStore,
    keys: KeyRing,
    audit: Audit,
}

impl Records {
    async fn new() -> Self {
        let test = TestStore::new().await;
        let keys = test.keys.clone();
        let audit = test.audit();
        Self { test, keys, audit }
    }

    /// Somebody with a key.
    async fn person(&self) -> Owner {
        let person = Owner::principal(Id::<Principal>::new(self.test.clock.now()));
        self.keys.ensure(person).await.unwrap();
        person
    }

    /// One entry, with what is sealed beside it.
    async fn record(&self, subject: &str, sealed: &[(Owner, PartKind, Value)]) {
        let mut parts = Vec::new();
        for (owner, kind, content) in sealed {
            let now = self.test.clock.now();
            let part = Part::seal(&self.keys, (*owner, *kind), content, now).await;
            parts.push(part.unwrap());
        }
        let input = (subject.to_owned(), parts);
        let written = self.test.store.write(
            input,
            |tx: Tx, input: Arc<(String, Vec<Part>)>| async move {
                let event = Event {
                    action: "test.thing.done",
                    actor: "operator".to_owned(),
                    subject: input.0.clone(),
                    detail: json!({ "test": true }),
                };
                audit::record_with(&tx, event, &input.1).await
            },
        );
        written.await.unwrap();
    }

    async fn plain(&self, count: usize) {
        for number in 0..count {
            self.record(&format!("thing:{number}"), &[]).await;
        }
    }

    async fn sabotage(&self, sql: &'static str) {
        let done = self
            .test
            .store
            .write(sql, |tx: Tx, sql: Arc<&'static str>| async move {
                tx.execute_unprepared(&sql).await?;
                Ok::<_, StoreError>(())
            });
        done.await.unwrap();
    }

    async fn verify(&self, kept: Option<&SignedHead>) -> Verdict {
        self.audit.verify(kept, |_| {}).await.unwrap()
    }

    /// Where the chain is broken.
    async fn broken(&self) -> (i64, String) {
        match self.verify(None).await {
            Verdict::Broken { seq, why } => (seq, why),
            Verdict::Whole { .. } => panic!("nobody noticed"),
        }
    }
}

const fn whole(entries: i64) -> Verdict {
    Verdict::Whole { entries }
}
