//! The socket of a running service: who is listened to, and how it ends.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::Rooms;
use super::super::connections::stopped;
use super::command::Output;
use super::run::{self, Talk};
use super::socket;
use super::wire::Wire;
use crate::store::StoreError;

/// How long accepting pauses when the process has no file descriptors left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The admin socket, bound and not yet served.
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Makes `admin.sock` in the data folder of these rooms; `None` on PostgreSQL, where several
    /// processes may serve and every command opens the database itself.
    ///
    /// # Errors
    /// [`StoreError::File`] with what the operating system says.
    pub fn bind(rooms: &Rooms) -> Result<Option<Self>, StoreError> {
        let Some(lock) = rooms.lock() else {
            return Ok(None);
        };
        let path = socket::path(lock.folder());
        let listener = socket::bind(lock).map_err(|source| StoreError::File {
            what: "make the admin socket",
            path: path.display().to_string(),
            source,
        })?;
        Ok(Some(Self { listener, path }))
    }

    /// Serves commands until `stop` turns true; then takes no more, and returns when those that are
    /// running have come to the end of their transaction.
    pub async fn serve(self, rooms: Rooms, mut stop: watch::Receiver<bool>) {
        let mut conversations = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(_) = conversations.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        conversations.spawn(converse(rooms.clone(), stream, stop.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the admin socket could not take a connection");
                        tokio::time::sleep(EXHAUSTED_PAUSE).await;
                    }
                }
            }
        }
        // Whoever comes now finds nobody, and waits for the lock.
        let _gone_already = std::fs::remove_file(&self.path);
        drop(self.listener);
        while conversations.join_next().await.is_some() {}
    }
}

async fn converse(rooms: Rooms, stream: UnixStream, stopping: watch::Receiver<bool>) {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if socket::may_command(peer.uid(), own) => {
            run::converse(&rooms, Talk::new(Wire::new(stream), stopping)).await;
        }
        Ok(peer) => {
            let uid = peer.uid();
            tracing::warn!(
                uid,
                "another user's command was refused on the admin socket"
            );
            let refusal = format!("the service runs as user {own}: run the command as that user");
            let _peer_gone = Wire::new(stream).send(&Output::Failed(refusal)).await;
        }
        Err(error) => tracing::warn!(%error, "the admin socket's peer could not be told"),
    }
}
