//! What is wiped is gone: the writable memory of the process is searched for the key.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use freehold::crypto::{RootId, WrappedRoot};
use freehold::store::key_ring::{KeyCondition, Upkeep};
use jiff::SignedDuration;

use super::*;

/// What is looked for is kept in another form, so that it is not found here.
const MASK: u8 = 0x5a;

/// The root key, masked.
async fn root_key(test: &TestStore) -> Vec<u8> {
    let ring = rusqlite::Connection::open(test.folder.path().join("keys/ring.db")).unwrap();
    let sql = "SELECT root_id, wrapper_id, wrapped FROM root_wrap";
    let row = ring.query_row(sql, [], |row| {
        let (root, wrapper_id): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(WrappedRoot {
            root: RootId::new(&root),
            wrapper_id,
            bytes: row.get(2)?,
        })
    });
    let kek = Kek::from_file(&test.folder.path().join("keys/kek.key"), false).unwrap();
    let key = kek.unwrap(&row.unwrap()).await.unwrap();
    key.iter().map(|byte| byte ^ MASK).collect()
}

/// How often the masked bytes stand in writable memory, unmasked.
fn hits(masked: &[u8]) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut piece = vec![0_u8; 1 << 20];
    let own = piece.as_ptr() as usize..piece.as_ptr() as usize + piece.len();
    let mut found = 0;
    for map in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = map
            .split_whitespace()
            .next()
            .unwrap()
            .split_once('-')
            .unwrap();
        let [mut at, to] = [from, to].map(|at| usize::from_str_radix(at, 16).unwrap());
        while at < to {
            let length = piece.len().min(to - at);
            // Some pages of the kernel's cannot be read.
            let Ok(read) = memory.read_at(&mut piece[..length], at as u64) else {
                break;
            };
            let first = masked[0] ^ MASK;
            for (place, window) in piece[..read].windows(masked.len()).enumerate() {
                let same = window[0] == first
                    && window
                        .iter()
                        .zip(masked)
                        .all(|(byte, one)| byte ^ MASK == *one);
                if same && !own.contains(&(at + place)) {
                    found += 1;
                }
            }
            // A key may lie across the end of a piece.
            at += if read == length && at + length < to {
                length - masked.len()
            } else {
                length
            };
        }
    }
    piece.fill(0);
    found
}

#[tokio::test]
async fn keys_that_were_wiped_are_nowhere_in_memory() {
    if on_postgres() {
        return;
    }
    let test = TestStore::new().await;
    let masked = root_key(&test).await;
    assert!(hits(&masked) > 0, "the search finds a key that is in use");
    let file = test.folder.path().join("keys/kek.key");
    std::fs::rename(&file, file.with_extension("away")).unwrap();
    let over = Upkeep {
        ttl: SignedDuration::ZERO,
        ..Upkeep::default()
    };
    test.keys.tend(&over).await;
    assert!(matches!(test.keys.condition(), KeyCondition::Locked { .. }));
    assert_eq!(hits(&masked), 0);
}
