//! The command line.
//!
//! Every command takes `--data DIR`; output goes to standard output through `out`, errors to
//! standard error, and the exit status is 0 only when the command did what it was asked to.
//! Commands that need the store go through `server::admin`, so that they work beside a running
//! service.
//!
//! **Absent on purpose.** Decisions: a command reads its arguments, asks a room, writes the answer.

mod audit;
mod backup;
mod config;
mod doctor;
mod egress;
mod entra_manifest;
mod healthcheck;
mod import;
mod keys;
mod memory;
mod out;
mod serve;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Loaded, Overrides, Sources};

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
    /// Bring calendars in from files
    #[command(subcommand)]
    Import(import::Command),
    /// Personal tokens: create, list, revoke
    #[command(subcommand)]
    Token(token::Command),
    /// The record of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Sealed copies of the database, kept elsewhere: now, list, verify, restore
    #[command(subcommand)]
    Backup(backup::Command),
    /// The keys that seal what is stored: status, rotate, rewrap
    #[command(subcommand)]
    Keys(keys::Command),
    /// The settings: check, show, explain, reference
    #[command(subcommand)]
    Config(config::Command),
    /// Examine this installation; each line says what to do, exit 1 when something does not work
    Doctor,
    /// Print every way out of this configuration: host, port, protocol, setting and reason
    Egress(egress::Options),
    /// Print the application registration of this service for Microsoft Entra ID, as JSON
    EntraManifest(entra_manifest::Options),
    /// Ask the running service whether it is ready; exit 0 or 1, for containers
    Healthcheck(healthcheck::Arguments),
}

/// Runs the program with the arguments it was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = memory::keep() {
        return out::failure(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return out::failure(&error),
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(error) => out::failure(error.as_ref()),
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let (file, data) = (arguments.config, arguments.data);
    let load_with = |data, listen| -> Result<Loaded, Failure> {
        let sources = Sources::of_process(file.clone(), Overrides { data, listen });
        Ok(crate::config::load(&sources)?)
    };
    let load = |data| load_with(data, Vec::new());
    match arguments.command {
        Command::Serve(options) => serve::run(options, file, data).await,
        Command::Import(command) => import::run(command, &load(data)?.settings).await,
        Command::Token(command) => token::run(command, &load(data)?.settings).await,
        Command::Audit(command) => audit::run(command, &load(data)?.settings).await,
        Command::Backup(command) => backup::run(command, &load(data)?.settings).await,
        Command::Keys(command) => keys::run(command, &load(data)?.settings).await,
        Command::Config(command) => config::run(command, file, data),
        Command::Doctor => Ok(doctor::run(load(data)).await),
        Command::Egress(options) => egress::run(&options, &load(data)?.settings),
        Command::EntraManifest(options) => {
            entra_manifest::run(options, &load(data)?.settings).await
        }
        Command::Healthcheck(asked) => {
            let listen = asked.listen.clone();
            healthcheck::run(&asked, || Ok(load_with(data, listen)?.settings)).await
        }
    }
}

/// What a command ends with when it cannot do its work.
type Failure = Box<dyn std::error::Error>;
