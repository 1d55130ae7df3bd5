//! Who is here and what they were given, for administrators. Every change is asked for once more on a
//! page of its own, after a fresh sign-in.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::form::Form;
use super::page::{Frame, address, render, see_other};
use super::signed_in::SignedIn;
use super::step_up::or_step_up;
use crate::base::{Cursor, Id, Kind, PageSize};
use crate::identity::grants::{self, Listed, NewGrant, RoleGrant};
use crate::identity::{Actor, Handle, Identity, IdentityError, Part, Principal, Role, principals};
use crate::inventory::{Charge, Inventory, Range};

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    frame: &'a Frame,
    rows: Vec<Row>,
    next: Option<String>,
    choices: Vec<(String, String)>,
}

/// A person as the page shows them.
struct Row {
    handle: String,
    active: bool,
    roles: String,
    grants: Vec<Given>,
}

struct Given {
    id: String,
    text: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage<'a> {
    frame: &'a Frame,
    wish: &'a Wish,
    text: &'a str,
}

/// Which page of people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    cursor: Option<String>,
}

/// What somebody wants to change. What the other fields mean depends on `what`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    /// `give` a role, `end` what was given, turn somebody `off`.
    #[serde(rename = "do")]
    what: String,
    handle: String,
    role: String,
    /// `everything`, `place:ID` or `item-type:ID`.
    over: String,
    /// What was given.
    id: String,
}

impl Wish {
    /// The page that asks for it once more.
    fn address(&self) -> String {
        let fields = [
            ("do", self.what.as_str()),
            ("handle", &self.handle),
            ("role", &self.role),
            ("over", &self.over),
            ("id", &self.id),
        ];
        address("/people/confirm", &fields)
    }
}

/// What a [`Wish`] comes to.
enum Change {
    Give(Handle, NewGrant),
    End(RoleGrant),
    Off(Handle, Id<Principal>),
}

/// The words for parts of the inventory.
type Words = HashMap<Part, String>;

/// `GET /people`: who is here.
pub(super) async fn get(
    State(identity): State<Identity>,
    State(inventory): State<Inventory>,
    SignedIn(actor): SignedIn,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let cursor = paging.cursor.as_deref().map(Cursor::parse).transpose()?;
    let page = grants::list(&identity, &actor, (cursor, PageSize::default())).await?;
    let parts = parts(&inventory, &actor).await?;
    let words: Words = parts.iter().cloned().collect();
    let frame = Frame::own("People", "people", &actor);
    let everything = ("everything".to_owned(), "Everything".to_owned());
    let choices = parts.iter().map(|(part, words)| {
        let value = format!("{}:{}", part.kind, part.id);
        (value, words.clone())
    });
    let shown = PeoplePage {
        frame: &frame,
        rows: page.rows.iter().map(|one| row(one, &words)).collect(),
        next: page.next.map(|next| next.to_text()),
        choices: std::iter::once(everything).chain(choices).collect(),
    };
    Ok(render(StatusCode::OK, &shown, &frame))
}

fn row(of: &Listed, words: &Words) -> Row {
    let given = of.grants.iter().map(|grant| Given {
        id: grant.id.to_string(),
        text: in_words(grant.role, grant.over.as_ref(), words),
    });
    Row {
        handle: of.principal.handle.to_string(),
        active: of.principal.active,
        roles: of.principal.roles.to_text(),
        grants: given.collect(),
    }
}

fn in_words(role: Role, over: Option<&Part>, words: &Words) -> String {
    let over = match over {
        None => "everything",
        Some(part) => words.get(part).map_or("something else", String::as_str),
    };
    format!("{} over {over}", role.as_str())
}

