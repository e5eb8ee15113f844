//! How far the reading of a large file is, told to whoever listens.

use std::path::Path;

/// The target of the events that tell how far the making of a world is; their message is a line for people.
pub const LOADING: &str = "murmur::loading";

/// Rows between two events.
const EVERY: u64 = 100_000;

/// Counts what is read from a file, and says so every 100,000 rows.
pub(crate) struct Counted<'p> {
    path: &'p Path,
    /// What a row is, in the plural.
    what: &'static str,
    rows: u64,
}

impl<'p> Counted<'p> {
    pub(crate) fn new(path: &'p Path, what: &'static str) -> Self {
        Self { path, what, rows: 0 }
    }

    /// One more was read.
    pub(crate) fn add(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(EVERY) {
            let Self { path, what, rows } = self;
            tracing::info!(target: LOADING, "{}: {rows} {what} read", path.display());
        }
    }
}
