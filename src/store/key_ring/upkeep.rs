//! What time does to the ring: the root key is asked for again before its time in memory is over,
//! what keys have sealed is written down, keys that have done enough are replaced, and what other
//! processes made or destroyed is seen. [`KeyRing::tend`] does all of it, every minute.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::{KeyRing, KeyRingError, rows};
use crate::base::Timestamp;
use crate::crypto::{
    KekError, KeyBytes, KeyId, KeyLimits, Newest, Purpose, RootId, WrappedKey, WrappedRoot,
};
use crate::store::{Condition, Snapshot, StoreError, Tx};

/// Root keys without their wrapping.
type Unwrapped = Vec<(RootId, KeyBytes)>;

/// How many keys are made in one transaction.
const BATCH: usize = 200;

/// What the keys in memory are limited by.
#[derive(Debug, Clone, Copy)]
pub struct Upkeep {
    /// How long the root key, and all keys with it, stay in memory without the key-encryption key.
    pub ttl: SignedDuration,
    /// When a content key is replaced.
    pub keys: KeyLimits,
}

impl Default for Upkeep {
    /// 24 hours; 2^30 values, one year.
    fn default() -> Self {
        Self {
            ttl: SignedDuration::from_hours(24),
            keys: KeyLimits::default(),
        }
    }
}

/// How the keys in memory are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyCondition {
    /// The key-encryption key answered when it was last asked.
    Sound,
    /// It did not answer; the keys stay in memory until their time is over.
    Failing {
        /// Why not.
        why: String,
        /// When it last answered.
        since: Timestamp,
    },
    /// The file of the ring is damaged.
    Damaged,
    /// Their time was over: they were wiped.
    Locked {
        /// Why.
        why: String,
    },
}

/// What the handles of one process know together.
pub(super) struct State {
    /// When the key-encryption key last unwrapped the root key.
    renewed_at: Timestamp,
    /// Why it did not answer, when it was last asked.
    failing: Option<String>,
    /// What the ring was like when all of it was last read.
    seen: rows::Outline,
}

impl State {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            renewed_at: now,
            failing: None,
            seen: rows::Outline::default(),
        }
    }
}

impl KeyRing {
    /// Does what is due. What fails is logged, and tried again at the next call.
    pub async fn tend(&self, upkeep: &Upkeep) {
        let failed = |what: &'static str, error: &KeyRingError| tracing::error!(%error, what);
        if let Err(error) = self.write_counts().await {
            failed("the use of keys is not written down", &error);
        }
        self.renew(upkeep.ttl).await;
        if self.0.vault.locked().is_some() {
            return;
        }
        if let Err(error) = self.refresh().await {
            failed("keys of other processes are not seen", &error);
        }
        let now = self.0.ring.clock().now().as_microsecond();
        let due = self.0.vault.due(&upkeep.keys, now);
        if due.is_empty() {
            return;
        }
        tracing::info!(keys = due.len(), "keys that have done enough are replaced");
        if let Err(error) = self.replace(due).await {
            failed("keys are not replaced", &error);
        }
    }

    /// How the keys in memory are.
    #[must_use]
    pub fn condition(&self) -> KeyCondition {
        if let Some(why) = self.0.vault.locked() {
            return KeyCondition::Locked { why };
        }
        if self.0.ring.condition() == Condition::Damaged {
            return KeyCondition::Damaged;
        }
        let state = self.0.state.lock();
        match &state.failing {
            None => KeyCondition::Sound,
            Some(why) => KeyCondition::Failing {
                why: why.clone(),
                since: state.renewed_at,
            },
        }
    }

    /// Writes down how many values each key has sealed.
    ///
    /// # Errors
    /// The store's; the numbers are kept for the next time then.
    pub async fn write_counts(&self) -> Result<(), KeyRingError> {
        let counts = self.0.vault.take_counts();
        if counts.is_empty() {
            return Ok(());
        }
        let write = |tx: Tx, counts: Arc<Vec<(KeyId, u64)>>| async move {
            let mut totals = Vec::with_capacity(counts.len());
            for (id, sealed) in counts.iter() {
                let total = rows::add_count(&tx, id, *sealed).await?;
                totals.extend(total.map(|total| (id.clone(), total)));
            }
            Ok::<_, StoreError>(totals)
        };
        match self.0.ring.write(counts.clone(), write).await {
            Ok(totals) => {
                for (id, total) in totals {
                    self.0.vault.set_count(&id, total);
                }
                Ok(())
            }
            Err(error) => {
                self.0.vault.give_back(&counts);
                Err(error.into())
            }
        }
    }

    /// Asks the key-encryption key for the root key again, in the second half of its time.
    async fn renew(&self, ttl: SignedDuration) {
        let now = self.0.ring.clock().now();
        let was_locked = self.0.vault.locked().is_some();
        let renewed_at = self.0.state.lock().renewed_at;
        // A clock that was set back is asked like one that is late.
        let age = now.duration_since(renewed_at).abs();
        if !was_locked && age < ttl / 2 {
            return;
        }
        let renewed = match self.unwrap_roots().await {
            Ok(()) if was_locked => self.load().await,
            renewed => renewed,
        };
        let Err(error) = renewed else {
            *self.0.state.lock() = State {
                renewed_at: now,
                failing: None,
                seen: rows::Outline::default(),
            };
            if was_locked {
                self.0.vault.unlock();
                tracing::info!("the key-encryption key answers: the service has its keys again");
            }
            return;
        };
        let why = error.to_string();
        if age >= ttl {
            tracing::error!(%error, "the key-encryption key does not answer: no keys, no service");
            self.0.vault.lock(&why);
        } else {
            tracing::warn!(%error, since = %renewed_at, "the key-encryption key does not answer");
        }
        self.0.state.lock().failing = Some(why);
    }

