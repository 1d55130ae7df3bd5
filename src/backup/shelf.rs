//! Where backups are: the data at one place, the key rings at another or the same.

use std::path::Path;

use super::model::Part;
use super::place::{Found, Place};
use super::{BackupError, BackupId, Listed, rules};
use crate::azure::Azure;
use crate::config::Settings;

/// The places of the settings. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    pub(super) data: Place,
    pub(super) keys: Place,
}

impl Shelf {
    /// The places that the settings name; nothing is asked yet.
    ///
    /// # Errors
    /// [`BackupError::Postgres`], [`BackupError::NoPlace`], or a folder that is not there.
    pub fn open(settings: &Settings, azure: &Azure) -> Result<Self, BackupError> {
        if let Some(refusal) = rules::refusal(settings) {
            return Err(refusal);
        }
        let backup = &settings.backup;
        let to = backup.to.as_ref().ok_or(BackupError::NoPlace)?;
        let keys_to = backup.keys_to.as_ref().unwrap_or(to);
        Ok(Self {
            data: Place::open(to, azure)?,
            keys: Place::open(keys_to, azure)?,
        })
    }

    /// Where the data is, as in the settings.
    #[must_use]
    pub fn place(&self) -> &str {
        self.data.shown()
    }

    /// The folders, where it is folders.
    #[must_use]
    pub fn folders(&self) -> Vec<&Path> {
        let places = [&self.data, &self.keys];
        places.into_iter().filter_map(Place::folder).collect()
    }

    /// All backups, oldest first.
    ///
    /// # Errors
    /// [`BackupError::Place`] with what to do.
    pub async fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let data = self.data.list().await?;
        let ring = match self.keys.ring().await {
            Err(error @ BackupError::Place { .. }) => return Err(error),
            // One that was spoilt opens nothing; a restore says how it was spoilt.
            found => found.ok().flatten().map(|(ring, _)| ring.id),
        };
        let listed = |found: Found| Listed {
            made_at: found.id.made_at(),
            bytes: found.bytes,
            keys: ring.clone().filter(|ring| fits(ring, &found.id)),
            id: found.id,
        };
        Ok(data.into_iter().map(listed).collect())
    }

    /// The backup called `id`, or the newest, with the ring that opens it.
    pub(super) async fn find(&self, id: Option<&BackupId>) -> Result<(Found, Found), BackupError> {
        let place = || self.data.shown().to_owned();
        let data = if let Some(id) = id {
            let bytes = self.data.size(Part::Data, id).await?;
            let bytes = bytes.ok_or_else(|| BackupError::Unknown {
                id: id.to_string(),
                place: place(),
            })?;
            let id = id.clone();
            Found { id, bytes }
        } else {
            let newest = self.data.list().await?.pop();
            newest.ok_or_else(|| BackupError::None(place()))?
        };
        let ring = self.keys.ring().await?.map(|(ring, _)| ring);
        let ring = ring.filter(|ring| fits(&ring.id, &data.id));
        let ring = ring.ok_or_else(|| BackupError::NoKeys {
            id: data.id.clone(),
            place: self.keys.shown().to_owned(),
        })?;
        Ok((data, ring))
    }
}

/// Whether this copy of the ring has all keys that the data may need: it is of the same backup, or of
/// one that began later.
fn fits(ring: &BackupId, data: &BackupId) -> bool {
    ring == data || ring.made_at() > data.made_at()
}
