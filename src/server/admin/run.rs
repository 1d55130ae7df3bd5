//! What each command does: the one code behind the socket and the folder that nobody serves.

use jiff::SignedDuration;
use tokio::sync::watch;

use super::super::connections::stopped;
use super::super::{Rooms, health};
use super::command::{
    Answer, Command, Examined, Input, NewTokenFor, Output, Part, ShownOnce, TokenLine,
};
use super::wire::{Wire, WireError};
use super::{audit, backup, import, keys};
use crate::base::clock::after;
use crate::identity::tokens::{self, NewToken};
use crate::identity::{Actor, Handle, IdentityError, Principal, Role, Roles, principals};

/// The version that both sides have to be, but for [`Command::is_for_any_version`].
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a command ends when the service does.
pub(super) const STOPPING: &str = "the service is stopping: run the command again when it is back, it goes \
                        on where it was";

/// Why a command ends early; only its words matter.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The service's end of a conversation.
pub(super) struct Talk {
    wire: Wire,
    pub(super) stopping: watch::Receiver<bool>,
}

/// The first line.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Opening<C> {
    pub(super) version: String,
    pub(super) command: C,
}

impl Talk {
    pub(super) fn new(wire: Wire, stopping: watch::Receiver<bool>) -> Self {
        Self { wire, stopping }
    }

    pub(super) async fn send(&mut self, output: &Output) -> Result<(), WireError> {
        self.wire.send(output).await
    }

    /// What comes next, unless the service stops before it comes.
    pub(super) async fn input(&mut self) -> Result<Input, Failure> {
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Err(STOPPING.into()),
            input = self.wire.receive() => Ok(input?),
        }
    }
}

/// Reads the command, carries it out, and says how it ended.
pub(super) async fn converse(rooms: &Rooms, mut talk: Talk) {
    let end = match carry_out(rooms, &mut talk).await {
        Ok(answer) => Output::Answer(answer),
        Err(failure) => Output::Failed(failure.to_string()),
    };
    // Whoever has gone does not want to know.
    let _peer_gone = talk.send(&end).await;
}

async fn carry_out(rooms: &Rooms, talk: &mut Talk) -> Result<Answer, Failure> {
    let opening: Opening<serde_json::Value> = talk.wire.receive().await?;
    let command = serde_json::from_value::<Command>(opening.command);
    let is_for_any = command.as_ref().is_ok_and(Command::is_for_any_version);
    if opening.version != VERSION && !is_for_any {
        return Err(format!(
            "the running service is version {VERSION}, this command line is {}: restart the \
             service, or use the program that it was started from",
            opening.version
        )
        .into());
    }
    let command = command?;
    tracing::info!(command = command.name(), "a command of the operator");
    run(rooms, command, talk).await
}

async fn run(rooms: &Rooms, command: Command, talk: &mut Talk) -> Result<Answer, Failure> {
    match command {
        Command::TokenCreate(new) => create_token(rooms, new).await,
        Command::TokenList { principal } => list_tokens(rooms, &principal).await,
        Command::TokenRevoke { id } => {
            let revoked = tokens::revoke(&rooms.identity, &Actor::operator(), id).await;
            match revoked {
                Err(IdentityError::Refused(_)) => {
                    Err(format!("there is no token {id}: `freehold token list` shows them").into())
                }
                revoked => Ok(revoked.map(|()| Answer::Done)?),
            }
        }
        Command::Import(into) => import::import(rooms, into, talk).await,
        Command::AuditVerify { kept } => audit::verify(rooms, kept, talk).await,
        Command::AuditHead => audit::head(rooms).await,
        Command::AuditExport => audit::export(rooms, talk).await,
        Command::KeysStatus => Ok(Answer::Keys(rooms.keys.status().await?)),
        Command::KeysRotate(what) => keys::rotate(rooms, what).await,
        Command::KeysRewrap { to } => keys::rewrap(rooms, to).await,
        Command::BackupNow => backup::now(rooms, talk).await,
        Command::Examine => examine(rooms).await,
    }
}

async fn create_token(rooms: &Rooms, new: NewTokenFor) -> Result<Answer, Failure> {
    let found = find_or_create(rooms, new.principal, new.create).await?;
    let expires_at = new
        .expires_days
        .map(|days| SignedDuration::from_hours(i64::from(days) * 24));
    let expires_at = expires_at.map(|days| after(rooms.store.clock().now(), days));
    let token = NewToken {
        principal: found.principal.id,
        label: new.label,
        scope: new.scope,
        expires_at,
    };
    let (made, secret) = tokens::create(&rooms.identity, &Actor::operator(), token).await?;
    Ok(Answer::Token {
        secret: ShownOnce::new(secret.expose()),
        id: made.id,
        is_principal_new: found.is_new,
    })
}

/// A principal, and whether it was made just now.
pub(super) struct Found {
    pub(super) principal: Principal,
    pub(super) is_new: bool,
}

/// The principal of this name; made with `role` when there is none and a role is given.
pub(super) async fn find_or_create(
    rooms: &Rooms,
    handle: Handle,
    role: Option<Role>,
) -> Result<Found, Failure> {
    if let Some(principal) = principals::by_handle(&rooms.identity, &handle).await? {
        let is_new = false;
        return Ok(Found { principal, is_new });
    }
    let Some(role) = role else {
        return Err(format!(
            "there is no principal {handle}: check the name, or add --create to make one"
        )
        .into());
    };
    let operator = Actor::operator();
    let made = principals::create(
        &rooms.identity,
        &operator,
        handle.clone(),
        Roles::of(&[role]),
    );
    match made.await {
        Ok(principal) => Ok(Found {
            principal,
            is_new: true,
        }),
        // Another command made it in between.
        Err(IdentityError::HandleTaken(_)) => {
            let principal = principals::by_handle(&rooms.identity, &handle).await?;
            let principal = principal.ok_or(IdentityError::NoPrincipal)?;
            let is_new = false;
            Ok(Found { principal, is_new })
        }
        Err(error) => Err(error.into()),
    }
}

async fn list_tokens(rooms: &Rooms, principal: &Handle) -> Result<Answer, Failure> {
    let found = find_or_create(rooms, principal.clone(), None).await?;
    let of = found.principal.id;
    let tokens = tokens::list(&rooms.identity, &Actor::operator(), of).await?;
    let line = |token: tokens::PersonalToken| TokenLine {
        id: token.id,
        label: token.label,
        scopes: token.scopes.to_text(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
    };
    Ok(Answer::Tokens(tokens.into_iter().map(line).collect()))
}

async fn examine(rooms: &Rooms) -> Result<Answer, Failure> {
    let last = crate::audit::last(&rooms.store).await?;
    let report = health::report(rooms).await;
    let part = |check: crate::telemetry::Check| Part {
        name: check.name.into_owned(),
        health: check.health,
    };
    Ok(Answer::Examined(Examined {
        parts: report.checks.into_iter().map(part).collect(),
        audit_entries: last.map_or(0, |last| last.seq),
        audit_last: last.map(|last| last.at),
    }))
}
