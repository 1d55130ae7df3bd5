//! JSON lines over any pair of streams, with a limit on their length.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use zeroize::Zeroizing;

/// The longest line, in bytes: a batch of calendar objects in base64 and room to spare.
pub const LINE_MAX: usize = 64 << 20;

/// One end of a conversation.
pub(super) struct Wire {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    limit: usize,
}

/// The conversation cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other side is gone, or the operating system refused.
    #[error("the admin socket failed: {0}: the service may have stopped; run the command again")]
    Io(#[from] io::Error),
    /// The other side closed without an answer.
    #[error(
        "the service closed the admin socket before it answered: look at its log, and run the \
         command again"
    )]
    Closed,
    /// A line is longer than [`LINE_MAX`].
    #[error("a line of more than {0} bytes on the admin socket")]
    TooLong(usize),
    /// A line says something else than was expected.
    #[error(
        "a line on the admin socket cannot be read ({0}): command line and service have to be the \
         same version"
    )]
    Syntax(#[from] serde_json::Error),
}

impl Wire {
    pub(super) fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader: BufReader::new(Box::new(reader)),
            writer: Box::new(writer),
            limit: LINE_MAX,
        }
    }

    /// The same with shorter lines.
    #[cfg(test)]
    pub(super) fn limited_to(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The next line; [`WireError::Closed`] when there is none.
    pub(super) async fn receive<T: DeserializeOwned>(&mut self) -> Result<T, WireError> {
        // A token may be in it.
        let mut line = Zeroizing::new(Vec::new());
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX);
        let mut limited = (&mut self.reader).take(most.saturating_add(1));
        limited.read_until(b'\n', &mut line).await?;
        if line.len() > self.limit {
            return Err(WireError::TooLong(self.limit));
        }
        if line.last() != Some(&b'\n') {
            return Err(WireError::Closed);
        }
        Ok(serde_json::from_slice(&line)?)
    }

    pub(super) async fn send<T: Serialize + Sync>(&mut self, value: &T) -> Result<(), WireError> {
        let mut line = Zeroizing::new(serde_json::to_vec(value)?);
        if line.len() >= self.limit {
            return Err(WireError::TooLong(self.limit));
        }
        line.push(b'\n');
        self.writer.write_all(&line).await?;
        self.writer.flush().await?;
        Ok(())
    }
}
