//! What was changed from what into what, for the audit.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Inventory, InventoryError};
use crate::audit::{Part, PartKind};
use crate::crypto::Owner;
use crate::store::Tx;

/// The fields of a change, gathered one by one.
#[derive(Default)]
pub(super) struct Changes(Map<String, Value>);

impl Changes {
    /// The same, with `field` if it is not what it was.
    pub(super) fn with<T: Serialize>(mut self, field: &str, from: &T, to: &T) -> Self {
        let (from, to) = (json!(from), json!(to));
        if from != to {
            let change = json!({ "from": from, "to": to });
            self.0.insert(field.to_owned(), change);
        }
        self
    }
}

impl Inventory {
    /// Seals what was changed for the organisation; nothing when nothing was.
    pub(super) async fn seal(&self, tx: &Tx, of: Changes) -> Result<Vec<Part>, InventoryError> {
        if of.0.is_empty() {
            return Ok(Vec::new());
        }
        let owner = (Owner::Organisation, PartKind::Changes);
        let part = Part::seal(&self.keys, owner, &Value::Object(of.0), tx.now()).await?;
        Ok(vec![part])
    }
}
