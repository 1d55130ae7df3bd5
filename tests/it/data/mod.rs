//! What is stored, column by column: each column of the real database is declared in one table, which
//! also writes `docs/data.md`. Names, addresses and titles are nowhere unsealed (ID5, CRY1).

mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use freehold::store::Row;

use crate::support::{TestStore, on_postgres};
use table::{Holds, TABLES};

const SQLITE: &str = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
const POSTGRES: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                        WHERE table_schema = current_schema()";

/// The columns of the real database, by table, in alphabetical order.
async fn columns() -> BTreeMap<String, Vec<String>> {
    let test = TestStore::new().await;
    let sql = if on_postgres() { POSTGRES } else { SQLITE };
    let found = test.store.read((), |at, ()| async move {
        let row = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
        at.fixed(sql, vec![], row).await
    });
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in found.await.unwrap() {
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
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/data.md");
    if std::env::var_os("FREEHOLD_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path, page()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page(),
        "write it anew: FREEHOLD_BLESS=1 cargo test --test it data"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# What is stored\n\n\
         Written by `FREEHOLD_BLESS=1 cargo test --test it data`; a test compares it with the \
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
