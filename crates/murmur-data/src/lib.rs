//! Readers of users' files and writers of the tables of a run.
//!
//! Invariant: this crate knows files and rows, not the simulation. Every reader says in its errors which file, line
//! and field it could not use and what it expected; what it mends (a self-follow, a missing persona) it counts in a
//! [`Warning`].

pub mod cascades;
pub mod counterfactual;
mod csv_file;
pub mod edges;
mod error;
pub mod graphml;
mod input;
mod list_literal;
mod loading;
pub mod measured;
mod output;
pub mod population;
pub mod script;
pub mod sqlite;
pub mod table;

pub use error::{DataError, Warning};
pub use loading::LOADING;
pub use output::Output;
