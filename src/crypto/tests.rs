//! The vault, tested with values.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

const PLACE: RowBinding<'static> = RowBinding {
    table: "t",
    column: "c",
    row: b"1",
};

const ONE: Owner = Owner::Principal([1; 16]);
const OTHER: Owner = Owner::Principal([2; 16]);

/// A vault in which two people have a key.
fn vault() -> Vault {
    let vault = Vault::default();
    vault.add_root(RootId::fresh(), &[7; 32]);
    for owner in [ONE, OTHER] {
        add(&vault, owner, Purpose::Content, 1);
    }
    vault
}

fn add(vault: &Vault, owner: Owner, purpose: Purpose, created_at: i64) -> WrappedKey {
    let key = vault.make_key(owner, purpose, created_at).unwrap();
    vault.add(&key).unwrap();
    key
}

#[test]
fn a_sealed_value_opens_only_at_its_own_place() {
    let vault = vault();
    let sealed = vault.seal(&ONE, &PLACE, b"secret").unwrap();
    assert_eq!(vault.open(&PLACE, &sealed).unwrap().as_slice(), b"secret");
    for elsewhere in [
        RowBinding { row: b"2", ..PLACE },
        RowBinding {
            column: "d",
            ..PLACE
        },
        RowBinding {
            table: "u",
            ..PLACE
        },
    ] {
        let refused = vault.open(&elsewhere, &sealed);
        assert!(matches!(refused, Err(VaultError::DoesNotOpen)));
    }
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let vault = vault();
    let sealed = vault.seal(&ONE, &PLACE, b"secret").unwrap();
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        assert!(vault.open(&PLACE, &bent).is_err(), "byte {at}");
    }
}

#[test]
fn the_newest_key_of_an_owner_seals_and_the_older_ones_open() {
    let vault = vault();
    let before = vault.seal(&ONE, &PLACE, b"before").unwrap();
    let newer = add(&vault, ONE, Purpose::Content, 3);
    add(&vault, ONE, Purpose::Content, 2);
    let after = vault.seal(&ONE, &PLACE, b"after").unwrap();
    assert!(after[2..].starts_with(newer.id.as_str().as_bytes()));
    assert_eq!(vault.open(&PLACE, &before).unwrap().as_slice(), b"before");
    assert_eq!(vault.open(&PLACE, &after).unwrap().as_slice(), b"after");
}

#[test]
fn without_the_keys_of_an_owner_nothing_of_theirs_opens_and_nothing_is_sealed_for_them() {
    let vault = vault();
    let [one, other] = [ONE, OTHER].map(|owner| vault.seal(&owner, &PLACE, b"x").unwrap());
    vault.forget(&ONE);
    let refused = vault.open(&PLACE, &one);
    assert!(matches!(refused, Err(VaultError::UnknownKey(_))));
    let refused = vault.seal(&ONE, &PLACE, b"x");
    assert!(matches!(refused, Err(VaultError::NoKey(ONE))));
    assert_eq!(vault.open(&PLACE, &other).unwrap().as_slice(), b"x");
}

#[test]
fn a_wrapped_key_cannot_be_given_to_another_owner_or_purpose() {
    let vault = vault();
    let key = vault.make_key(ONE, Purpose::Content, 1).unwrap();
    for bent in [
        WrappedKey {
            owner: OTHER,
            ..key.clone()
        },
        WrappedKey {
            purpose: Purpose::Index,
            ..key.clone()
        },
        WrappedKey {
            id: KeyId::new("content-0"),
            ..key.clone()
        },
    ] {
        assert!(matches!(vault.add(&bent), Err(VaultError::DamagedKey(_))));
    }
    let unknown = WrappedKey {
        root: RootId::fresh(),
        ..key
    };
    assert!(matches!(
        vault.add(&unknown),
        Err(VaultError::UnknownRoot(_))
    ));
}

#[test]
fn owners_are_read_again_as_they_are_written() {
    for owner in [Owner::Organisation, ONE] {
        assert_eq!(Owner::from_text(&owner.to_text()), Some(owner));
    }
    assert_eq!(Owner::from_text("nobody"), None);
}

#[tokio::test]
async fn a_wrong_key_file_names_the_key_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name| Kek::from_file(&folder.path().join(name), true).unwrap();
    let (kek, other) = (made("one"), made("other"));
    let wrapped = kek.wrap(&RootId::fresh(), &[7; 32]).await.unwrap();
    assert_eq!(**kek.unwrap(&wrapped).await.unwrap(), [7; 32]);
    let refused = other.unwrap(&wrapped).await.unwrap_err().to_string();
    let given = other.wrap(&RootId::fresh(), &[7; 32]).await.unwrap();
    assert!(refused.contains(&wrapped.wrapper_id), "{refused}");
    assert!(refused.contains(&given.wrapper_id), "{refused}");
}

#[tokio::test]
async fn a_wrapped_root_key_is_bound_to_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let kek = Kek::from_file(&folder.path().join("kek"), true).unwrap();
    let mut wrapped = kek.wrap(&RootId::fresh(), &[7; 32]).await.unwrap();
    wrapped.root = RootId::fresh();
    let refused = kek.unwrap(&wrapped).await;
    assert!(matches!(refused, Err(KekError::Damaged(_))));
}

#[test]
fn a_key_file_is_private_and_reads_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/kek.key");
    assert!(Kek::from_file(&path, false).is_err());
    Kek::from_file(&path, true).unwrap();
    Kek::from_file(&path, false).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&path, "something else").unwrap();
    let refused = Kek::from_file(&path, true);
    assert!(matches!(refused, Err(KekError::Format)));
}

#[test]
fn a_token_is_recognised_by_its_checksum() {
    let calendar = token::Form::personal("fh_cal_");
    let token = token::Token::new(calendar);
    let text = token.expose();
    assert_eq!(text.len(), 7 + 30 + 6);
    assert!(token::is_well_formed(calendar, text));
    assert!(!token::is_well_formed(
        token::Form::personal("fh_api_"),
        text
    ));
    let mut bent = text.to_owned().into_bytes();
    bent[10] = if bent[10] == b'a' { b'b' } else { b'a' };
    assert!(!token::is_well_formed(
        calendar,
        std::str::from_utf8(&bent).unwrap()
    ));
    assert_eq!(format!("{token:?}"), "Token(redacted)");
}

#[test]
fn what_a_browser_carries_has_256_random_bits() {
    let session = token::Form::session("fh_ses_");
    let token = token::Token::new(session);
    let text = token.expose();
    assert_eq!(text.len(), 7 + 43 + 6);
    assert!(43.0 * 62_f64.log2() >= 256.0);
    assert!(token::is_well_formed(session, text));
    let shorter = token::Token::new(token::Form::personal("fh_ses_"));
    assert!(!token::is_well_formed(session, shorter.expose()));
}

#[test]
fn look_up_hashes_differ_by_domain() {
    let vault = vault();
    let refused = vault.look_up_hash("uid", b"x");
    assert!(matches!(refused, Err(VaultError::Missing(_))));
    add(&vault, Owner::Organisation, Purpose::Index, 1);
    let one = vault.look_up_hash("uid", b"x").unwrap();
    assert_eq!(one, vault.look_up_hash("uid", b"x").unwrap());
    assert_ne!(one, vault.look_up_hash("mail", b"x").unwrap());
}
