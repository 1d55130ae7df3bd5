//! The socket of a running service: who is listened to, and how it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::command::Output;
use super::run::{self, Talk};
use super::socket;
use super::wire::Wire;
use crate::server::rooms::Rooms;
use crate::store::{FolderLock, StoreError};

/// The admin socket, bound and not yet served.
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Makes `admin.sock` in the folder whose lock is given.
    ///
    /// # Errors
    /// [`StoreError::File`] with what the operating system says.
    pub fn bind(lock: &FolderLock) -> Result<Self, StoreError> {
        let path = socket::path(lock.folder());
        let listener = socket::bind(lock).map_err(|source| StoreError::File {
            what: "make the admin socket",
            path: path.display().to_string(),
            source,
        })?;
        Ok(Self { listener, path })
    }

    /// Serves commands until `stop`; then takes no more, and returns when those that are running
    /// have come to the end of their transaction.
    pub async fn serve(self, rooms: Arc<Rooms>, stop: impl Future<Output = ()> + Send) {
        let (stopping, is_stopping) = watch::channel(false);
        let mut conversations = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = conversations.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let (rooms, stopping) = (Arc::clone(&rooms), is_stopping.clone());
                        conversations.spawn(converse(rooms, stream, stopping));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the admin socket could not take a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        // Whoever comes now finds nobody, and waits for the lock.
        let _gone_already = std::fs::remove_file(&self.path);
        drop(self.listener);
        let _nobody_listens = stopping.send(true);
        while conversations.join_next().await.is_some() {}
    }
}

async fn converse(rooms: Arc<Rooms>, stream: UnixStream, stopping: watch::Receiver<bool>) {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if socket::may_command(peer.uid(), own) => {
            run::converse(&rooms, Talk::new(Wire::new(stream), stopping)).await;
        }
        Ok(peer) => {
            let uid = peer.uid();
            tracing::warn!(uid, "another user's command was refused on the admin socket");
            let refusal = format!("the service runs as user {own}: run the command as that user");
            let _peer_gone = Wire::new(stream).send(&Output::Failed(refusal)).await;
        }
        Err(error) => tracing::warn!(%error, "the admin socket's peer could not be told"),
    }
}
