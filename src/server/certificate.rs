//! The certificate of the service and its key: read from their files or from Key Vault, watched, and
//! served only while they are valid.
//!
//! A pair that fits together is served from the next handshake on, and connections that are open go
//! on. A pair that does not fit is not taken, and neither is nothing when the files or the vault are
//! away: what was read before stays. When nothing valid is there, every handshake is refused and open
//! connections are closed, until it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::connections::stopped;
use super::pair::{Files, FilesStamp, Pair};
use crate::audit::{self, Event};
use crate::azure::Azure;
use crate::base::{Clock, Timestamp, told};
use crate::config::{SecretRef, Tls};
use crate::crypto::sha256;
use crate::store::{Store, StoreError};
use crate::telemetry::Health;

/// How often the source is looked at. The names of files may be links that are swapped, so that
/// watching an inode would watch the wrong one; what was fetched from Key Vault is good for five
/// minutes, so that looking costs nothing before.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// From so many days before the end on, somebody should look.
const WARN_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// Certificate and key of the service. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    source: Source,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Whether a handshake would succeed.
    is_serving: watch::Sender<bool>,
}

struct State {
    pair: Option<Pair>,
    /// What is wrong with what is there now.
    trouble: Option<String>,
    stamp: Option<Stamp>,
    /// How often the very same could not be used.
    failures: u8,
    told: Health,
}

/// Where certificate and key come from.
enum Source {
    Files(Files),
    KeyVault { azure: Azure, secret: SecretRef },
}

/// What tells two states of a source apart.
#[derive(PartialEq, Eq)]
enum Stamp {
    Files(FilesStamp),
    /// The digest of the secret.
    Secret([u8; 32]),
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

impl Certificate {
    /// The pair that the settings name, read or fetched now; `None` when they name none. Whether it
    /// can be served, [`Certificate::health`] says.
    pub async fn of(tls: &Tls, azure: &Azure, clock: Arc<dyn Clock>) -> Option<Self> {
        let source = match (&tls.key_vault_certificate, &tls.certificate, &tls.key) {
            (Some(secret), _, _) => Source::KeyVault {
                azure: azure.clone(),
                secret: secret.clone(),
            },
            (None, Some(certificate), Some(key)) => Source::Files(Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            _ => return None,
        };
        let state = State {
            // What cannot be used at the first look is told at once.
            failures: 1,
            pair: None,
            trouble: None,
            stamp: None,
            told: Health::Ok,
        };
        let made = Self(Arc::new(Inner {
            source,
            clock,
            state: Mutex::new(state),
            is_serving: watch::Sender::new(false),
        }));
        made.read().await;
        made.current();
        Some(made)
    }

    /// Where it comes from, for a person.
    #[must_use]
    pub fn source(&self) -> String {
        self.0.source.to_string()
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

    /// Looks at the source again and again until `stop` turns true, and writes to the log what
    /// somebody should know: once when it changes, and once a day while an end is near or past.
    pub(super) async fn watch(self, mut stop: watch::Receiver<bool>) {
        loop {
            let looking = async {
                self.look().await;
                tokio::time::sleep(LOOK_EVERY).await;
            };
            tokio::select! {
                () = looking => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Takes what is at the source if it changed or could not be used, and tells what changed.
    /// Handshakes do not wait for the disk or the vault.
    pub async fn look(&self) {
        self.read().await;
        let mut state = self.0.state.lock();
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

    async fn read(&self) {
        if let Source::KeyVault { azure, secret } = &self.0.source {
            match azure.secret(secret).await {
                Ok(secret) => {
                    let stamp = Stamp::Secret(sha256(secret.bytes()));
                    self.0.settle(stamp, || Pair::of_secret(secret.bytes()));
                }
                Err(error) => self.0.state.lock().refuse(told(&error)),
            }
            return;
        }
        let reading = Arc::clone(&self.0);
        let read = move || {
            if let Source::Files(files) = &reading.source {
                reading.settle(Stamp::Files(files.stamp()), || files.read());
            }
        };
        // The folder may be a mount that does not answer.
        if let Err(error) = tokio::task::spawn_blocking(read).await {
            tracing::error!(%error, "looking at the certificate broke off");
        }
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
        f.debug_tuple("Certificate").field(&self.source()).finish()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => write!(f, "{}", files.certificate.display()),
            Self::KeyVault { secret, .. } => write!(f, "{secret}"),
        }
    }
}

impl Source {
    /// That what is there now is of no use.
    const fn unusable(&self) -> &'static str {
        match self {
            Self::Files(_) => "the files that are there now cannot be used",
            Self::KeyVault { .. } => "Key Vault gives no certificate that can be used",
        }
    }

    /// What somebody does about it.
    fn fix(&self) -> String {
        match self {
            Self::Files(Files { certificate, key }) => format!(
                "put the next certificate into {} and its key into {}; they are picked up without a \
                 restart",
                certificate.display(),
                key.display()
            ),
            Self::KeyVault { secret, .. } => {
                let shown = match secret {
                    SecretRef::KeyVault(address) => {
                        let item = address.item();
                        let (vault, name) = (item.vault_name(), &item.name);
                        format!("`az keyvault certificate show --vault-name {vault} --name {name}`")
                    }
                    SecretRef::File(_) | SecretRef::Env(_) => "the vault in the portal".to_owned(),
                };
                format!(
                    "see {shown}; a new version there is picked up within five minutes, without a \
                     restart"
                )
            }
        }
    }
}

impl Inner {
    /// Takes the pair that `read` reads, unless it is the one that was read last and could be used.
    fn settle(&self, stamp: Stamp, read: impl FnOnce() -> Result<Pair, String>) {
        {
            let mut state = self.state.lock();
            if state.stamp.as_ref() == Some(&stamp) {
                if state.failures == 0 {
                    return;
                }
            } else if state.stamp.replace(stamp).is_some() {
                state.failures = 0;
            }
        }
        let read = read();
        let mut state = self.state.lock();
        match read {
            Ok(pair) => state.take(pair),
            Err(why) => state.refuse(why),
        }
    }

    fn health(&self, state: &State) -> Health {
        let now = self.clock.now();
        let (file, fix) = (&self.source, self.source.fix());
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
                "{}: {why}; what was read before is served until {end}, {days} days left: {fix}",
                self.source.unusable()
            )),
            None if days < WARN_DAYS => {
                Health::Degraded(format!("{file} ends at {end}, {days} days left: {fix}"))
            }
            None => Health::Ok,
        }
    }
}

fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    (later.as_second() - earlier.as_second()) / DAY_SECONDS
}
