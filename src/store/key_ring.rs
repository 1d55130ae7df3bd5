//! The key ring: data keys as rows, wrapped by the key-encryption key.

use std::sync::Arc;

use sea_orm::{ActiveValue::Set, ConnectionTrait as _, EntityTrait as _, QueryOrder as _};

use super::entities::data_key;
use super::{Store, StoreError, Tx, dialect};
use crate::crypto::{Kek, KeyId, Purpose, Vault, VaultError, WrappedKey};

/// The key ring cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys do not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Opens the ring with `kek`; makes its first keys when the database has none.
///
/// # Errors
/// [`VaultError::WrongKek`] names the key that is needed.
pub async fn open(store: &Store, kek: Arc<Kek>) -> Result<Vault, KeyRingError> {
    let keys = store
        .write(Arc::clone(&kek), |tx, kek: Arc<Arc<Kek>>| async move {
            // Two processes that start on a new database must not each make a ring.
            if let Some(lock) = dialect::migration_lock(tx.backend()) {
                tx.execute_unprepared(lock)
                    .await
                    .map_err(StoreError::from)?;
            }
            let keys = load(&tx).await?;
            if keys.is_empty() {
                for purpose in [Purpose::Content, Purpose::Index] {
                    insert(&tx, Vault::make_key(&kek, purpose)?).await?;
                }
                return Ok::<_, KeyRingError>(load(&tx).await?);
            }
            Ok(keys)
        })
        .await?;
    let vault = Vault::default();
    for key in &keys {
        vault.add(&kek, key)?;
    }
    Ok(vault)
}

/// Whether the database has no keys yet: then a key-encryption key may be made for it.
///
/// # Errors
/// What the store refuses.
pub async fn is_empty(store: &Store) -> Result<bool, StoreError> {
    store
        .read((), |at, ()| async move {
            let first = at.fixed_one("SELECT id FROM data_key LIMIT 1", vec![], |row| row.text(0));
            Ok(first.await?.is_none())
        })
        .await
}

async fn load(tx: &Tx) -> Result<Vec<WrappedKey>, StoreError> {
    let rows = data_key::Entity::find()
        .order_by_asc(data_key::Column::CreatedAt)
        .order_by_asc(data_key::Column::Id)
        .all(&**tx)
        .await?;
    rows.into_iter().map(from_row).collect()
}

fn from_row(row: data_key::Model) -> Result<WrappedKey, StoreError> {
    let purpose = [Purpose::Content, Purpose::Index]
        .into_iter()
        .find(|purpose| purpose.as_str() == row.purpose)
        .ok_or_else(|| StoreError::Value(format!("a key's purpose is {:?}", row.purpose)))?;
    Ok(WrappedKey {
        id: KeyId::new(&row.id),
        purpose,
        kek_id: row.kek_id,
        wrapped: row.wrapped,
    })
}

async fn insert(tx: &Tx, key: WrappedKey) -> Result<(), StoreError> {
    let row = data_key::ActiveModel {
        id: Set(key.id.as_str().to_owned()),
        purpose: Set(key.purpose.as_str().to_owned()),
        kek_id: Set(key.kek_id),
        wrapped: Set(key.wrapped),
        created_at: Set(tx.now_micros()),
    };
    data_key::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}
