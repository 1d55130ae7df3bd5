//! What time does to the keys in memory: they are counted, replaced, wiped, and come back.

use std::sync::atomic::Ordering;

use super::vault::Held;
use super::{KeyId, KeyLimits, Owner, Vault, VaultError};

/// The content key that seals for an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Whose.
    pub owner: Owner,
    /// Its name.
    pub id: KeyId,
    /// When it was made, in microseconds UTC.
    pub created_at: i64,
    /// How many values it has sealed.
    pub sealed: u64,
}

impl Vault {
    /// Wipes every key. Whoever asks gets [`VaultError::Locked`] with `why`, until [`Self::unlock`].
    pub fn lock(&self, why: &str) {
        let mut held = self.0.write();
        *held = Held::default();
        held.locked = Some(why.to_owned());
    }

    /// Ends what [`Self::lock`] began; the keys have been added before.
    pub fn unlock(&self) {
        self.0.write().locked = None;
    }

    /// Why there are no keys, if there are none.
    #[must_use]
    pub fn locked(&self) -> Option<String> {
        self.0.read().locked.clone()
    }

    /// Whether the keys are here.
    ///
    /// # Errors
    /// [`VaultError::Locked`].
    pub fn check_unlocked(&self) -> Result<(), VaultError> {
        self.locked()
            .map_or(Ok(()), |why| Err(VaultError::Locked(why)))
    }

    /// A key that is missing is no fault while all are.
    pub(super) fn or_locked(&self, missing: VaultError) -> VaultError {
        self.locked().map_or(missing, VaultError::Locked)
    }

    /// Takes the numbers of values sealed since the last time, for the key ring to write down.
    #[must_use]
    pub fn take_counts(&self) -> Vec<(KeyId, u64)> {
        let held = self.0.read();
        let taken = held.keys.values().map(|key| {
            let sealed = key.sealed.swap(0, Ordering::Relaxed);
            // Until it is told otherwise; the same value counts for the budget all the time.
            key.sealed_before.fetch_add(sealed, Ordering::Relaxed);
            (key.id.clone(), sealed)
        });
        taken.filter(|(_, sealed)| *sealed > 0).collect()
    }

    /// Gives back numbers that could not be written down.
    pub fn give_back(&self, counts: &[(KeyId, u64)]) {
        let held = self.0.read();
        for (id, sealed) in counts {
            if let Some(key) = held.keys.get(id.as_str()) {
                key.sealed.fetch_add(*sealed, Ordering::Relaxed);
                key.sealed_before.fetch_sub(*sealed, Ordering::Relaxed);
            }
        }
    }

    /// How many values this key has sealed, with those of other processes.
    pub fn set_count(&self, id: &KeyId, sealed: i64) {
        if let Some(key) = self.0.read().keys.get(id.as_str()) {
            let sealed = sealed.unsigned_abs();
            key.sealed_before.store(sealed, Ordering::Relaxed);
        }
    }

    /// The newest content keys, one for each owner, that have done enough at `now` (microseconds
    /// UTC).
    #[must_use]
    pub fn due(&self, limits: &KeyLimits, now: i64) -> Vec<Newest> {
        let age = i64::try_from(limits.age_max.as_micros()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(age);
        let mut newest = self.newest();
        newest.retain(|key| key.sealed >= limits.seals_max || key.created_at <= oldest);
        newest
    }

    /// The newest content key of each owner.
    #[must_use]
    pub fn newest(&self) -> Vec<Newest> {
        let held = self.0.read();
        let newest = held.sealing.values().map(|key| Newest {
            owner: key.owner,
            id: key.id.clone(),
            created_at: key.created_at,
            sealed: key.sealed.load(Ordering::Relaxed) + key.sealed_before.load(Ordering::Relaxed),
        });
        newest.collect()
    }

    /// Forgets the keys for which `is_kept` says no: another process destroyed them.
    pub fn retain(&self, is_kept: impl Fn(&KeyId) -> bool) {
        let mut held = self.0.write();
        held.keys.retain(|id, _| is_kept(id));
        held.sealing.retain(|_, key| is_kept(&key.id));
    }
}
