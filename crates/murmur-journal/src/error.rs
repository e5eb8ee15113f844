//! What can go wrong with a journal or a checkpoint, in words that name the file and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use murmur_core::Step;

use crate::{ReplyKey, Shard, TableId};

/// Why a journal or a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A journal is there already.
    #[error("{} holds a journal already: open it, or give another folder", .0.display())]
    Exists(PathBuf),
    /// No journal is there.
    #[error("{} holds no journal: expected the file commits.log in it", .0.display())]
    Missing(PathBuf),
    /// Another process writes this journal.
    #[error("{} is being written by another process: wait until it ends, or stop it first", .0.display())]
    InUse(PathBuf),
    /// The file was written by a later version of the program.
    #[error("{} has format {found}, this version reads up to {known}: use the version that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The latest format known here.
        known: u16,
    },
    /// Content that was committed is not there as it was written.
    #[error(
        "{} is damaged at byte {offset}, in step {step}: expected {expected}. All steps before {step} are \
         whole: `murmur fork RUN --at {step} --out NEW` goes on from them, or restore the file from a copy",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes from its beginning.
        offset: u64,
        /// The first step that cannot be read.
        step: Step,
        /// What should have been there.
        expected: &'static str,
    },
    /// A file as a whole cannot be trusted.
    #[error("{} is damaged: expected {expected}. Restore it from a copy, or remove it where an earlier one exists", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What should have been there.
        expected: &'static str,
    },
    /// A line of the reply ledger is not as it was written.
    #[error(
        "{}, line {line}, is damaged: expected {expected}. Restore the file from a copy; or delete the line, and its \
         reply is asked for again where the run may call the model",
        path.display()
    )]
    DamagedReply {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What should have been there.
        expected: &'static str,
    },
    /// A reply is larger than a line of the ledger may be.
    #[error(
        "the reply to call {} of agent {} in step {} has {bytes} bytes as a line of {}: at most {limit} are possible",
        key.call, key.agent, key.step, path.display()
    )]
    ReplyTooLarge {
        /// The file.
        path: PathBuf,
        /// The call.
        key: ReplyKey,
        /// The bytes of its line.
        bytes: usize,
        /// The most that a line can have.
        limit: usize,
    },
    /// Another process has this index of replies open.
    #[error("the index {} is in use by another process: wait until it ends, or give another folder", .0.display())]
    IndexInUse(PathBuf),
    /// The ledgers have changed under an index.
    #[error("the index {} does not fit its ledgers any more: delete the folder, and it is made again", .0.display())]
    StaleIndex(PathBuf),
    /// The disk, the quota or the limit on a file's size is exhausted.
    #[error("no room to write {}: free some and go on; all committed steps are kept", .0.display())]
    Full(PathBuf),
    /// The system refused.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Steps are committed one after the other.
    #[error("step {got} cannot be committed: the next step is {expected}")]
    OutOfOrder {
        /// The step that comes next.
        expected: Step,
        /// The step that was to be committed.
        got: Step,
    },
    /// A table's shard has one batch a step.
    #[error("table {} has two batches for {shard:?} in one step: expected one", table.0)]
    Twice {
        /// The table.
        table: TableId,
        /// The shard.
        shard: Shard,
    },
    /// A batch is larger than the format allows.
    #[error("a batch of table {} has {bytes} bytes: at most {limit} are possible", table.0)]
    TooLarge {
        /// The table.
        table: TableId,
        /// Its bytes.
        bytes: usize,
        /// The most that a batch can have.
        limit: usize,
    },
    /// A former error left the step unfinished.
    #[error("the step being written failed before: abandon it first")]
    Unfinished,
    /// The step is not in the journal.
    #[error("{} holds no step {step}: {}", path.display(), held(*first, *last))]
    NoStep {
        /// The journal's folder.
        path: PathBuf,
        /// The step asked for.
        step: Step,
        /// The first step that is there.
        first: Option<Step>,
        /// The last step that is there.
        last: Option<Step>,
    },
}

fn held(first: Option<Step>, last: Option<Step>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!("it has steps {first} to {last}"),
        _ => "it is empty".to_owned(),
    }
}

impl JournalError {
    /// The error for what the system said of `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full(path.to_owned())
            }
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}
