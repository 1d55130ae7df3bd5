//! The certificate of the service and its key: read from their files, watched, and served only
//! while they are valid.
//!
//! A pair that fits together is served from the next handshake on, and connections that are open go
//! on. A pair that does not fit is not taken: what was read before stays. When nothing valid is
//! there, every handshake is refused and open connections are closed, until it is.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use super::connections::stopped;
use crate::audit::{self, Event};
use crate::base::{Clock, Timestamp};
use crate::config::Tls;
use crate::store::{Store, StoreError};
use crate::telemetry::Health;

/// How often the files are looked at. Their names may be links that are swapped, so that watching
/// an inode would watch the wrong one.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// From so many days before the end on, somebody should look.
const WARN_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// Certificate and key of the service. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    files: Files,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Whether a handshake would succeed.
    is_serving: watch::Sender<bool>,
}

struct State {
    pair: Option<Pair>,
    /// What is wrong with the files that are there now.
    trouble: Option<String>,
    stamp: Stamp,
    /// How often these very files could not be used.
    failures: u8,
    told: Health,
}

struct Pair {
    key: Arc<CertifiedKey>,
    /// The validity of the first certificate (RFC 5280 §4.1.2.5). Those behind it do not count: a
    /// root that has ended may be there on purpose, and clients choose their own path.
    not_before: Timestamp,
    not_after: Timestamp,
}

impl State {
    fn take(&mut self, pair: Pair) {
        let (from, to) = (pair.not_before, pair.not_after);
        tracing::info!(%from, %to, "another certificate was read");
        self.pair = Some(pair);
        self.trouble = None;
        self.failures = 0;
    }

    /// Two files are not replaced at once: it counts when it still is so at the next look.
    fn refuse(&mut self, why: String) {
        self.failures = self.failures.saturating_add(1).min(2);
        self.trouble = (self.failures > 1).then_some(why);
    }
}

