//! Small simulations whose worlds and tables are held against what the engine promises.

mod backlog;
mod division;
mod grown;
mod inner;
mod interventions;
mod measures;
mod phases;
mod tables;
mod votes;
