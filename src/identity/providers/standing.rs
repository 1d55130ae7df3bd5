//! Whether a person may still be signed in: a provider that gave a refresh token is asked with it
//! again (OpenID Connect Core 1.0 §12), at the first request of a session after some time.
//!
//! Few providers tell anybody when an account is turned off, and none of the logout standards has a
//! word for it; but a refresh is refused then. The token is in the memory of the process where the
//! person signed in and nowhere else. It goes with the session, or half an hour (the idle limit)
//! after its last request; a new one replaces it. A provider that does not answer ends nothing: the
//! session has its own limits.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use super::Providers;
use super::renew::{NotRenewed, renew};
use super::verify::{Named, Refresh};
use crate::base::Timestamp;
use crate::crypto::token;
use crate::identity::sessions::{self, Started};
use crate::identity::{Actor, IdentityError};

/// How long a request waits for the provider. An answer that comes later counts at the next one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The digest of a session's secret.
type Digest = [u8; 32];

/// What is held of one session.
struct Held {
    provider: String,
    of: Named,
    /// Absent while the provider is being asked with it: a second request does not use it too.
    refresh: Option<Refresh>,
    /// When the provider was last asked, in seconds.
    asked_at: i64,
    /// When the session was last seen here, in seconds.
    seen_at: i64,
}

/// The sessions whose provider can be asked.
#[derive(Default)]
pub(super) struct Standing(Mutex<HashMap<Digest, Held>>);

/// How often a provider is asked, and how long a session lasts that nobody uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pub(super) every_secs: i64,
    pub(super) idle_secs: i64,
}

impl Standing {
    fn hold(&self, digest: Digest, held: Held, rhythm: Rhythm) {
        let mut all = self.0.lock();
        let now = held.seen_at;
        all.retain(|_, one| now.saturating_sub(one.seen_at) < rhythm.idle_secs);
        all.insert(digest, held);
    }

    pub(super) fn forget(&self, presented: &str) {
        self.0.lock().remove(&token::digest(presented));
    }

    /// Notes that a session was seen; gives what to ask its provider with, if that is due.
    fn due(&self, digest: &Digest, rhythm: Rhythm, now: i64) -> Option<(String, Named, Refresh)> {
        let mut all = self.0.lock();
        let held = all.get_mut(digest)?;
        held.seen_at = now;
        if now.saturating_sub(held.asked_at) < rhythm.every_secs {
            return None;
        }
        let refresh = held.refresh.take()?;
        held.asked_at = now;
        Some((held.provider.clone(), held.of.clone(), refresh))
    }

    /// Keeps what to ask with next time, unless the session is over by now.
    fn put_back(&self, digest: &Digest, refresh: Refresh) {
        if let Some(held) = self.0.lock().get_mut(digest) {
            held.refresh = Some(refresh);
        }
    }
}

impl Providers {
    /// Who comes with the secret of this session, if it goes on here and, as far as it can be
    /// asked, at the provider that it came from.
    ///
    /// # Errors
    /// [`IdentityError::Unauthenticated`], alike for every reason.
    pub async fn resume(&self, presented: &str) -> Result<Actor, IdentityError> {
        let resumed = sessions::resume(&self.0.identity, presented).await;
        if let Err(IdentityError::Unauthenticated) = resumed {
            self.0.standing.forget(presented);
        }
        let actor = resumed?;
        let (digest, now) = (token::digest(presented), self.now());
        let due = self.0.standing.due(&digest, self.0.rhythm, now.as_second());
        let Some((provider, of, refresh)) = due else {
            return Ok(actor);
        };
        let asking = self.clone();
        // A task of its own, so that a browser that gives up does not lose the provider's answer.
        let asked =
            tokio::spawn(async move { asking.ask(&provider, digest, (refresh, of), now).await });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(false)) => Err(IdentityError::Unauthenticated),
            _ => Ok(actor),
        }
    }

    /// Ends a session; see [`sessions::end`].
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn end(&self, presented: &str) -> Result<Option<String>, IdentityError> {
        self.0.standing.forget(presented);
        sessions::end(&self.0.identity, presented).await
    }

    pub(super) fn hold(
        &self,
        provider: &str,
        started: &Started,
        (verified, refresh): (Named, Option<Refresh>),
    ) {
        if let Some(refresh) = refresh
            && self.0.rhythm.every_secs > 0
        {
            let now = self.now().as_second();
            let held = Held {
                provider: provider.to_owned(),
                of: verified,
                refresh: Some(refresh),
                asked_at: now,
                seen_at: now,
            };
            let digest = token::digest(started.secret.expose());
            self.0.standing.hold(digest, held, self.0.rhythm);
        }
    }

    /// Whether the session goes on.
    async fn ask(
        &self,
        provider: &str,
        digest: Digest,
        (mut refresh, of): (Refresh, Named),
        now: Timestamp,
    ) -> bool {
        let Ok(asked) = self.provider(provider) else {
            return true;
        };
        let renewed = match renew(asked, (&mut refresh, &of), now).await {
            Ok(Some(renewed)) => self.renewed(asked, renewed).await,
            renewed => renewed.map(drop),
        };
        let why = match renewed {
            Ok(()) => {
                self.0.standing.put_back(&digest, refresh);
                return true;
            }
            Err(NotRenewed::Unknown(error)) => {
                tracing::warn!(%provider, %error, "a session goes on, its provider could not be asked");
                self.0.standing.put_back(&digest, refresh);
                return true;
            }
            Err(NotRenewed::Over(why)) => why,
        };
        tracing::info!(%provider, why, "a provider does not vouch for a session any more");
        let ended = sessions::end_these(&self.0.identity, provider, vec![digest]).await;
        match ended {
            Ok(_) => drop(self.0.standing.0.lock().remove(&digest)),
            Err(error) => {
                tracing::error!(%error, "a session that is over could not be ended");
                self.0.standing.put_back(&digest, refresh);
            }
        }
        false
    }
}
