//! Who is in charge of what: roles over everything, over a place with all that is in it, and over an
//! item type (ID12).
//!
//! Of an item, its place is every place that keeps it or has it on loan. What is with a person or in
//! another item stays with the place that it was last taken from: whoever hands something out can take
//! it back. A move needs the right at both ends.

use super::{Account, Found, Inventory, InventoryError, Item, ItemType, Place, repo};
use crate::base::Id;
use crate::identity::{
    Actor, Granted, Held, Part, Privilege, Role, RoleRule, authorize_over, grants,
};
use crate::store::Conn;

const PLACE: &str = "place";
const TYPE: &str = "item-type";

/// Members and custodians read everything; whoever holds a role over a part reads that part.
pub(super) static READ: RoleRule = RoleRule {
    everywhere: &[Role::Member, Role::Custodian],
    over_part: &[Role::Custodian, Role::Auditor],
    known_to: &[Role::Member, Role::Custodian],
    privilege: Privilege::Read,
};

/// Custodians write.
pub(super) static WRITE: RoleRule = RoleRule {
    everywhere: &[Role::Custodian],
    over_part: &[Role::Custodian],
    known_to: &[Role::Member, Role::Custodian],
    privilege: Privilege::WriteContent,
};

/// A part of the inventory over which a role can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charge {
    /// A place and everything in it.
    Place(Id<Place>),
    /// All items of a type.
    Type(Id<ItemType>),
}

impl Charge {
    /// The same for identity.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::Place(id) => Part::new(PLACE, id),
            Self::Type(id) => Part::new(TYPE, id),
        }
    }

    /// Reads [`Self::part`]; `None` for what is of another room.
    #[must_use]
    pub fn of(part: &Part) -> Option<Self> {
        match part.kind.as_ref() {
            PLACE => Some(Self::Place(Id::from_uuid(part.id))),
            TYPE => Some(Self::Type(Id::from_uuid(part.id))),
            _ => None,
        }
    }
}

impl Inventory {
    /// Whether there is what `charge` names, which stays: nothing in the inventory is deleted.
    ///
    /// # Errors
    /// [`InventoryError::NoPlace`], [`InventoryError::NoType`], [`InventoryError::Refused`] for whoever
    /// may not read it, or the store's.
    pub async fn find_charge(&self, actor: &Actor, charge: Charge) -> Result<Part, InventoryError> {
        match charge {
            Charge::Place(id) => self.place(actor, id).await.map(drop)?,
            Charge::Type(id) => self.item_type(actor, id).await.map(drop)?,
        }
        Ok(charge.part())
    }
}

/// What an actor may do by one rule, in one transaction.
pub(super) struct Warden<'c> {
    conn: &'c Conn,
    rule: &'static RoleRule,
    held: Held,
}

impl<'c> Warden<'c> {
    /// For `actor` by `rule`. Whoever holds no role that could do is refused here already.
    pub(super) async fn of(conn: &'c Conn, actor: &Actor, rule: &'static RoleRule) -> Found<Self> {
        let held = if rule.allows_everywhere(actor.roles) {
            Held {
                everywhere: actor.roles,
                over: Vec::new(),
            }
        } else {
            grants::held(conn, actor).await?
        };
        Ok(Self { conn, rule, held })
    }

    fn is_everywhere(&self) -> bool {
        self.rule.allows_everywhere(self.held.everywhere)
    }

    /// Only a role over everything will do.
    pub(super) fn everywhere<R>(&self, on: Id<R>) -> Found<Granted<R>> {
        Ok(authorize_over(&self.held, self.rule, on, &[])?)
    }

    /// Whether there is a role over any part at all, for lists: each row is then asked for.
    pub(super) fn anywhere(&self) -> Found<()> {
        let over = self.held.over.iter();
        let parts: Vec<Part> = over.map(|(_, part)| part.clone()).collect();
        authorize_over(&self.held, self.rule, nothing(), &[parts])?;
        Ok(())
    }

    /// What was looked for. To whoever may not have it everywhere, what is not there is refused like
    /// what is there and not theirs.
    pub(super) fn found<T>(&self, found: Found<T>) -> Found<T> {
        match found {
            Err(
                InventoryError::NoItem(_) | InventoryError::NoPlace(_) | InventoryError::NoType(_),
            ) if !self.is_everywhere() => {
                authorize_over(&self.held, self.rule, nothing(), &[])?;
                found
            }
            found => found,
        }
    }

