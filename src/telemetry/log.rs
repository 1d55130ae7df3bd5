//! Log lines: text for people or JSON for machines, on standard error.

use std::io::{IsTerminal, stderr};

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, ParseError, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::allowed;
use super::otlp::Otlp;
use crate::config::{Log, LogFormat};

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is not understood.
    #[error("`log.level` is not understood; `freehold config explain log.level` shows its form")]
    Level(#[source] ParseError),
    /// Logging was started before in this process.
    #[error("logging has already been started in this process")]
    Started(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process, once; with `otlp`, lines are also sent.
///
/// # Errors
/// The level is not understood, or logging has been started before.
pub fn init(log: &Log, otlp: Option<&Otlp>) -> Result<(), LogError> {
    let colours = stderr().is_terminal();
    let subscriber = match otlp {
        None => subscriber(log, colours, stderr),
        Some(otlp) => sending(log, colours, otlp),
    };
    let subscriber = subscriber.map_err(LogError::Level)?;
    subscriber.try_init().map_err(LogError::Started)
}

/// Lines on standard error, and the same lines to a collector. Each has its filter, so that a line costs and
/// looks the same as without.
fn sending(
    log: &Log,
    colours: bool,
    otlp: &Otlp,
) -> Result<Box<dyn Subscriber + Send + Sync>, ParseError> {
    let level = || EnvFilter::builder().parse(log.level.as_str());
    // Without it every line of every library would be looked at, and then not written.
    let most = level()?.max_level_hint().unwrap_or(LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
    };
    // The exporters' own complaints come from `queue`, once a minute.
    let shown = filter_fn(|of| !of.is_span() && !of.target().starts_with("opentelemetry"));
    let sent = filter_fn(|of| !of.is_span() && allowed::is_ours(of.target()));
    let bridge = OpenTelemetryTracingBridge::new(&otlp.logger);
    let subscriber = Registry::default()
        .with(lines.with_filter(level()?.and(shown.with_max_level_hint(most))))
        .with(bridge.with_filter(level()?.and(sent.with_max_level_hint(most))));
    Ok(Box::new(subscriber))
}

/// What writes the lines, to any writer.
pub(super) fn subscriber<W>(
    log: &Log,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, ParseError>
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
