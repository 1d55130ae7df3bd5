//! `freehold healthcheck`: is the service of this machine or container ready, or does it run at all?

use std::process::ExitCode;

use clap::Args;
use url::Url;

use super::{Failure, out};
use crate::config::{Listen, Settings};
use crate::server::probe::{self, Question};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the service listens, if it was started with --listen
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Vec<Listen>,
    /// A service elsewhere, such as `https://freehold.example.org`; its certificate is not verified
    #[arg(long, value_name = "URL", conflicts_with = "listen")]
    url: Option<Url>,
    /// Only whether it runs, for who would start it again: a certificate that ended is no reason to
    #[arg(long)]
    alive: bool,
}

/// Asks the service of `settings`, or the one elsewhere that is named.
pub(super) async fn run(
    asked: &Arguments,
    settings: impl FnOnce() -> Result<Settings, Failure>,
) -> Result<ExitCode, Failure> {
    let question = if asked.alive {
        Question::Alive
    } else {
        Question::Ready
    };
    let found = match &asked.url {
        Some(url) => probe::at(url, question).await?,
        None => probe::here(&settings()?.server, question).await?,
    };
    out::text(&found.text);
    Ok(ExitCode::from(u8::from(!found.is_ready)))
}
