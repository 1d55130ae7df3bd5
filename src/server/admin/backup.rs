//! A backup that the operator asks for.

use tokio::sync::mpsc;

use super::super::Rooms;
use super::super::connections::stopped;
use super::command::{Answer, Output};
use super::run::{Failure, STOPPING, Talk};
use crate::base::told;

/// Makes a backup, with progress.
pub(super) async fn now(rooms: &Rooms, talk: &mut Talk) -> Result<Answer, Failure> {
    let (tell, mut steps) = mpsc::unbounded_channel();
    let progress = move |step| {
        // The receiver lives as long as the backup is being made.
        let _told = tell.send(step);
    };
    let mut making = std::pin::pin!(rooms.backups.make(progress));
    loop {
        let mut stopping = talk.stopping.clone();
        tokio::select! {
            biased;
            () = stopped(&mut stopping) => {
                rooms.backups.stop();
                return Err(STOPPING.into());
            }
            Some(step) = steps.recv() => talk.send(&Output::Backup(step)).await?,
            made = &mut making => {
                let made = made.map_err(|error| Failure::from(told(&error)));
                return Ok(Answer::Backup(made?));
            }
        }
    }
}
