//! Every metric: its name, what it counts, in which unit, and by what it is told apart.
//!
//! The table is the only place where a metric is named: instruments are made from it,
//! `docs/metrics.md` is written from it, and alerts may use what is in it and nothing else. Names and
//! labels of HTTP are those of OpenTelemetry's semantic conventions. A label has few values, all of
//! them words of ours or numbers: never a name, an address, a title or a path.

/// How values add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// What is so now; looked up when somebody asks.
    Gauge,
    /// How values are spread, by buckets, with their number and sum.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// How its values add up.
    pub kind: Kind,
    /// What is counted, in UCUM: `s`, `By`, `d`, or a word in braces.
    pub unit: &'static str,
    /// What it says, for an operator.
    pub help: &'static str,
    /// The labels that tell its series apart.
    pub labels: &'static [&'static str],
}

impl Metric {
    /// Its name in Prometheus, without the `_bucket`, `_count` and `_sum` of a histogram:
    /// `http_server_request_duration_seconds`, `freehold_egress_refused_total`.
    ///
    /// ```
    /// use freehold::telemetry::metrics;
    ///
    /// assert_eq!(metrics::DISK_FREE.prometheus(), "freehold_disk_free_bytes");
    /// assert_eq!(metrics::WRITE_WAIT.prometheus(), "freehold_store_write_wait_seconds_total");
    /// ```
    #[must_use]
    pub fn prometheus(&self) -> String {
        let unit = match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            "d" => "_days",
            _ => "",
        };
        let total = match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge | Kind::Histogram => "",
        };
        format!("{}{unit}{total}", self.name.replace('.', "_"))
    }
}

macro_rules! metrics {
    ($( $(#[doc = $help:literal])+ $id:ident = $name:literal, $kind:ident, $unit:literal, [$($label:literal),*]; )+) => {
        $(
            $(#[doc = $help])+
            pub const $id: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                help: concat!($($help),+),
                labels: &[$($label),*],
            };
        )+

        /// All of them, in the order of the documentation.
        pub const ALL: &[Metric] = &[$($id),+];
    };
}

metrics! {
    /// Requests: how many, and how long until the answer began. The route is a form of address,
    /// `/dav/calendars/{handle}/{calendar}/{object}`, never the path; a method that is none of ours is
    /// `_OTHER`. Health and metrics are not among them.
    REQUEST_DURATION = "http.server.request.duration", Histogram, "s",
        ["http.request.method", "http.route", "http.response.status_code", "url.scheme"];
    /// How many objects one answer to `sync-collection` named, changed and removed.
    SYNC_CHANGES = "freehold.sync.changes", Histogram, "{object}", [];
    /// 1 while the service can do its work (what `/readyz` says), 0 while it cannot. Every reading is
    /// a probe: database, keys, disk and certificate are looked at.
    READY = "freehold.ready", Gauge, "", [];
    /// Writes that were asked of the database.
    WRITES = "freehold.store.writes", Counter, "{write}", [];
    /// How long all these writes together waited before they began: with SQLite for the writer, with
    /// PostgreSQL for a connection.
    WRITE_WAIT = "freehold.store.write.wait", Counter, "s", [];
    /// Writes that wait now.
    WRITES_WAITING = "freehold.store.writes.waiting", Gauge, "{write}", [];
    /// Writes that ran again because of another's lock or a broken group.
    WRITES_REPEATED = "freehold.store.writes.repeated", Counter, "{write}", [];
    /// Jobs that wait for their time or a worker.
    JOBS_WAITING = "freehold.jobs.waiting", Gauge, "{job}", [];
    /// Jobs that were given up after their last attempt.
    JOBS_GIVEN_UP = "freehold.jobs.given_up", Gauge, "{job}", [];
    /// How long the oldest job has been due and not done; 0 when none is.
    JOBS_AGE = "freehold.jobs.age", Gauge, "s", [];
    /// Days until the certificate that is served ends; absent where TLS ends elsewhere.
    CERTIFICATE_LEFT = "freehold.certificate.left", Gauge, "d", [];
    /// How old the last complete backup is; absent until there is one.
    BACKUP_AGE = "freehold.backup.age", Gauge, "s", [];
    /// What is free on the disk of the data folder; absent with PostgreSQL.
    DISK_FREE = "freehold.disk.free", Gauge, "By", [];
    /// How large the disk of the data folder is; absent with PostgreSQL.
    DISK_SIZE = "freehold.disk.size", Gauge, "By", [];
    /// Credentials and sign-ins that were refused: at which door, and why.
    CREDENTIALS_REFUSED = "freehold.credentials.refused", Counter, "{refusal}", ["door", "reason"];
    /// Requests that were refused because there were too many: with one token, from one network, by
    /// one process, or sign-ins that one network began.
    RATE_REFUSED = "freehold.rate.refused", Counter, "{request}", ["limit"];
    /// Answers of Key Vault, each attempt of its own; 429 is throttling.
    KEY_VAULT_ANSWERS = "freehold.key_vault.answers", Counter, "{answer}",
        ["http.response.status_code"];
    /// Requests to hosts that the configuration does not open; none was sent.
    EGRESS_REFUSED = "freehold.egress.refused", Counter, "{request}", [];
    /// Spans and log records that were not delivered: because the queue was full, or because the
    /// collector did not take them.
    TELEMETRY_DROPPED = "freehold.telemetry.dropped", Counter, "{record}", ["signal", "reason"];
    /// Always 1; the version of the program is its label.
    BUILD = "freehold.build.info", Gauge, "", ["version"];
}

/// The metric of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name)
}
