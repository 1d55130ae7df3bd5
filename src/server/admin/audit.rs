//! Commands about the audit.

use serde_json::json;
use tokio::sync::mpsc;

use super::super::Rooms;
use super::super::connections::stopped;
use super::command::{Answer, Output};
use super::run::{Failure, STOPPING, Talk};
use crate::audit::{self, AuditError, Event, SignedHead};
use crate::identity::Actor;

/// Walks the chain, with progress.
pub(super) async fn verify(
    rooms: &Rooms,
    kept: Option<SignedHead>,
    talk: &mut Talk,
) -> Result<Answer, Failure> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let progress = move |entries| {
        // The receiver lives as long as the verification.
        let _told = tell.send(entries);
    };
    let mut verification = std::pin::pin!(rooms.audit.verify(kept.as_ref(), progress));
    loop {
        let mut stopping = talk.stopping.clone();
        tokio::select! {
            biased;
            () = stopped(&mut stopping) => return Err(STOPPING.into()),
            Some(entries) = told.recv() => talk.send(&Output::Progress(entries)).await?,
            verdict = &mut verification => return Ok(Answer::Audit(verdict?)),
        }
    }
}

/// Signs the head.
pub(super) async fn head(rooms: &Rooms) -> Result<Answer, Failure> {
    Ok(Answer::Head(rooms.audit.sign().await?))
}

/// Sends every entry, after one that says that it is done.
pub(super) async fn export(rooms: &Rooms, talk: &mut Talk) -> Result<Answer, Failure> {
    rooms
        .store
        .write((), |tx, _| async move {
            let event = Event {
                action: "audit.export",
                actor: Actor::operator().to_audit(),
                subject: "audit".to_owned(),
                detail: json!({}),
            };
            Ok::<_, AuditError>(audit::record(&tx, event).await?)
        })
        .await?;
    let head = rooms.audit.sign().await?;
    let mut after = 0;
    while let Some((lines, last)) = rooms.audit.export(after).await? {
        if *talk.stopping.borrow() {
            return Err(STOPPING.into());
        }
        talk.send(&Output::Lines(lines)).await?;
        after = last;
    }
    Ok(Answer::Head(head))
}
