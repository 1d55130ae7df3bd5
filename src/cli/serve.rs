//! `freehold serve`: the service.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, out};
use crate::config::{self, Listen, Overrides, Sources};
use crate::server::{self, Evaluation, Mode, Telemetry};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Address to listen on, once or several times [default: localhost:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<Listen>,
    /// A look at it: plain HTTP on this machine, a printed link signs in as administrator
    #[arg(long)]
    evaluation: bool,
    /// Let the evaluation listen on all addresses, such as inside a container
    #[arg(long, requires = "evaluation")]
    evaluation_on_all_addresses: bool,
    /// Fill an evaluation that has nothing yet with sample calendars and items
    #[arg(long, requires = "evaluation")]
    sample: bool,
}

pub(super) async fn run(
    options: Options,
    file: Option<PathBuf>,
    data: Option<PathBuf>,
) -> Result<ExitCode, Failure> {
    let overrides = Overrides {
        data,
        listen: options.listen,
    };
    let loaded = config::load(&Sources::of_process(file, overrides))?;
    let telemetry = Telemetry::start(&loaded.settings).await?;
    let mode = if options.evaluation {
        Mode::Evaluation(Evaluation {
            everywhere: options.evaluation_on_all_addresses,
            sample: options.sample,
        })
    } else {
        Mode::Configured
    };
    server::serve(&loaded.settings, mode, telemetry, out::line).await?;
    Ok(ExitCode::SUCCESS)
}
