//! The migrator: ordered steps, each once, all that are missing in one transaction.
//!
//! Before it changes a SQLite database that already holds something, it copies the file beside it
//! (`before-STEP.db`, for its owner only): putting that copy back is the roll-back. The newest three
//! of these copies are kept.

use std::fs::{DirEntry, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use sea_orm::sea_query::{Alias, ColumnDef, Expr, Query, Table};
use sea_orm::{ConnectionTrait as _, DbBackend};

use super::migrations::{ALL, Migration, RING};
use super::{Backend, SqliteOptions, Store, StoreError, Tx, dialect};

/// How many copies from before a migration are kept.
const COPIES_KEPT: usize = 3;

/// The last step that this program knows: the name of its schema.
#[must_use]
pub fn last_step() -> &'static str {
    ALL.last().map_or("", |step| step.name)
}

/// Whether this program knows the step called `name`; it does not open a database with another one.
#[must_use]
pub fn is_known_step(name: &str) -> bool {
    ALL.iter().any(|step| step.name == name)
}

/// Brings the database to the last step this program knows.
pub(super) async fn run(store: &Store) -> Result<(), StoreError> {
    run_steps(store, ALL).await
}

/// Brings the key ring to its last step. It is not copied: the copy would keep destroyed keys.
pub(super) async fn run_ring(ring: &Store) -> Result<(), StoreError> {
    run_each(ring, RING, None).await
}

pub(super) async fn run_steps(
    store: &Store,
    steps: &'static [Migration],
) -> Result<(), StoreError> {
    let copied = match &store.0.backend {
        Backend::Lite(lite) => Some(&lite.options),
        Backend::Postgres(_) => None,
    };
    run_each(store, steps, copied).await
}

async fn run_each(
    store: &Store,
    steps: &'static [Migration],
    copied: Option<&SqliteOptions>,
) -> Result<(), StoreError> {
    let done = store
        .write((), |tx, _: Arc<()>| async move { done(&tx).await })
        .await?;
    let missing = missing(&done, steps)?;
    let Some(first) = missing.first() else {
        return Ok(());
    };
    if let Some(options) = copied
        && !done.is_empty()
    {
        copy_before(&options.database(), &options.folder, first.name)?;
    }
    store
        .write(steps, |tx, steps: Arc<&'static [Migration]>| async move {
            apply(&tx, &steps).await
        })
        .await?;
    tracing::info!(
        steps = missing.len(),
        last = steps.last().map(|m| m.name),
        "migrated"
    );
    Ok(())
}

/// The steps already taken, in order.
async fn done(tx: &Tx) -> Result<Vec<String>, StoreError> {
    if let Some(lock) = dialect::migration_lock(tx.backend()) {
        tx.execute_unprepared(lock).await?;
    }
    let table = Table::create()
        .table(Alias::new("schema_migration"))
        .if_not_exists()
        .col(
            ColumnDef::new(Alias::new("name"))
                .text()
                .not_null()
                .primary_key(),
        )
        .col(
            ColumnDef::new(Alias::new("applied_at"))
                .big_integer()
                .not_null(),
        )
        .to_owned();
    tx.execute(&table).await?;
    tx.fixed(
        "SELECT name FROM schema_migration ORDER BY name",
        vec![],
        |row| row.text(0),
    )
    .await
}

fn missing(
    done: &[String],
    steps: &'static [Migration],
) -> Result<Vec<&'static Migration>, StoreError> {
    if let Some(found) = done
        .iter()
        .find(|name| !steps.iter().any(|step| step.name == **name))
    {
        return Err(StoreError::Newer {
            found: found.clone(),
            known: steps
                .last()
                .map_or_else(String::new, |step| step.name.to_owned()),
        });
    }
    Ok(steps
        .iter()
        .filter(|step| !done.iter().any(|name| name == step.name))
        .collect())
}

async fn apply(tx: &Tx, steps: &'static [Migration]) -> Result<(), StoreError> {
    let done = done(tx).await?;
    for step in missing(&done, steps)? {
        for statement in (step.up)() {
            let sql = statement.to_sql(tx.backend());
            tx.execute_unprepared(&sql).await?;
        }
        let insert = Query::insert()
            .into_table(Alias::new("schema_migration"))
            .columns([Alias::new("name"), Alias::new("applied_at")])
            .values_panic([Expr::value(step.name), Expr::value(tx.now_micros())])
            .to_owned();
        tx.execute(&insert).await?;
    }
    Ok(())
}

/// Copies the database in one pass while nothing else writes, and makes the copy durable.
fn copy_before(database: &Path, folder: &Path, step: &str) -> Result<(), StoreError> {
    let copy = folder.join(format!("before-{step}.db"));
    let part = folder.join(format!("before-{step}.db.part"));
    let failed = |what, path: &Path, source| StoreError::File {
        what,
        path: path.display().to_string(),
        source,
    };
    if part.exists() {
        std::fs::remove_file(&part).map_err(|e| failed("remove", &part, e))?;
    }
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(&part);
    let made = made.map_err(|e| failed("make the copy", &part, e))?;
    let source = rusqlite::Connection::open(database)?;
    source.backup("main", &part, None)?;
    made.sync_all()
        .and_then(|()| std::fs::rename(&part, &copy))
        .map_err(|e| failed("write the copy", &copy, e))?;
    tracing::info!(copy = %copy.display(), "copied the database before migrating it");
    // What is too much costs room and nothing else: the migration goes on.
    if let Err(error) = thin_out(folder) {
        tracing::warn!(%error, "older copies from before a migration are still there");
    }
    Ok(())
}

/// Takes the older copies away.
fn thin_out(folder: &Path) -> std::io::Result<()> {
    let is_copy = |entry: &DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("before-") && name.ends_with(".db")
    };
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_copy(&entry) {
            copies.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    copies.sort_unstable_by(|a, b| b.cmp(a));
    for (_, path) in copies.into_iter().skip(COPIES_KEPT) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

impl super::migrations::Step {
    fn to_sql(&self, backend: DbBackend) -> String {
        use sea_orm::sea_query::{PostgresQueryBuilder as Pg, SqliteQueryBuilder as Lite};
        match (self, backend) {
            (Self::Table(table), DbBackend::Postgres) => table.to_string(Pg),
            (Self::Table(table), _) => table.to_string(Lite),
            (Self::Index(index), DbBackend::Postgres) => index.to_string(Pg),
            (Self::Index(index), _) => index.to_string(Lite),
            (Self::Alter(alter), DbBackend::Postgres) => alter.to_string(Pg),
            (Self::Alter(alter), _) => alter.to_string(Lite),
        }
    }
}
