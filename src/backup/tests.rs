//! The format, and the rules, with values.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs::File;
use std::io::{Read as _, Write as _};

use jiff::SignedDuration;

use super::envelope::{self, Head, ReadHead, Wrap};
use super::model::Part;
use super::{BackupError, BackupId, Status, Success, health, next_in};
use crate::base::Timestamp;
use crate::telemetry::Health;

const KEY: [u8; 32] = [7; 32];
const MIB: usize = 1024 * 1024;

fn head(plain: &[u8]) -> Head {
    Head {
        part: Part::Data,
        id: "20261128T034501.250Z-1a2b3c4d".parse().unwrap(),
        app: "0.1.0".to_owned(),
        schema: "m1".to_owned(),
        ring: "index-1".to_owned(),
        plain_bytes: plain.len() as u64,
        wraps: vec![Wrap {
            by: "kek-1".to_owned(),
            bytes: vec![1, 2, 3],
        }],
    }
}

/// Bytes that do not get smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    envelope::seal(&mut file(plain), &head(plain), &KEY, &mut out).unwrap();
    out
}

fn opened(object: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, BackupError> {
    let read: ReadHead = Head::read(object.get(..64 * 1024).unwrap_or(object), "it")?;
    let mut out = tempfile::tempfile().unwrap();
    let path = std::path::Path::new("out");
    let rest = &object[read.length..];
    envelope::open(rest, &read, (key, "it"), (&mut out, path))?;
    std::io::Seek::rewind(&mut out).unwrap();
    let mut plain = Vec::new();
    out.read_to_end(&mut plain).unwrap();
    Ok(plain)
}

/// Where each chunk begins, behind the head.
fn chunks(object: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut at = Head::read(&object[..64 * 1024], "it").unwrap().length;
    let mut chunks = Vec::new();
    while at < object.len() {
        let mark = u32::from_be_bytes(object[at..at + 4].try_into().unwrap());
        let end = at + 4 + (mark & !(1 << 31)) as usize + 16;
        chunks.push(at..end);
        at = end;
    }
    chunks
}

#[test]
fn what_was_sealed_opens_whatever_its_size() {
    for length in [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 17] {
        let plain = noise(length);
        assert_eq!(opened(&sealed(&plain), &KEY).unwrap(), plain, "{length}");
    }
    let zeros = vec![0; 5 * MIB];
    let object = sealed(&zeros);
    assert!(
        object.len() < 64 * 1024,
        "it is compressed: {}",
        object.len()
    );
    assert_eq!(opened(&object, &KEY).unwrap(), zeros);
}

#[test]
fn cut_off_anywhere_is_named_so() {
    let object = sealed(&noise(3 * MIB));
    let chunks = chunks(&object);
    assert!(chunks.len() > 2, "{chunks:?}");
    let mut ends = vec![0, 5, 15, 16, 40, object.len() - 1];
    // In a chunk, and just between two: what is left is well formed then.
    ends.extend(
        chunks
            .iter()
            .flat_map(|chunk| [chunk.start, chunk.start + 3, chunk.end - 1]),
    );
    for end in ends {
        let error = opened(&object[..end], &KEY).unwrap_err();
        assert!(
            matches!(error, BackupError::Truncated { .. }),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_named_and_nothing_comes_out_whole() {
    let plain = noise(2 * MIB + 5);
    let object = sealed(&plain);
    let mut places: Vec<usize> = (0..200).collect();
    for chunk in chunks(&object) {
        places.extend([chunk.start, chunk.start + 3, chunk.start + 4, chunk.end - 1]);
    }
    for place in places {
        let mut changed = object.clone();
        changed[place] ^= 1;
        let error = opened(&changed, &KEY).unwrap_err();
        let named = match place {
            0..8 => matches!(error, BackupError::NoBackup(_)),
            8..12 => matches!(
                error,
                BackupError::NewerFormat { .. } | BackupError::Damaged { .. }
            ),
            // A length that is too large is like an end that is missing.
            _ => matches!(
                error,
                BackupError::Damaged { .. } | BackupError::Truncated { .. }
            ),
        };
        assert!(named, "{place}: {error}");
    }
}

#[test]
fn chunks_that_were_moved_left_out_doubled_or_added_do_not_open() {
    let object = sealed(&noise(3 * MIB));
    let parts = chunks(&object);
    let head = &object[..parts[0].start];
    let put = |order: &[usize]| {
        let chunks = order.iter().flat_map(|n| &object[parts[*n].clone()]);
        head.iter().chain(chunks).copied().collect::<Vec<u8>>()
    };
    let last = parts.len() - 1;
    let whole: Vec<usize> = (0..=last).collect();
    assert!(opened(&put(&whole), &KEY).is_ok());
    let mut swapped = whole.clone();
    swapped.swap(0, 1);
    let doubled = [&[0][..], &whole].concat();
    let without = whole[1..].to_vec();
    let more = [&whole[..], &[last]].concat();
    for order in [swapped, doubled, without, more] {
        let error = opened(&put(&order), &KEY).unwrap_err();
        assert!(
            matches!(error, BackupError::Damaged { .. }),
            "{order:?}: {error}"
        );
    }
    // The chunks of another object of the same key, whose head says something else.
    let mut other = Vec::new();
    let plain = noise(3 * MIB);
    let renamed = Head {
        app: "0.1.1".to_owned(),
        ..super::tests::head(&plain)
    };
    envelope::seal(&mut file(&plain), &renamed, &KEY, &mut other).unwrap();
    let mixed = [head, &other[head.len()..]].concat();
    let error = opened(&mixed, &KEY).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
}

#[test]
fn another_key_and_a_newer_format_are_named() {
    let mut object = sealed(b"text");
    let error = opened(&object, &[8; 32]).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    object[11] = 2;
    let error = opened(&object, &KEY).unwrap_err();
    let said = error.to_string();
    assert!(
        matches!(
            error,
            BackupError::NewerFormat {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{said}"
    );
    let error = opened(b"SQLite format 3\0", &KEY).unwrap_err();
    assert!(matches!(error, BackupError::NoBackup(_)), "{error}");
}

#[test]
fn a_name_says_when_and_sorts_by_it() {
    let at: Timestamp = "2026-11-28T03:45:01.2504Z".parse().unwrap();
    let id = BackupId::new(at, [0x1a, 0x2b, 0x3c, 0x4d]);
    assert_eq!(id.as_str(), "20261128T034501.250Z-1a2b3c4d");
    let read: BackupId = id.as_str().parse().unwrap();
    assert_eq!((read.made_at(), &read), (id.made_at(), &id));
    let later = BackupId::new(at + SignedDuration::from_millis(1), [0; 4]);
    assert!(later > id);
    for wrong in [
        "",
        "x",
        "20261128T034501.250Z-1a2b3c4",
        "20261328T034501.250Z-1a2b3c4d",
        "../../x",
    ] {
        assert!(wrong.parse::<BackupId>().is_err(), "{wrong}");
    }
}

fn status(last: Option<i64>, failed: Option<i64>, now: Timestamp) -> Status {
    let ago = |mins: i64| now - SignedDuration::from_mins(mins);
    let success = |mins| Success {
        id: BackupId::new(ago(mins), [0; 4]),
        at: ago(mins),
        bytes: 1,
    };
    Status {
        last_success: last.map(success),
        failed: failed.map(|mins| (ago(mins), "the place is away".to_owned())),
        since: Some(ago(10)),
    }
}

#[test]
fn the_next_backup_is_due_by_the_last_and_a_failed_one_is_tried_again_soon() {
    let now: Timestamp = "2026-11-28T03:45:00Z".parse().unwrap();
    let mins = |last, failed| next_in(&status(last, failed, now), 60, now).as_secs() / 60;
    assert_eq!(mins(None, None), 0);
    assert_eq!(mins(Some(10), None), 50);
    assert_eq!(mins(Some(600), None), 0);
    assert_eq!(mins(Some(600), Some(1)), 4);
    assert_eq!(mins(None, Some(9)), 0);
    // The clock was set back by a day.
    assert_eq!(mins(Some(-24 * 60), None), 60);
}

#[test]
fn backups_that_are_old_or_fail_are_a_reason_to_look_and_no_reason_to_stop() {
    let now: Timestamp = "2026-11-28T03:45:00Z".parse().unwrap();
    let at = |last, failed, every| health(&status(last, failed, now), every, now);
    assert_eq!(at(Some(10), None, 60), Health::Ok);
    assert_eq!(
        at(None, None, 60),
        Health::Ok,
        "the service has just started"
    );
    let degraded = |health: Health, part: &str| {
        let Health::Degraded(said) = health else {
            panic!("{health:?}");
        };
        assert!(said.contains(part), "{said}");
    };
    degraded(at(Some(121), None, 60), "one is due every 60 minutes");
    degraded(at(None, None, 4), "there is no backup yet");
    degraded(at(Some(10), Some(1), 60), "the place is away");
}

#[test]
fn a_copy_that_has_no_room_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    super::take::has_room(folder.path(), 0).unwrap();
    let error = super::take::has_room(folder.path(), 1 << 60).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("1099511627840 MiB are needed"), "{said}");
    assert!(matches!(error, BackupError::NoRoom { .. }));
}

#[test]
fn a_copy_of_the_ring_is_overwritten_before_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::write(copy.join("ring.db"), b"wrapped keys").unwrap();
    // Another name of the same bytes shows what became of them.
    let same = folder.path().join("same");
    std::fs::hard_link(copy.join("ring.db"), &same).unwrap();
    super::take::discard(&copy);
    assert!(!copy.exists());
    assert_eq!(std::fs::read(same).unwrap(), [0; 12]);
}