impl Pair {
    fn is_valid(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

impl Certificate {
    /// The pair that the settings name, read now; `None` when they name none. Whether it can be
    /// served, [`Certificate::health`] says.
    #[must_use]
    pub fn of(tls: &Tls, clock: Arc<dyn Clock>) -> Option<Self> {
        let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else {
            return None;
        };
        let files = Files {
            certificate: certificate.clone(),
            key: key.clone(),
        };
        let stamp = files.stamp();
        let (pair, trouble) = match files.read() {
            Ok(pair) => (Some(pair), None),
            Err(why) => (None, Some(why)),
        };
        let state = State {
            failures: u8::from(trouble.is_some()) * 2,
            pair,
            trouble,
            stamp,
            told: Health::Ok,
        };
        let made = Self(Arc::new(Inner {
            files,
            clock,
            state: Mutex::new(state),
            is_serving: watch::Sender::new(false),
        }));
        made.current();
        Some(made)
    }

    /// How it is now: degraded in the last 30 days, or when the files on disk cannot be used while
    /// what was read before is still served; failed when nothing is served.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.health(&self.0.state.lock())
    }

    /// When the pair ends that was read last, and the whole days until then.
    #[must_use]
    pub fn ends(&self) -> Option<(Timestamp, i64)> {
        let state = self.0.state.lock();
        let end = state.pair.as_ref()?.not_after;
        Some((end, days_between(self.0.clock.now(), end)))
    }

    /// Looks at the files again and again until `stop` turns true, and writes to the log what
    /// somebody should know: once when it changes, and once a day while an end is near or past.
    pub(super) async fn watch(self, mut stop: watch::Receiver<bool>) {
        loop {
            let looking = self.clone();
            // The folder may be a mount that does not answer.
            if let Err(error) = tokio::task::spawn_blocking(move || looking.look()).await {
                tracing::error!(%error, "looking at the certificate broke off");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Reads the files if they changed or could not be used, and tells what changed. Handshakes do
    /// not wait for the disk.
    pub(super) fn look(&self) {
        let stamp = self.0.files.stamp();
        let must_read = {
            let mut state = self.0.state.lock();
            if stamp == state.stamp {
                state.failures > 0
            } else {
                state.stamp = stamp;
                state.failures = 0;
                true
            }
        };
        let read = must_read.then(|| self.0.files.read());
        let mut state = self.0.state.lock();
        match read {
            None => {}
            Some(Ok(pair)) => state.take(pair),
            Some(Err(why)) => state.refuse(why),
        }
        let health = self.0.health(&state);
        if health != state.told {
            match &health {
                Health::Ok => {}
                Health::Degraded(why) => tracing::warn!(%why, "the certificate needs somebody"),
                Health::Failed(why) => tracing::error!(%why, "nothing is served: no certificate"),
            }
            state.told = health;
        }
        drop(state);
        self.current();
    }

    /// Ends when nothing valid is there any more.
    pub(super) async fn ended(&self) {
        let mut is_serving = self.0.is_serving.subscribe();
        // The sender lives as long as this.
        let _over = is_serving.wait_for(|is_serving| !is_serving).await;
    }

    /// What a handshake now gets.
    fn current(&self) -> Option<Arc<CertifiedKey>> {
        let state = self.0.state.lock();
        let now = self.0.clock.now();
        let valid = state.pair.as_ref().filter(|pair| pair.is_valid(now));
        let key = valid.map(|pair| Arc::clone(&pair.key));
        self.0.is_serving.send_if_modified(|is_serving| {
            std::mem::replace(is_serving, key.is_some()) != key.is_some()
        });
        key
    }
}

/// Writes into the audit that somebody has to look after the certificate, if so. Tells whether.
///
/// # Errors
/// What the store refuses.
pub(super) async fn warn(store: &Store, certificate: &Certificate) -> Result<bool, StoreError> {
    let state = match certificate.health() {
        Health::Ok => return Ok(false),
        Health::Degraded(_) => "ends-soon-or-unusable",
        Health::Failed(_) => "not-served",
    };
    let (ends_at, days_left) = certificate.ends().unzip();
    let detail = json!({ "state": state, "ends_at": ends_at, "days_left": days_left });
    store
        .write(detail, |tx, detail: Arc<serde_json::Value>| async move {
            let event = Event {
                action: "server.certificate.warn",
                actor: "system".to_owned(),
                subject: "server:certificate".to_owned(),
                detail: detail.as_ref().clone(),
            };
            audit::record(&tx, event).await?;
            Ok(true)
        })
        .await
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.0.files.certificate;
        f.debug_tuple("Certificate").field(path).finish()
    }
}

impl Inner {
    fn health(&self, state: &State) -> Health {
        let now = self.clock.now();
        let Files { certificate, key } = &self.files;
        let (file, key) = (certificate.display(), key.display());
        let fix = format!(
            "put the next certificate into {file} and its key into {key}; they are picked up \
             without a restart"
        );
        let trouble = state.trouble.as_deref();
        let Some(pair) = &state.pair else {
            let why = trouble.unwrap_or("it was not read yet");
            return Health::Failed(format!("no TLS handshake succeeds: {why}: {fix}"));
        };
        let (begin, end) = (pair.not_before, pair.not_after);
        if now < begin {
            return Health::Failed(format!(
                "no TLS handshake succeeds: {file} is valid from {begin} on, and it is {now}: set \
                 the clock, or {fix}"
            ));
        }
        if now > end {
            let days = days_between(end, now);
            return Health::Failed(format!(
                "no TLS handshake succeeds: {file} ended at {end}, {days} days ago: {fix}"
            ));
        }
        let days = days_between(now, end);
        match trouble {
            Some(why) => Health::Degraded(format!(
                "the files that are there now cannot be used: {why}; what was read before is \
                 served until {end}, {days} days left: {fix}"
            )),
            None if days < WARN_DAYS => {
                Health::Degraded(format!("{file} ends at {end}, {days} days left: {fix}"))
            }
            None => Health::Ok,
        }
    }
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What tells two states of both files apart without reading them.
type Stamp = [Option<FileStamp>; 2];

#[derive(Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some(FileStamp {
                device: found.dev(),
                inode: found.ino(),
                size: found.size(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })
        })
    }

    fn read(&self) -> Result<Pair, String> {
        let Self { certificate, key } = self;
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| bad(certificate, &error))?;
        let Some(first) = chain.first() else {
            return Err(bad(certificate, &"there is no certificate in it"));
        };
        let first =
            x509_cert::Certificate::from_der(first).map_err(|error| bad(certificate, &error))?;
        let validity = first.tbs_certificate().validity();
        let (not_before, not_after) = (at(validity.not_before), at(validity.not_after));
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
        let pair = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider())
            .map_err(|error| bad(key, &format!("with {}: {error}", certificate.display())))?;
        Ok(Pair {
            key: Arc::new(pair),
            not_before,
            not_after,
        })
    }
}

fn bad(path: &Path, why: &dyn fmt::Display) -> String {
    let path = path.display();
    format!("{path}: {why} (server.tls.certificate, server.tls.key)")
}

fn at(time: Time) -> Timestamp {
    let second = i64::try_from(time.to_unix_duration().as_secs());
    // The date that stands for "never ends" (RFC 5280 §4.1.2.5) is a day after the last Timestamp.
    Timestamp::from_second(second.unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX)
}

fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    (later.as_second() - earlier.as_second()) / DAY_SECONDS
}