    /// Takes every root key into memory, and forgets those that are no more. A root key that is not
    /// wrapped for the recovery key now is.
    pub(super) async fn unwrap_roots(&self) -> Result<(), KeyRingError> {
        let read = |at: Snapshot, ()| async move { rows::wraps(&at).await };
        let wraps = self.0.ring.read((), read).await?;
        let for_recovery = |root: &RootId, id: &str| {
            let mut all = wraps.iter();
            all.any(|wrap| wrap.wrapped.root == *root && wrap.wrapped.wrapper_id == id)
        };
        let mut missing = Vec::new();
        let mut present = Vec::new();
        for (root, key) in self.unwrapped(&wraps).await? {
            if let Some(recovery) = &self.0.recovery
                && !for_recovery(&root, recovery.id())
            {
                missing.push(recovery.wrap(&root, &key)?);
            }
            self.0.vault.add_root(root.clone(), &key);
            present.push(root);
        }
        self.0.vault.retain_roots(&present);
        if missing.is_empty() {
            return Ok(());
        }
        let put = |tx: Tx, missing: Arc<Vec<WrappedRoot>>| async move {
            for wrapped in missing.iter() {
                rows::delete_wraps(&tx, "recovery", &wrapped.root).await?;
                rows::put_wrap(&tx, "recovery", wrapped).await?;
            }
            Ok::<_, StoreError>(())
        };
        self.0.ring.write(missing, put).await?;
        tracing::info!("the root key is wrapped for the recovery key");
        Ok(())
    }

    /// The root keys, unwrapped by the key-encryption key. Of several wrappings one has to open:
    /// while operators go from one key-encryption key to another there are two.
    pub(super) async fn unwrapped(&self, wraps: &[rows::WrapRow]) -> Result<Unwrapped, KekError> {
        let mut roots: Unwrapped = Vec::new();
        let mut refused: Option<(&RootId, KekError)> = None;
        for wrap in wraps.iter().filter(|wrap| wrap.wrapper == "kek") {
            let root = &wrap.wrapped.root;
            if roots.last().is_some_and(|(done, _)| done == root) {
                continue;
            }
            if let Some((of, error)) = refused.take_if(|(of, _)| *of != root) {
                tracing::error!(root = %of, %error, "a root key does not open");
                return Err(error);
            }
            match self.0.kek.unwrap(&wrap.wrapped).await {
                Ok(key) => {
                    refused = None;
                    roots.push((root.clone(), key));
                }
                // Of two keys that do not open it, the one that should says why.
                Err(error) if error.is_of_another() => refused = refused.or(Some((root, error))),
                Err(error) => refused = Some((root, error)),
            }
        }
        match refused {
            Some((_, error)) => Err(error),
            None => Ok(roots),
        }
    }

    pub(super) fn renewed_at(&self) -> Timestamp {
        self.0.state.lock().renewed_at
    }

    /// Takes every data key into memory.
    pub(super) async fn load(&self) -> Result<(), KeyRingError> {
        let read = |at: Snapshot, ()| async move { rows::keys(&at).await };
        let keys = self.0.ring.read((), read).await?;
        self.add(&keys).await?;
        let present: HashSet<&KeyId> = keys.iter().map(|key| &key.id).collect();
        self.0.vault.retain(|id| present.contains(id));
        Ok(())
    }

    /// Sees what other processes made and destroyed.
    async fn refresh(&self) -> Result<(), KeyRingError> {
        let read = |at: Snapshot, ()| async move { rows::outline(&at).await };
        let outline = self.0.ring.read((), read).await?;
        if self.0.state.lock().seen == outline {
            return Ok(());
        }
        self.load().await?;
        self.0.state.lock().seen = outline;
        Ok(())
    }

    /// Makes a new content key in the place of each of these.
    pub(super) async fn replace(&self, due: Vec<Newest>) -> Result<(), KeyRingError> {
        for some in due.chunks(BATCH) {
            let now = self.0.ring.clock().now().as_microsecond();
            let made = |old: &Newest| {
                // Newer in any case, whatever the clock says.
                let at = now.max(old.created_at + 1);
                let new = self.0.vault.make_key(old.owner, Purpose::Content, at)?;
                Ok::<_, KeyRingError>((new, old.id.clone()))
            };
            let new: Vec<_> = some.iter().map(made).collect::<Result<_, _>>()?;
            let insert = |tx: Tx, new: Arc<Vec<(WrappedKey, KeyId)>>| async move {
                rows::lock(&tx).await?;
                let root = rows::current_root(&tx).await?;
                for (key, old) in new.iter() {
                    if root.as_ref() != Some(&key.root) {
                        // Another process has made a new root key.
                        return Err(StoreError::Contended);
                    }
                    // Unless another process has replaced it just now.
                    if rows::newest_of(&tx, key.owner).await?.as_ref() == Some(old) {
                        rows::insert_key(&tx, key).await?;
                    }
                }
                Ok::<_, StoreError>(())
            };
            self.0.ring.write(new, insert).await?;
        }
        self.load().await
    }
}
