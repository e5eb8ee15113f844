//! Small simulations whose worlds and tables are held against what the engine promises.

mod measures;
mod phases;
mod tables;
