//! `freehold import`: what other programs kept, taken into a calendar.
//!
//! Files are read and split here, by whoever runs the command; batches of objects go to the rooms.
//! What is there already is left alone, so a command that was broken off is simply run again.

mod charset;
mod files;
mod load;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, out};
use crate::config::Settings;
use crate::identity::Handle;
use crate::server::admin::{Command as Admin, ImportInto, Output, Session, SessionError};
use load::Load;

/// Everything was read, and not everything could be taken.
const SOME_REFUSED: u8 = 3;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take the events, tasks and journals of iCalendar files into a calendar
    ///
    /// What is there already is left alone: a second run writes nothing, and a command that was
    /// broken off goes on where it was. Nobody is invited or notified. Each thing that cannot be
    /// taken is named as `FILE:LINE` with the reason. What is not UTF-8 is read as Windows-1252.
    ///
    /// Exit status: 0 all taken, 3 something was refused, 1 broken off, 2 wrong usage.
    #[command(verbatim_doc_comment)]
    Ics(Ics),
}

#[derive(Debug, Args)]
pub(super) struct Ics {
    /// Files, folders of .ics files, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose calendar
    #[arg(long, value_name = "NAME")]
    principal: Handle,
    /// Which calendar, by its name in addresses; it is made when there is none
    #[arg(long, value_name = "NAME", default_value = "calendar")]
    calendar: String,
    /// Make the principal when there is none of the name
    #[arg(long)]
    create: bool,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    let Command::Ics(ics) = command;
    let files = files::expand(&ics.files)?;
    let into = Admin::Import(ImportInto {
        principal: ics.principal,
        calendar: ics.calendar,
        create: ics.create,
    });
    let mut session = Session::begin(settings, &into).await?;
    let Output::Ready = session.next().await? else {
        return Err(SessionError::Answer.into());
    };
    let bar = out::bytes_bar(files::length(&files));
    let mut load = Load::new(session, files, bar);
    let done = load.run().await;
    // What was done before it broke off is said, too.
    let report = load.finish().await;
    out::text(&report.to_string());
    done?;
    Ok(match report.refused() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_REFUSED),
    })
}
