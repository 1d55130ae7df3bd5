//! `freehold token`: personal tokens, for scripts and for whoever has no browser.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::{Failure, out};
use crate::base::Id;
use crate::config::Settings;
use crate::identity::tokens::PersonalToken;
use crate::identity::{Handle, Role, Scope};
use crate::server::admin::{
    Answer, Command as Admin, NewTokenFor, Session, SessionError, TokenLine,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token and print it, alone, on standard output; it is shown this once
    Create(Create),
    /// The tokens of a principal that are not revoked
    List {
        /// Whose
        #[arg(long, value_name = "NAME")]
        principal: Handle,
    },
    /// Revoke a token; it is refused from the next request on
    Revoke {
        /// As `token list` shows it
        id: Id<PersonalToken>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// For whom
    #[arg(long, value_name = "NAME")]
    principal: Handle,
    /// What the token is good for
    #[arg(long)]
    scope: TokenScope,
    /// Where it will be used
    #[arg(long, value_name = "TEXT", default_value = "made on the command line")]
    label: String,
    /// After how many days it is not good any more
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 365,
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    expires: u32,
    /// It stays good until somebody revokes it
    #[arg(long, conflicts_with = "expires")]
    never: bool,
    /// Make the principal when there is none of the name
    #[arg(long = "create")]
    make_principal: bool,
    /// What a principal that is made is
    #[arg(long, requires = "make_principal", default_value = "member")]
    role: NewRole,
}

/// The scopes that tokens have.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum TokenScope {
    /// Calendars, reading and writing
    Caldav,
    /// Calendars, reading only
    CaldavRead,
    /// The inventory, through the API
    Inventory,
    /// The whole API
    Api,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NewRole {
    Member,
    Custodian,
    Administrator,
    Auditor,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Create(create) => make(create, settings).await?,
        Command::List { principal } => {
            let answer = Session::ask(settings, &Admin::TokenList { principal }).await?;
            let Answer::Tokens(tokens) = answer else {
                return Err(SessionError::Answer.into());
            };
            for token in &tokens {
                out::line(&line_of(token));
            }
        }
        Command::Revoke { id } => {
            Session::ask(settings, &Admin::TokenRevoke { id }).await?;
            out::line("the token is revoked");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(create: Create, settings: &Settings) -> Result<(), Failure> {
    let name = create.principal.clone();
    let role = Role::from(create.role);
    let command = Admin::TokenCreate(NewTokenFor {
        principal: create.principal,
        scope: create.scope.into(),
        label: create.label,
        expires_days: (!create.never).then_some(create.expires),
        create: create.make_principal.then_some(role),
    });
    let Answer::Token {
        secret,
        id,
        is_principal_new,
    } = Session::ask(settings, &command).await?
    else {
        return Err(SessionError::Answer.into());
    };
    if is_principal_new {
        out::note(&format!("made the principal {name} ({})", role.as_str()));
    }
    out::note(&format!(
        "the token of {name}, shown this once; `freehold token revoke {id}` revokes it:"
    ));
    out::line(secret.expose());
    Ok(())
}

/// One line for one token, columns separated by tabs.
fn line_of(token: &TokenLine) -> String {
    let at = |at: Option<crate::base::Timestamp>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| at.to_string())
    };
    [
        token.id.to_string(),
        token.scopes.clone(),
        format!("expires {}", at(token.expires_at, "never")),
        format!("used {}", at(token.last_used_at, "never")),
        token.label.clone(),
    ]
    .join("\t")
}

impl From<TokenScope> for Scope {
    fn from(scope: TokenScope) -> Self {
        match scope {
            TokenScope::Caldav => Self::Caldav,
            TokenScope::CaldavRead => Self::CaldavRead,
            TokenScope::Inventory => Self::Inventory,
            TokenScope::Api => Self::Api,
        }
    }
}

impl From<NewRole> for Role {
    fn from(role: NewRole) -> Self {
        match role {
            NewRole::Member => Self::Member,
            NewRole::Custodian => Self::Custodian,
            NewRole::Administrator => Self::Administrator,
            NewRole::Auditor => Self::Auditor,
        }
    }
}
