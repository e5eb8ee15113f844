//! The run folder: what a run leaves on disk, and how it gets there whole or not at all.
//!
//! A run is a folder that appears with its manifest by one rename; every file in it appears by a rename of its own. So
//! what carries its final name is complete, whenever the process was stopped.
//!
//! Invariant: nothing here reads a clock. A folder's content is a function of the configuration, the inputs and the
//! version of the program.

mod folder;
mod manifest;

pub use folder::{RunError, RunFolder};
pub use manifest::{InputFile, Manifest};
