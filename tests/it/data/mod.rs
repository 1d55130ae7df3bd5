//! What is stored, column by column: each column of the real database is declared in one table, which
//! also writes `docs/data.md`. Names, addresses and titles are nowhere unsealed (ID5, CRY1).

mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use freehold::identity::{Actor, Scope, principals, tokens};
use freehold::store::{Row, Tx};

use crate::architecture::root;
use crate::support::app::TestApp;
use crate::support::backend::keys;
use crate::support::generated::is_current;
use crate::support::{TestStore, on_postgres};
use table::{Holds, TABLES};

const SQLITE: &str = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
const POSTGRES: &str = "SELECT CASE table_schema WHEN 'freehold_keys' THEN 'keys.' ELSE '' END \
                        || table_name, column_name::text FROM information_schema.columns \
                        WHERE table_schema IN (current_schema(), 'freehold_keys')";

/// The columns of the real database, by table, in alphabetical order.
async fn columns() -> BTreeMap<String, Vec<String>> {
    let test = TestStore::new().await;
    keys(&test.store, test.folder.path()).await;
    let sql = if on_postgres() { POSTGRES } else { SQLITE };
    let found = test.store.read((), |at, ()| async move {
        let row = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
        at.fixed(sql, vec![], row).await
    });
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = found.await.unwrap();
    if !on_postgres() {
        let ring = test.folder.path().join("keys/ring.db");
        let ring = rusqlite::Connection::open(ring).unwrap();
        let mut asked = ring.prepare(SQLITE).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let table: String = row.get(0)?;
            Ok((format!("keys.{table}"), row.get(1)?))
        };
        let rows = asked.query_map([], row).unwrap();
        found.extend(rows.map(Result::unwrap));
    }
    for (table, column) in found {
        tables.entry(table).or_default().push(column);
    }
    for columns in tables.values_mut() {
        columns.sort();
    }
    tables
}

#[tokio::test]
async fn every_column_of_the_database_is_declared_with_what_it_holds() {
    let declared = TABLES.iter().map(|table| {
        let columns = table.columns.iter().map(|(name, _)| (*name).to_owned());
        (table.name.to_owned(), columns.collect())
    });
    let declared: BTreeMap<String, Vec<String>> = declared.collect();
    assert_eq!(
        columns().await,
        declared,
        "declare it in tests/it/data/table.rs; what names people, their addresses or their words \
         has to be sealed"
    );
}

#[test]
fn the_page_about_data_is_what_the_declaration_says() {
    is_current(root().join("docs/data.md"), &page());
}

fn page() -> String {
    let mut page = String::from(
        "# What is stored\n\n\
         Written by `make generate`; a test compares it with the \
         database, column by\ncolumn. Names, e-mail addresses and job titles are in no column. What \
         is personal and not sealed is marked\nso, with the reason.\n",
    );
    for table in TABLES {
        let (name, kept, erased_by) = (table.name, table.kept, table.erased_by);
        let _ = write!(
            page,
            "\n## {name}\n\nKept {kept}. Erased by {erased_by}.\n\n| Column | Holds |\n|---|---|\n"
        );
        for (column, holds) in table.columns {
            let _ = writeln!(page, "| `{column}` | {} |", in_words(*holds));
        }
    }
    page
}

fn in_words(holds: Holds) -> String {
    match holds {
        Holds::Id => "identifiers of ours".to_owned(),
        Holds::Time => "an instant".to_owned(),
        Holds::Count => "a number".to_owned(),
        Holds::Word => "words of the product or of a standard".to_owned(),
        Holds::Digest => "a digest".to_owned(),
        Holds::Sealed(by) => format!("sealed by {by}"),
        Holds::Thing(what) => format!("{what}; not about people, not sealed"),
        Holds::Personal(why) => format!("**personal, not sealed**: {why}"),
    }
}

#[tokio::test]
async fn labels_of_tokens_are_sealed_and_those_from_before_at_the_start() {
    let app = TestApp::with(|_| ()).await;
    app.person("ann").await;
    let identity = &app.rooms.identity;
    let ann = principals::by_handle(identity, &"ann".parse().unwrap()).await;
    let new = tokens::NewToken {
        principal: ann.unwrap().unwrap().id,
        label: "phone of ann".to_owned(),
        scope: Scope::Caldav,
        expires_at: None,
    };
    let of = new.principal;
    let (made, _) = tokens::create(identity, &Actor::operator(), new)
        .await
        .unwrap();
    let plain = async || {
        let sql = "SELECT label, sealed_label FROM personal_token ORDER BY created_at, id";
        let read = app.rooms.store.read((), |at, ()| async move {
            let row = |row: &Row<'_>| Ok((row.text(0)?, row.opt_bytes(1)?));
            at.fixed(sql, vec![], row).await
        });
        let rows: Vec<(String, Option<Vec<u8>>)> = read.await.unwrap();
        let is_sealed = |(label, sealed): &(String, Option<Vec<u8>>)| {
            label.is_empty() && sealed.as_ref().is_some_and(|sealed| sealed.len() > 28)
        };
        rows.iter().filter(|row| !is_sealed(row)).count()
    };
    assert_eq!(plain().await, 0);
    let labels = async || {
        let all = tokens::list(identity, &Actor::operator(), of)
            .await
            .unwrap();
        let mut all: Vec<String> = all.into_iter().map(|one| one.label).collect();
        all.sort();
        all
    };
    assert_eq!(labels().await, ["phone of ann", "test", "test"]);
    let change = |tx: Tx, id: Arc<Vec<u8>>| async move {
        let sql = "UPDATE personal_token SET label = 'from before', sealed_label = NULL \
                   WHERE id = $1";
        tx.fixed_execute(sql, vec![id.to_vec().into()]).await
    };
    let changed = app.rooms.store.write(made.id.to_vec(), change).await;
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(plain().await, 1);
    tokens::seal_labels(identity).await.unwrap();
    assert_eq!(plain().await, 0);
    assert_eq!(labels().await, ["from before", "test", "test"]);
}
