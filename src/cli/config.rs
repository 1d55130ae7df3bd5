//! `freehold config`: what is set, what a key means, and whether it is right.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, out};
use crate::base::{Clock as _, SystemClock};
use crate::config::{self, Loaded, Overrides, Sources};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration is right; exit 1 and name each fault with its place if not
    Check,
    /// The settings in effect, each with where it comes from; secrets stay references
    Show,
    /// What a key means, what it may be, and what it is
    Explain {
        /// Such as `store.data`
        key: String,
    },
    /// All keys as Markdown
    Reference,
    /// All keys as JSON Schema (draft 7), for editors and charts
    Schema,
}

pub(super) fn run(
    command: Command,
    file: Option<PathBuf>,
    data: Option<PathBuf>,
) -> Result<ExitCode, Failure> {
    let overrides = Overrides {
        data,
        ..Overrides::default()
    };
    let load =
        || -> Result<Loaded, Failure> { Ok(config::load(&Sources::of_process(file, overrides))?) };
    match command {
        Command::Check => {
            for advice in load()?.settings.advice(SystemClock.now()) {
                out::line(&format!("warning: {advice}"));
            }
            out::line("the configuration is right");
        }
        Command::Show => out::text(&load()?.show()),
        // A key can be explained even while the configuration is wrong.
        Command::Explain { key } => out::text(&config::explain(&key, load().ok().as_ref())?),
        Command::Reference => out::text(&config::reference()),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&config::json_schema())?;
            out::line(&schema);
        }
    }
    Ok(ExitCode::SUCCESS)
}
