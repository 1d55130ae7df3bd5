//! The two handles that closures get: [`Tx`] to change, [`Snapshot`] to read.

use std::ops::Deref;

use super::Conn;
use crate::base::{Id, Timestamp};

/// One transaction with one `now`. Everything done through it commits together or not at all.
#[derive(Clone)]
pub struct Tx {
    conn: Conn,
    now: Timestamp,
}

impl Tx {
    pub(super) fn new(conn: Conn, now: Timestamp) -> Self {
        Self { conn, now }
    }

    pub(super) fn into_conn(self) -> Conn {
        self.conn
    }

    /// The transaction's instant; the same for every row it writes.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// `now` as the store keeps it: microseconds UTC.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        self.now.as_microsecond()
    }

    /// A new identifier that sorts by `now`.
    #[must_use]
    pub fn new_id<T>(&self) -> Id<T> {
        Id::new(self.now)
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

/// One consistent state of the store, to read only.
#[derive(Clone)]
pub struct Snapshot {
    conn: Conn,
    now: Timestamp,
}

impl Snapshot {
    pub(super) fn new(conn: Conn, now: Timestamp) -> Self {
        Self { conn, now }
    }

    pub(super) fn into_conn(self) -> Conn {
        self.conn
    }

    /// The instant of the reading.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

impl Deref for Snapshot {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}
