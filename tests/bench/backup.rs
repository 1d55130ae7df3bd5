//! How fast a backup is, and a restore, beside copying the file.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use freehold::backup::{Restore, Shelf};
use freehold::base::random;
use freehold::config::Settings;
use freehold::server::{Rooms, egress, opening_key};

/// The size of the database, in MiB: bytes that do not get smaller, as sealed ones.
const MIB: usize = 256;
const PASSES: usize = 3;

/// MB per second, wall time, of the fastest pass.
pub(crate) struct Measured {
    /// Copying the database's file and making the copy durable.
    pub(crate) floor: f64,
    pub(crate) make: f64,
    pub(crate) restore: f64,
}

pub(crate) fn measure(folder: &Path) -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let (data, shelf) = (folder.join("data"), folder.join("shelf"));
        std::fs::create_dir_all(&shelf).unwrap();
        let mut settings = Settings::default();
        settings.store.data.clone_from(&data);
        settings.backup.to = Some(format!("file:{}", shelf.display()).parse().unwrap());
        // The tables are made; then nobody holds the log while it is filled.
        Rooms::open(&settings).await.unwrap().close().await;
        let database = data.join("freehold.db");
        fill(&database);
        let rooms = Rooms::open(&settings).await.unwrap();
        let bytes = std::fs::metadata(&database).unwrap().len();
        let rate = |time: Duration| mb(bytes) / time.as_secs_f64();
        let (mut floor, mut make, mut restore) = (0_f64, 0_f64, 0_f64);
        let azure = egress::azure(&settings);
        for pass in 0..PASSES {
            floor = floor.max(rate(copy(&database, &folder.join("copy"))));
            let begun = Instant::now();
            rooms.backups.make(|_| ()).await.unwrap();
            make = make.max(rate(begun.elapsed()));
            let key = opening_key(&settings, &azure, None).unwrap();
            let back = Restore::new(Shelf::open(&settings, &azure).unwrap(), key, |_| ());
            let begun = Instant::now();
            let into = folder.join(format!("new{pass}"));
            back.bring_into(None, &into).await.unwrap();
            restore = restore.max(rate(begun.elapsed()));
        }
        rooms.close().await;
        Measured {
            floor,
            make,
            restore,
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn fill(database: &Path) {
    let database = rusqlite::Connection::open(database).unwrap();
    let table = "CREATE TABLE ballast (bytes BLOB NOT NULL)";
    database.execute(table, []).unwrap();
    let mut bytes = vec![0; 1024 * 1024];
    for _ in 0..MIB {
        random::fill(&mut bytes);
        let row = "INSERT INTO ballast (bytes) VALUES (?1)";
        database.execute(row, [&bytes]).unwrap();
    }
    let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
    database.query_row(fold, [], |_| Ok(())).unwrap();
}

fn copy(from: &Path, to: &Path) -> Duration {
    let begun = Instant::now();
    std::fs::copy(from, to).unwrap();
    File::open(to).unwrap().sync_all().unwrap();
    begun.elapsed()
}
