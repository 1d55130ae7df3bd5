//! The command line.
//!
//! Every command takes `--data DIR`; output goes to standard output through `out`, errors to
//! standard error, and the exit status is 0 only when the command did what it was asked to.
//!
//! **Absent on purpose.** Decisions: a command reads its arguments, asks a room, writes the answer.

mod audit;
mod config;
mod open;
mod out;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Calendars and inventory for one organisation, in one program.
#[derive(Debug, Parser)]
#[command(name = "freehold", version, about)]
struct Arguments {
    /// The data folder [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file [default: config/freehold.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve calendars and inventory until SIGTERM
    Serve(serve::Options),
    /// The record of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// The settings: check, show, explain, reference
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the program with the arguments it was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return out::failure(&error),
    };
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Serve(options) => serve::run(options, arguments.config, arguments.data).await,
            Command::Audit(command) => {
                let data = arguments.data.unwrap_or_else(|| PathBuf::from("./data"));
                audit::run(command, &data).await
            }
            Command::Config(command) => config::run(command, arguments.config, arguments.data),
        }
    });
    match done {
        Ok(code) => code,
        Err(error) => out::failure(error.as_ref()),
    }
}

/// What a command ends with when it cannot do its work.
type Failure = Box<dyn std::error::Error>;
