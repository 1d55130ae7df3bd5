//! Backups that were changed, cut off, made for another key or by a newer program: each is named, and
//! nothing is written over.

use std::path::Path;

use super::{elsewhere, listed, object, refused, run, with_folder};
use crate::support::dav::Dav;
use crate::support::on_postgres;

/// A restore that is refused leaves no database behind; gives what was said.
fn refused_restore(place: &super::Place) -> String {
    let new = tempfile::tempdir().unwrap();
    let folder = new.path().join("new");
    let said = refused(
        place,
        &["backup", "restore", "--into", folder.to_str().unwrap()],
    );
    assert!(!folder.join("freehold.db").exists(), "{said}");
    assert!(!folder.join("keys").exists(), "{said}");
    let verified = refused(place, &["backup", "verify"]);
    assert_eq!(said, verified, "both say the same");
    said
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn every_way_to_spoil_a_backup_is_named_and_nothing_is_written_over() {
    if on_postgres() {
        return;
    }
    let (place, shelf) = with_folder();
    run(&place, &["backup", "now"]);
    for half in ["data", "keys"] {
        let file = object(shelf.path(), half);
        let good = std::fs::read(&file).unwrap();
        let spoilt = |how: &dyn Fn(&mut Vec<u8>), part: &str| {
            change(&file, |bytes| how(bytes));
            let said = refused_restore(&place);
            assert!(said.contains(part), "{half}: {part}: {said}");
            assert!(
                said.contains(file.file_name().unwrap().to_str().unwrap()),
                "{said}"
            );
            std::fs::write(&file, &good).unwrap();
        };
        let middle = good.len() - good.len() / 8;
        spoilt(&|bytes| bytes.truncate(bytes.len() - 1), "is cut off after");
        spoilt(&|bytes| bytes.truncate(middle), "is cut off after");
        spoilt(&|bytes| bytes.truncate(11), "is cut off after 11 bytes");
        spoilt(
            &|bytes| bytes[middle] ^= 1,
            "was changed or is damaged (chunk 0",
        );
        spoilt(&|bytes| bytes.push(0), "something follows it");
        spoilt(
            &|bytes| bytes[11] = 9,
            "has the format 9, and this program reads up to 1",
        );
        spoilt(&|bytes| bytes[0] = 0, "is no backup of Freehold");
        // In the head: everybody can read it, and nobody can change it unseen.
        let version = good
            .windows(7)
            .position(|text| text == b"\"0.1.0\"")
            .unwrap();
        spoilt(
            &|bytes| bytes[version + 5] = b'9',
            "was changed or is damaged (chunk 0",
        );
        let step = good
            .windows(9)
            .position(|text| text == b"\"schema\":")
            .unwrap();
        spoilt(
            &|bytes| bytes[step + 11..step + 15].copy_from_slice(b"9999"),
            "holds a database of a newer version (0.1.0, schema \"m9999",
        );
    }
    run(&place, &["backup", "verify"]);
}

#[tokio::test]
async fn another_key_is_named_with_the_one_that_is_needed_and_the_recovery_key_opens() {
    if on_postgres() {
        return;
    }
    let (mut place, _shelf) = with_folder();
    let path = |name: &str| place.folder.path().join(name).display().to_string();
    let (private, public) = crate::keys::recovery_pair();
    std::fs::write(path("recovery.pub.pem"), public).unwrap();
    std::fs::write(path("recovery.pem"), private).unwrap();
    std::fs::write(path("other.pem"), crate::keys::recovery_pair().0).unwrap();
    let (recovery, other) = (path("recovery.pem"), path("other.pem"));
    let setting = (
        "FREEHOLD__VAULT__RECOVERY_KEY".to_owned(),
        path("recovery.pub.pem"),
    );
    place.environment.push(setting);
    let token = place.token("alice", "caldav");
    run(&place, &["backup", "now"]);

    let key = place.data.join("keys/kek.key");
    let new = tempfile::tempdir().unwrap();
    let folder = new.path().join("new");
    let stranger = elsewhere(&place, &new.path().join("data"));
    let stranger_key = place.folder.path().join("kek.key");
    std::fs::remove_file(&stranger_key).unwrap();
    freehold::crypto::Kek::from_file(&stranger_key, true).unwrap();
    let into = ["backup", "restore", "--into", folder.to_str().unwrap()];
    let said = refused(&stranger, &into);
    assert!(
        said.contains("kek-") && said.contains("but the key file holds kek-"),
        "{said}"
    );
    std::fs::remove_file(&stranger_key).unwrap();
    let said = refused(&stranger, &into);
    assert!(said.contains("vault.key_file"), "{said}");
    let said = refused(
        &stranger,
        &[&into[..], &["--recovery-key", &other]].concat(),
    );
    assert!(said.contains("it is wrapped for recovery-"), "{said}");

    // The key file is lost: the recovery key opens, and a new key file is made.
    std::fs::remove_file(&key).unwrap();
    run(
        &stranger,
        &[&into[..], &["--recovery-key", &recovery]].concat(),
    );
    let restored = super::Place {
        folder: tempfile::tempdir().unwrap(),
        data: folder,
        environment: place.environment.clone(),
        wrap: None,
    };
    run(&restored, &["keys", "rewrap", "--recovery-key", &recovery]);
    let served = restored.serve();
    let dav = Dav::new(&served.url, "alice", &token);
    dav.make_calendar("work").await;
}

#[test]
fn a_restore_writes_over_nothing_and_goes_on_where_one_broke_off() {
    if on_postgres() {
        return;
    }
    let (place, _shelf) = with_folder();
    run(&place, &["backup", "now"]);
    let data = place.data.to_str().unwrap().to_owned();
    let before = std::fs::read(place.data.join("freehold.db")).unwrap();
    let said = refused(&place, &["backup", "restore", "--into", &data]);
    assert!(
        said.contains("is not empty, and a restore writes over nothing"),
        "{said}"
    );
    let served = place.serve();
    let said = refused(&place, &["backup", "restore", "--into", &data]);
    assert!(said.contains("is not empty"), "{said}");
    drop(served);
    let new = tempfile::tempdir().unwrap();
    let note = new.path().join("note");
    std::fs::write(&note, "mine").unwrap();
    let into = ["backup", "restore", "--into", new.path().to_str().unwrap()];
    refused(&place, &into);
    assert_eq!(std::fs::read_to_string(&note).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(new.path()).unwrap().count(), 1);
    assert_eq!(
        std::fs::read(place.data.join("freehold.db")).unwrap(),
        before
    );

    // A new disk, on which an earlier restore broke off.
    std::fs::remove_file(&note).unwrap();
    std::fs::create_dir_all(new.path().join("lost+found")).unwrap();
    std::fs::create_dir_all(new.path().join("restoring/keys")).unwrap();
    std::fs::write(new.path().join("restoring/freehold.db"), "half").unwrap();
    run(&place, &into);
    assert!(!new.path().join("restoring").exists());
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let of = |name: &str| {
        mode(
            &std::fs::metadata(new.path().join(name))
                .unwrap()
                .permissions(),
        )
    };
    for file in ["freehold.db", "keys/ring.db", "keys/kek.key"] {
        assert_eq!(of(file) & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_ring_that_is_older_than_the_data_or_of_another_database_is_refused() {
    if on_postgres() {
        return;
    }
    let (place, shelf) = with_folder();
    run(&place, &["backup", "now"]);
    let ring = object(shelf.path(), "keys");
    let older = std::fs::read(&ring).unwrap();
    run(&place, &["backup", "now"]);
    let newer = std::fs::read(&ring).unwrap();
    std::fs::write(&ring, &older).unwrap();
    let said = refused(&place, &["backup", "verify"]);
    assert!(
        said.contains("needs a key ring that is not older"),
        "{said}"
    );
    let all = listed(&place);
    assert!(!all[0]["keys"].is_null() && all[1]["keys"].is_null());
    let table = run(&place, &["backup", "list"]);
    assert!(
        table.contains("none that fit: it cannot be restored"),
        "{table}"
    );
    std::fs::write(&ring, &newer).unwrap();

    // Another service that shares the key-encryption key and, by mistake, the place.
    let other = crate::support::served::Place::new();
    std::fs::create_dir(other.data.join("keys")).unwrap();
    let key = |place: &super::Place| place.data.join("keys/kek.key");
    std::fs::copy(key(&place), key(&other)).unwrap();
    let mut other = super::to(other, &format!("file:{}", shelf.path().display()));
    other.serve().terminate();
    let said = refused(&other, &["backup", "now"]);
    assert!(
        said.contains("all backups of the other one useless"),
        "{said}"
    );
    assert_eq!(listed(&place), listed(&other));
    run(&place, &["backup", "verify"]);

    // Its ring got there all the same.
    let own = tempfile::tempdir().unwrap();
    let to = format!("file:{}", own.path().display());
    let place_of_other = other.environment.iter_mut();
    for (_, set) in place_of_other.filter(|(name, _)| name == "FREEHOLD__BACKUP__TO") {
        set.clone_from(&to);
    }
    run(&other, &["backup", "now"]);
    std::fs::copy(object(own.path(), "keys"), &ring).unwrap();
    let said = refused(&place, &["backup", "verify"]);
    assert!(
        said.contains("is sealed with the key ring index-"),
        "{said}"
    );
}
