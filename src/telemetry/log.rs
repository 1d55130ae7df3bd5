//! Log lines: text for people or JSON for machines, on standard error.

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is not understood.
    #[error("`log.level` is not understood; `freehold config explain log.level` shows its form")]
    Level(#[source] tracing_subscriber::filter::ParseError),
    /// Logging was started before in this process.
    #[error("logging has already been started in this process")]
    Started(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process, once.
///
/// # Errors
/// The level is not understood, or logging has been started before.
pub fn init(log: &Log) -> Result<(), LogError> {
    let subscriber = subscriber(log, stderr().is_terminal(), stderr).map_err(LogError::Level)?;
    subscriber.try_init().map_err(LogError::Started)
}

/// What writes the lines, to any writer.
pub(super) fn subscriber<W>(
    log: &Log,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, tracing_subscriber::filter::ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(log.level.as_str())?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(lines.with_ansi(colours).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_ansi(false).finish()),
    })
}
