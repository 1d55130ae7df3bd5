//! The command line.
//!
//! Every command takes `--data DIR`; output goes to standard output through [`out`], errors to
//! standard error, and the exit status is 0 only when the command did what it was asked to.
//!
//! **Absent on purpose.** Decisions: a command reads its arguments, asks a room, writes the answer.

mod audit;
mod open;
mod out;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Calendars and inventory for one organisation, in one program.
#[derive(Debug, Parser)]
#[command(name = "freehold", version, about)]
struct Arguments {
    /// The data folder
    #[arg(long, global = true, default_value = "./data", value_name = "DIR")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The record of who did what
    #[command(subcommand)]
    Audit(audit::Command),
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
            Command::Audit(command) => audit::run(command, &arguments.data).await,
        }
    });
    match done {
        Ok(code) => code,
        Err(error) => out::failure(error.as_ref()),
    }
}

/// What a command ends with when it cannot do its work.
type Failure = Box<dyn std::error::Error>;
