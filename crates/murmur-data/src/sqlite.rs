//! Writes SQLite files: a schema, then rows, in one transaction.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::{Null, ToSqlOutput};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use crate::DataError;

/// A table of the schema.
#[derive(Clone, Debug)]
pub struct SqliteTable<'a> {
    /// Its name; may be a word of SQL.
    pub name: &'a str,
    /// Its columns.
    pub columns: Vec<SqliteColumn<'a>>,
    /// Columns that together are its key; none where a column alone is, or nothing.
    pub key: &'a [&'a str],
}

/// A column of the schema.
#[derive(Clone, Copy, Debug)]
pub struct SqliteColumn<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type and what SQL allows to follow it, as `INTEGER PRIMARY KEY`.
    pub definition: &'a str,
}

/// A cell of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(&'a str),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(Null.into()),
            Self::Integer(number) => Ok((*number).into()),
            Self::Text(text) => Ok((*text).into()),
        }
    }
}

/// An SQLite file being written.
pub struct SqliteFile {
    path: PathBuf,
    connection: Connection,
    inserts: Vec<String>,
}

impl SqliteFile {
    /// Makes the file `path`, which does not exist, with `tables`.
    ///
    /// # Errors
    /// [`DataError::Io`] when the file cannot be written.
    pub fn create(path: &Path, tables: &[SqliteTable<'_>]) -> Result<Self, DataError> {
        let begin = || {
            let connection = Connection::open(path)?;
            // A file that is not whole is thrown away, so nothing need be undone in it.
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN;",
            )?;
            for table in tables {
                connection.execute_batch(&create_statement(table))?;
            }
            connection.set_prepared_statement_cache_capacity(tables.len());
            Ok(connection)
        };
        Ok(Self {
            connection: begin().map_err(|error| failure(path, error))?,
            path: path.to_owned(),
            inserts: tables.iter().map(insert_statement).collect(),
        })
    }

    /// Adds a row to the `table`-th table.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn insert(&self, table: usize, row: &[Cell<'_>]) -> Result<(), DataError> {
        let insert = || self.connection.prepare_cached(&self.inserts[table])?.execute(params_from_iter(row));
        insert().map(|_| ()).map_err(|error| failure(&self.path, error))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn finish(self) -> Result<(), DataError> {
        let Self { path, connection, .. } = self;
        let ended = connection.execute_batch("COMMIT;");
        ended
            .and_then(|()| connection.close().map_err(|(_, error)| error))
            .map_err(|error| failure(&path, error))
    }
}

fn create_statement(table: &SqliteTable<'_>) -> String {
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| format!("{} {}", quoted(column.name), column.definition)).collect();
    if !table.key.is_empty() {
        let key: Vec<String> = table.key.iter().map(|name| quoted(name)).collect();
        parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    format!("CREATE TABLE {} ({});", quoted(table.name), parts.join(", "))
}

fn insert_statement(table: &SqliteTable<'_>) -> String {
    let places = vec!["?"; table.columns.len()].join(", ");
    format!("INSERT INTO {} VALUES ({places})", quoted(table.name))
}

/// A name that may be a word of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failure(path: &Path, error: rusqlite::Error) -> DataError {
    let source = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::Error::new(io::ErrorKind::StorageFull, error),
        _ => io::Error::other(error),
    };
    DataError::io(path, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_a_table_named_by_a_keyword() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sqlite");
        let columns = vec![
            SqliteColumn { name: "order", definition: "INTEGER PRIMARY KEY AUTOINCREMENT" },
            SqliteColumn { name: "say \"hi\"", definition: "TEXT" },
        ];
        let file = SqliteFile::create(&path, &[SqliteTable { name: "select", columns, key: &[] }]).unwrap();
        let rows = [[Cell::Integer(7), Cell::Text("it's\n🧠")], [Cell::Integer(0), Cell::Null]];
        for row in rows {
            file.insert(0, &row).unwrap();
        }
        file.finish().unwrap();

        let read = Connection::open(&path).unwrap();
        let mut statement = read.prepare("SELECT * FROM \"select\" ORDER BY 1").unwrap();
        assert_eq!(statement.column_names().collect::<Vec<_>>(), ["order", "say \"hi\""]);
        let found: Vec<(i64, Option<String>)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(found, [(0, None), (7, Some("it's\n🧠".to_owned()))]);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent/all.sqlite");
        let error = SqliteFile::create(&path, &[]).err().unwrap();
        assert!(matches!(error, DataError::Io { path: named, .. } if named == path));
    }
}