    /// The right to something of `of_type`, where there is one, that happens at all of `places`; `None`
    /// among them is outside of every place.
    pub(super) async fn at<R>(
        &self,
        on: Id<R>,
        of_type: Option<Id<ItemType>>,
        places: &[Option<Id<Place>>],
    ) -> Found<Granted<R>> {
        let mut ends = Vec::new();
        if !self.is_everywhere() {
            for place in places {
                ends.push(self.parts(of_type, *place).await?);
            }
            if places.is_empty() {
                ends.push(self.parts(of_type, None).await?);
            }
        }
        Ok(authorize_over(&self.held, self.rule, on, &ends)?)
    }

    /// The right to a whole item, wherever it is.
    pub(super) async fn item(&self, item: &Item) -> Found<Granted<Item>> {
        let mut places = Vec::new();
        if !self.is_everywhere() {
            places = places_of(self.conn, item, |_| true).await?;
        }
        let places: Vec<_> = places.into_iter().map(Some).collect();
        self.at(item.id, Some(item.type_id), &places).await
    }

    /// The right to move some of an item out of `from`, or of wherever it could come, to `to`.
    pub(super) async fn transfer(
        &self,
        item: &Item,
        from: impl Fn(Account) -> bool,
        to: Account,
    ) -> Found<Granted<Item>> {
        let mut places = Vec::new();
        if !self.is_everywhere() {
            places = places_of(self.conn, item, from).await?;
            match to {
                Account::Place(place) | Account::Loan(place) => places.push(place),
                Account::Item(container) => {
                    let container = self.found(repo::item(self.conn, container).await)?;
                    places.extend(places_of(self.conn, &container, |_| true).await?);
                }
                Account::Party(_) | Account::Outside => {}
            }
        }
        let places: Vec<_> = places.into_iter().map(Some).collect();
        self.at(item.id, Some(item.type_id), &places).await
    }

    /// Whether some of the item may be seen: it is enough if one of its places may.
    pub(super) async fn sees(&self, item: &Item) -> Found<()> {
        let mut parts = Vec::new();
        if !self.is_everywhere() {
            parts.push(Charge::Type(item.type_id).part());
            for place in places_of(self.conn, item, |_| true).await? {
                parts.extend(self.parts(None, Some(place)).await?);
            }
        }
        authorize_over(&self.held, self.rule, item.id, &[parts])?;
        Ok(())
    }

    /// The parts that something is in: the item type, the place, and all places around it.
    async fn parts(
        &self,
        of_type: Option<Id<ItemType>>,
        place: Option<Id<Place>>,
    ) -> Found<Vec<Part>> {
        let mut parts = Vec::new();
        parts.extend(of_type.map(|id| Charge::Type(id).part()));
        if let Some(place) = place {
            let around = repo::above_place(self.conn, place).await?;
            parts.extend(around.into_iter().map(|id| Charge::Place(id).part()));
        }
        Ok(parts)
    }
}

/// `row` of a list if it may be seen; nothing if not.
pub(super) fn shown<T, G>(seen: Found<G>, row: T) -> Found<Option<T>> {
    match seen {
        Ok(_) => Ok(Some(row)),
        Err(InventoryError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// For what is about no single thing.
const fn nothing() -> Id<()> {
    Id::from_uuid(uuid::Uuid::nil())
}

/// Where the holdings of `item` are that `which` picks; all of them if it picks none.
async fn places_of(
    conn: &Conn,
    item: &Item,
    which: impl Fn(Account) -> bool,
) -> Found<Vec<Id<Place>>> {
    let accounts = || item.holdings.iter().map(|held| held.account);
    let mut picked: Vec<Account> = accounts().filter(|account| which(*account)).collect();
    if picked.is_empty() {
        picked = accounts().collect();
    }
    let mut places = Vec::new();
    for account in picked {
        let place = match account {
            Account::Place(place) | Account::Loan(place) => Some(place),
            Account::Party(_) | Account::Item(_) | Account::Outside => {
                repo::last_place(conn, item.id).await?
            }
        };
        places.extend(place);
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// Picks the account that the caller named; every account that `else_which` picks when none was.
pub(super) fn named(
    account: Option<Account>,
    else_which: fn(Account) -> bool,
) -> impl Fn(Account) -> bool {
    move |held| account.map_or_else(|| else_which(held), |named| named == held)
}
