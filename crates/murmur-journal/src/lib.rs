//! The run folder: what a run leaves on disk, and how it gets there whole or not at all.
//!
//! A run is a folder that appears with its manifest by one rename; files in it appear by a rename of their own. So what
//! carries its final name is complete, whenever the process was stopped. The exception is the [journal](JournalWriter),
//! which grows step by step: what lies behind its last commit counts for nothing.
//!
//! Invariants: nothing here reads a clock: a folder's content is a function of the configuration, the inputs and the
//! version of the program. The journal knows bytes, not the simulation: tables are numbers to it.

mod batch;
mod checkpoint;
pub mod columns;
mod commit;
mod error;
mod folder;
mod layout;
mod lock;
mod manifest;
mod reader;
mod replies;
#[cfg(test)]
mod test;
mod varint;
mod writer;

pub use batch::{Batch, Digest, Shard, TableId};
pub use checkpoint::{
    Checkpoint, Latest, checkpoints, latest_checkpoint, prune_checkpoints, read_checkpoint, write_checkpoint,
};
pub use error::JournalError;
pub use folder::{OpenedFolder, RunError, RunFolder};
pub use manifest::{Ancestor, InputFile, Manifest};
pub use reader::{JournalReader, StepBatches, Tables};
pub use replies::{LedgerEntry, Place, ReplyIndex, ReplyKey, ReplyLedger, StepReplies};
pub use writer::{Durability, JournalWriter, Recovered, Settings};