/// The places and item types, the first 500 of each, in words.
async fn parts(inventory: &Inventory, actor: &Actor) -> Result<Vec<(Part, String)>, Failure> {
    let range = || Range {
        cursor: None,
        size: PageSize::new(PageSize::MAX).unwrap_or_default(),
    };
    let places = inventory.places(actor, range()).await?.rows.into_iter();
    let types = inventory.item_types(actor, range()).await?.rows.into_iter();
    let places = places.map(|one| (Charge::Place(one.id).part(), format!("place {}", one.name)));
    let types = types.map(|one| (Charge::Type(one.id).part(), format!("type {}", one.name)));
    Ok(places.chain(types).collect())
}

/// `GET /people/confirm`: asks once more, after a fresh sign-in.
pub(super) async fn ask(
    State(identity): State<Identity>,
    State(inventory): State<Inventory>,
    SignedIn(actor): SignedIn,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    if let Err(error) = grants::may_give(&identity, &actor) {
        return or_step_up(error, &wish.address());
    }
    let change = change((&identity, &inventory), &actor, &wish).await?;
    let words = parts(&inventory, &actor).await?.into_iter().collect();
    let text = match &change {
        Change::Give(handle, new) => {
            let given = in_words(new.role, new.over.as_ref(), &words);
            format!("{handle} becomes {given}.")
        }
        Change::End(grant) => {
            let ended = in_words(grant.role, grant.over.as_ref(), &words);
            let of = principals::handles(&identity, vec![grant.principal]).await?;
            let of = of.get(&grant.principal).map_or("Somebody", Handle::as_str);
            format!("{of} is no longer {ended}.")
        }
        Change::Off(handle, _) => format!(
            "{handle} is turned off: all sessions and tokens end, and nobody can undo it here."
        ),
    };
    let frame = Frame::own("Do this?", "people", &actor);
    let page = ConfirmPage {
        frame: &frame,
        wish: &wish,
        text: &text,
    };
    Ok(render(StatusCode::OK, &page, &frame))
}

/// `POST /people/confirm`: does it.
pub(super) async fn act(
    State(identity): State<Identity>,
    State(inventory): State<Inventory>,
    SignedIn(actor): SignedIn,
    Form(wish): Form<Wish>,
) -> Result<Response, Failure> {
    if let Err(error) = grants::may_give(&identity, &actor) {
        return or_step_up(error, &wish.address());
    }
    match change((&identity, &inventory), &actor, &wish).await? {
        Change::Give(_, new) => drop(grants::give(&identity, &actor, new).await?),
        Change::End(grant) => grants::end(&identity, &actor, grant.id).await?,
        Change::Off(_, id) => principals::deactivate(&identity, &actor, id).await?,
    }
    Ok(see_other("/people"))
}

async fn change(
    (identity, inventory): (&Identity, &Inventory),
    actor: &Actor,
    wish: &Wish,
) -> Result<Change, Failure> {
    let unread = || {
        let message = "this is not filled in as it has to be: go back, and try again";
        Failure::plain(Kind::Malformed, message)
    };
    if wish.what == "end" {
        let id = wish.id.parse().map_err(|_| unread())?;
        return Ok(Change::End(grants::get(identity, actor, id).await?));
    }
    let handle: Handle = wish.handle.trim().parse().map_err(|_| unread())?;
    let found = principals::by_handle(identity, &handle).await?;
    let found = found.ok_or(IdentityError::NoPrincipal)?;
    match wish.what.as_str() {
        "off" => Ok(Change::Off(handle, found.id)),
        "give" => {
            let over = match wish.over.split_once(':') {
                None if wish.over == "everything" => None,
                Some(("place", id)) => Some(Charge::Place(id.parse().map_err(|_| unread())?)),
                Some(("item-type", id)) => Some(Charge::Type(id.parse().map_err(|_| unread())?)),
                _ => return Err(unread()),
            };
            let over = match over {
                None => None,
                Some(charge) => Some(inventory.find_charge(actor, charge).await?),
            };
            let new = NewGrant {
                principal: found.id,
                role: Role::parse(&wish.role).ok_or_else(unread)?,
                over,
            };
            Ok(Change::Give(handle, new))
        }
        _ => Err(unread()),
    }
}
