//! `freehold healthcheck`: is the service of this machine or container ready?

use std::process::ExitCode;

use clap::Args;

use super::{Failure, out};
use crate::config::{Listen, Settings};
use crate::server::probe;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the service listens, if it was started with --listen
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Vec<Listen>,
}

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let found = probe::readiness(&settings.server).await?;
    out::text(&found.text);
    Ok(ExitCode::from(u8::from(!found.is_ready)))
}
