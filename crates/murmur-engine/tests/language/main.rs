//! Runs whose agents language models decide for, against servers within the test.

mod budgets;
mod desk;
mod memory;
mod modes;
mod replays;
mod replies;
mod same;
#[path = "../../../murmur-llm/tests/server/mod.rs"]
mod server;
mod surveys;
mod survival;
