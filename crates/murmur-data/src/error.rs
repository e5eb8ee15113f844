//! What can be wrong with a user's file, and what was mended in it.

use std::path::{Path, PathBuf};

use serde_json::error::Category;

/// A file that cannot be used. The message names the file, the line where there is one, and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be opened, read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is where a new file or folder was to be made.
    #[error("{} exists: give another --out, or remove it first", .0.display())]
    Taken(PathBuf),
    /// The file's content is not what it should be.
    #[error("{}{}: {message}", path.display(), line.map(|line| format!(": line {line}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where the fault is known to lie.
        line: Option<u64>,
        /// What is wrong, naming the field, and what was expected.
        message: String,
    },
}

impl DataError {
    /// A failure of the system on `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A fault in the content of `path` at `line` (from 1).
    pub fn at_line(path: &Path, line: u64, message: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), line: Some(line), message: message.into() }
    }

    /// What serde_json could not read in `path`.
    pub(crate) fn of_json(path: &Path, error: serde_json::Error) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let line = error.line() as u64;
        match error.classify() {
            Category::Io => Self::io(path, error.into()),
            Category::Eof => Self::at_line(path, line, format!("the file is cut short: {message}")),
            Category::Syntax | Category::Data => Self::at_line(path, line, message),
        }
    }

    /// A fault in the content of `path` as a whole.
    pub fn whole(path: &Path, message: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), line: None, message: message.into() }
    }
}

/// Something in a file that was mended, and how often.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// What was found and what was done about it, in the plural: `self-follows dropped`.
    pub what: &'static str,
    /// How many times.
    pub count: usize,
}
