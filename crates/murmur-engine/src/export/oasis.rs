//! A run as OASIS's SQLite file: its tables with its columns, keys and types, so that its users' notebooks open it.

use std::path::Path;

use murmur_core::{Event, Step};
use murmur_data::sqlite::{Cell, SqliteColumn, SqliteFile, SqliteTable};
use murmur_store::{Naming, OasisTable, OasisTables, Rules, Value};

use crate::{EngineError, Run};

/// Writes the steps before `end` into the new file `path`.
pub(super) fn write(run: &Run, end: Step, naming: &Naming, path: &Path) -> Result<(), EngineError> {
    let file = SqliteFile::create(path, &OasisTable::ALL.map(schema_of))?;
    let mut sink = |table: OasisTable, row: &[Value<'_>]| -> Result<(), EngineError> {
        let cells: Vec<Cell<'_>> = row.iter().map(cell).collect();
        Ok(file.insert(table as usize, &cells)?)
    };
    let world = run.start()?.world;
    let clock = world.clock;
    let mut history = OasisTables::begin(world.public.without_vectors(), naming, &mut sink)?;
    run.for_each_step(end, |step, events: &[Event]| {
        history.set_rules(Rules { platform: run.platform_at(step).clone(), clock });
        events.iter().try_for_each(|event| history.add(event, &mut sink))
    })?;
    history.finish(&mut sink)?;
    Ok(file.finish()?)
}

fn cell<'a>(value: &'a Value<'_>) -> Cell<'a> {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(*number),
        Value::Text(text) => Cell::Text(text),
    }
}

fn schema_of(table: OasisTable) -> SqliteTable<'static> {
    let columns = table.columns().iter().enumerate();
    let column = |(place, &name)| SqliteColumn { name, definition: definition(table, place, name) };
    SqliteTable { name: table.name(), columns: columns.map(column).collect(), key: key_of(table) }
}

/// Columns that are a key together. OASIS's `trace` has all its columns for one, so that a second like action of a step
/// fails there after it took effect; here it is traced, and the table has no key but its rowid.
fn key_of(table: OasisTable) -> &'static [&'static str] {
    match table {
        OasisTable::Rec => &["user_id", "post_id"],
        OasisTable::GroupMembers => &["group_id", "agent_id"],
        _ => &[],
    }
}

fn definition(table: OasisTable, place: usize, column: &str) -> &'static str {
    let has_id = !matches!(table, OasisTable::Rec | OasisTable::Trace | OasisTable::GroupMembers);
    match column {
        "product_id" => "INTEGER PRIMARY KEY",
        _ if has_id && place == 0 => "INTEGER PRIMARY KEY AUTOINCREMENT",
        "created_at" | "joined_at" | "sent_at" => "DATETIME",
        "content" | "quote_content" | "user_name" | "name" | "bio" | "report_reason" | "action" | "info"
        | "product_name" => "TEXT",
        "sales" => "INTEGER DEFAULT 0",
        _ if column.starts_with("num_") => "INTEGER DEFAULT 0",
        _ => "INTEGER",
    }
}
