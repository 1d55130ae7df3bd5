//! Secrets by reference, of every kind.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Azure;
use super::cache::Kept;
use super::error::UnresolvedSecret;
use crate::base::clock::after;
use crate::config::{Secret, SecretRef};

/// So long a secret of Key Vault is used before it is fetched again, and no longer: whoever replaces or
/// removes it there knows when that counts.
const GOOD: SignedDuration = SignedDuration::from_mins(5);

impl Azure {
    /// The secret that `reference` names. A file or variable is read now; a secret in Key Vault is
    /// fetched at most every five minutes, so that a new version is seen without a restart. When the
    /// vault is away after that, there is no secret.
    ///
    /// # Errors
    /// [`UnresolvedSecret`] names the reference and what to do.
    pub async fn secret(&self, reference: &SecretRef) -> Result<Arc<Secret>, UnresolvedSecret> {
        let SecretRef::KeyVault(address) = reference else {
            return Ok(Arc::new(reference.resolve()?));
        };
        let name = reference.to_string();
        let now = self.0.clock.now();
        let fetch = async || {
            let fetched = self.fetch_secret(address).await;
            let bytes = fetched.map_err(|source| UnresolvedSecret::KeyVault {
                reference: name.clone(),
                source: Box::new(source),
            })?;
            let until = after(now, GOOD);
            Ok(Kept {
                value: Arc::new(reference.filled(bytes)?),
                fresh_until: until,
                good_until: until,
            })
        };
        self.0.secrets.get(&name, now, fetch).await
    }

    /// Fetches the secret anew at its next use: whoever it was shown to did not take it.
    pub fn forget_secret(&self, reference: &SecretRef) {
        self.0.secrets.forget(&reference.to_string());
    }
}
