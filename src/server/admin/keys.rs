//! New keys, and another key-encryption key, beside the running service.

use std::sync::Arc;

use serde_json::json;

use super::super::{Rooms, rooms};
use super::command::Answer;
use super::run::Failure;
use crate::audit::{self, Event};
use crate::config::KekPlace;
use crate::identity::Actor;
use crate::outbound::Way;
use crate::store::Tx;
use crate::store::key_ring::Rotation;

pub(super) async fn rotate(rooms: &Rooms, what: Rotation) -> Result<Answer, Failure> {
    rooms.keys.rotate(what).await?;
    record(rooms, "keys.rotate", json!({ "what": what })).await?;
    Ok(Answer::Done)
}

pub(super) async fn rewrap(rooms: &Rooms, to: Option<KekPlace>) -> Result<Answer, Failure> {
    if let Some(KekPlace::KeyVault(key)) = &to {
        let (azure, named) = (&rooms.azure, "keys rewrap --to");
        let way = Way::to(
            &key.item().vault,
            named,
            "Key Vault: the next key-encryption key",
        );
        azure.outbound().allow(way);
        azure.outbound().allow(azure.identity_way(named));
    }
    let to = to.map(|place| rooms::kek(place, true, &rooms.azure));
    let to = to.transpose()?;
    let wraps = rooms.keys.rewrap(to).await?;
    record(rooms, "keys.rewrap", json!({ "wraps": wraps })).await?;
    Ok(Answer::Rewrapped(wraps))
}

/// The ring is another store than the audit: what is recorded has been done.
async fn record(
    rooms: &Rooms,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), Failure> {
    let event = Event {
        action,
        actor: Actor::operator().to_audit(),
        subject: "key_ring".to_owned(),
        detail,
    };
    let append =
        |tx: Tx, event: Arc<Event>| async move { audit::record(&tx, (*event).clone()).await };
    Ok(rooms.store.write(event, append).await?)
}
