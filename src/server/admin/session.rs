//! The command line's end: the same conversation with a service, or with rooms of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::{OpenError, Rooms};
use super::command::{Answer, Command, Input, Output};
use super::run::{self, Opening, Talk, VERSION};
use super::socket;
use super::wire::{Wire, WireError};
use crate::config::{Backend, Settings};
use crate::store::{SqliteOptions, StoreError};

/// How long a command waits for a folder that another one has: a service that starts takes the lock
/// first and the socket afterwards.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much may be on its way between the two ends in memory, in bytes.
const PIPE: usize = 1 << 20;

/// A command that is being carried out.
pub struct Session {
    wire: Wire,
    own: Option<Own>,
}

/// Rooms that were opened for this command alone.
struct Own {
    rooms: Rooms,
    conversation: JoinHandle<()>,
}

/// The command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// What was asked for is refused, in words for the operator.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to work on.
    #[error(
        "there is no database at {0}: check --data; `freehold serve` makes a new one at its first \
         start"
    )]
    NoDatabase(String),
    /// Only a running service was to be asked.
    #[error(
        "no service answers at {0}, so nothing was done: start the service on this folder and run the \
         command again"
    )]
    NotRunning(String),
    /// The socket is there and may not be opened.
    #[error(
        "cannot open the admin socket {path}: {source}: run the command as the user that the \
         service runs as"
    )]
    Socket {
        /// Which.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The rooms cannot be opened.
    #[error(transparent)]
    Rooms(#[from] OpenError),
    /// The conversation broke.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The other side answered something else than what was asked.
    #[error("the service gave an answer that does not fit the command: are both the same version?")]
    Answer,
}

impl Session {
    /// Begins `command` with the service that runs on the data folder, or on the store itself when
    /// none does. Only a running service makes a SQLite folder: a misspelt path is refused.
    ///
    /// # Errors
    /// [`SessionError::NoDatabase`], [`SessionError::Socket`], [`SessionError::Rooms`].
    pub async fn begin(settings: &Settings, command: &Command) -> Result<Self, SessionError> {
        Self::open(settings).await?.opened(command).await
    }

    /// Begins `command` with the service that runs on the data folder, and with nothing else: the
    /// store is neither opened nor locked, so that a newer program migrates nothing.
    ///
    /// # Errors
    /// [`SessionError::NotRunning`], [`SessionError::Socket`].
    pub async fn begin_beside(
        settings: &Settings,
        command: &Command,
    ) -> Result<Self, SessionError> {
        let folder = &settings.store.data;
        let Some(live) = Self::live(folder).await? else {
            let path = socket::path(folder).display().to_string();
            return Err(SessionError::NotRunning(path));
        };
        live.opened(command).await
    }

    async fn opened(mut self, command: &Command) -> Result<Self, SessionError> {
        let opening = Opening {
            version: VERSION.to_owned(),
            command,
        };
        self.wire.send(&opening).await?;
        Ok(self)
    }

    /// Carries out a command that only gives an answer.
    ///
    /// # Errors
    /// As [`Self::begin`] and [`Self::next`].
    pub async fn ask(settings: &Settings, command: &Command) -> Result<Answer, SessionError> {
        let mut session = Self::begin(settings, command).await?;
        let answer = session.answer().await;
        session.end().await;
        answer
    }

    async fn answer(&mut self) -> Result<Answer, SessionError> {
        match self.next().await? {
            Output::Answer(answer) => Ok(answer),
            _ => Err(SessionError::Answer),
        }
    }

    /// Whether a running service carries it out.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.own.is_none()
    }

    /// What comes back next.
    ///
    /// # Errors
    /// [`SessionError::Refused`] with the reason, [`SessionError::Wire`].
    pub async fn next(&mut self) -> Result<Output, SessionError> {
        match self.wire.receive().await? {
            Output::Failed(reason) => Err(SessionError::Refused(reason)),
            output => Ok(output),
        }
    }

    /// Gives the command more.
    ///
    /// # Errors
    /// [`SessionError::Refused`] when the command has ended before, [`SessionError::Wire`].
    pub async fn give(&mut self, input: &Input) -> Result<(), SessionError> {
        match self.wire.send(input).await {
            // Whoever went has perhaps said why.
            Err(WireError::Io(error)) => match self.next().await {
                Err(refused @ SessionError::Refused(_)) => Err(refused),
                _ => Err(WireError::Io(error).into()),
            },
            sent => Ok(sent?),
        }
    }

    /// Ends the conversation and closes what was opened for it.
    pub async fn end(self) {
        drop(self.wire);
        if let Some(own) = self.own {
            // A panic in it was told by the wire's end already.
            let _ended = own.conversation.await;
            own.rooms.close().await;
        }
    }

    async fn open(settings: &Settings) -> Result<Self, SessionError> {
        let folder = &settings.store.data;
        let since = Instant::now();
        loop {
            if let Some(live) = Self::live(folder).await? {
                return Ok(live);
            }
            let database = SqliteOptions::new(folder).database();
            if settings.store.backend == Backend::Sqlite && !database.exists() {
                return Err(SessionError::NoDatabase(database.display().to_string()));
            }
            match Rooms::open(settings).await {
                Ok(rooms) => return Ok(Self::on(rooms)),
                Err(OpenError::Store(StoreError::InUse { .. })) if since.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A conversation with the service that runs on the folder; none when none does.
    async fn live(folder: &Path) -> Result<Option<Self>, SessionError> {
        let stream = socket::connect(folder).await;
        let stream = stream.map_err(|source| SessionError::Socket {
            path: socket::path(folder).display().to_string(),
            source,
        })?;
        Ok(stream.map(|stream| Self {
            wire: Wire::new(stream),
            own: None,
        }))
    }

    /// A conversation with rooms of its own, through memory.
    fn on(rooms: Rooms) -> Self {
        let (near, far) = tokio::io::duplex(PIPE);
        let served = rooms.clone();
        let conversation = tokio::spawn(async move {
            let (_never, stopping) = watch::channel(false);
            run::converse(&served, Talk::new(Wire::new(far), stopping)).await;
        });
        Self {
            wire: Wire::new(near),
            own: Some(Own {
                rooms,
                conversation,
            }),
        }
    }
}
