//! The decisions of the inventory, pure.

use std::num::NonZeroU32;

use super::{Account, Holding, InventoryError, Item, TypeKind};
use crate::base::{Id, Timestamp};

/// What is known of an item when custody is decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct State<'a> {
    pub(super) item: Id<Item>,
    pub(super) kind: TypeKind,
    pub(super) holdings: &'a [Holding],
}

/// A single thing has quantity 1.
pub(super) fn quantity(kind: TypeKind, asked: u32) -> Result<(), InventoryError> {
    if kind.is_single() && asked != 1 {
        let kind = kind.as_str();
        return Err(InventoryError::NotSingle { asked, kind });
    }
    Ok(())
}

/// The loan is `[now, due)`, and must not be empty.
pub(super) fn loan(now: Timestamp, due: Option<Timestamp>) -> Result<(), InventoryError> {
    match due {
        Some(due) if due <= now => Err(InventoryError::DueTooEarly { due, now }),
        _ => Ok(()),
    }
}

/// Decides from which account a check-out takes: the one named, or the only one that keeps the item.
pub(super) fn check_out(
    state: State<'_>,
    from: Option<Account>,
    qty: NonZeroU32,
) -> Result<Account, InventoryError> {
    quantity(state.kind, qty.get())?;
    if state.kind.is_single()
        && let Some(out) = state.holdings.iter().find(|held| held.account.is_out())
    {
        return Err(InventoryError::AlreadyOut {
            item: state.item,
            holder: out.account,
        });
    }
    let kept = |account: Account| matches!(account, Account::Place(_));
    match from.map_or_else(|| only(state, kept), |from| Ok(Some(from)))? {
        Some(account) => enough(state, account, qty),
        None => Err(InventoryError::NoneKept(state.item)),
    }
}

/// Decides from which account a check-in takes: the one named, or the only one that has it out.
pub(super) fn check_in(
    state: State<'_>,
    from: Option<Account>,
    qty: NonZeroU32,
) -> Result<Account, InventoryError> {
    quantity(state.kind, qty.get())?;
    match from.map_or_else(|| only(state, Account::is_out), |from| Ok(Some(from)))? {
        Some(account) => enough(state, account, qty),
        None => Err(InventoryError::NotOut(state.item)),
    }
}

/// Whether `thing` is among `above`, the things its new parent is in, the parent included.
pub(super) fn closes_a_cycle<T>(thing: Id<T>, above: &[Id<T>]) -> bool {
    above.contains(&thing)
}

fn only(
    state: State<'_>,
    fits: impl Fn(Account) -> bool,
) -> Result<Option<Account>, InventoryError> {
    let mut found = state.holdings.iter().filter(|held| fits(held.account));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(InventoryError::Ambiguous(state.item)),
        (first, _) => Ok(first.map(|held| held.account)),
    }
}

fn enough(state: State<'_>, account: Account, qty: NonZeroU32) -> Result<Account, InventoryError> {
    let here = state.holdings.iter().filter(|held| held.account == account);
    let held = here.map(|held| held.qty).sum();
    if held >= i64::from(qty.get()) {
        return Ok(account);
    }
    Err(InventoryError::TooFew {
        item: state.item,
        account,
        held,
        asked: qty.get(),
    })
}
