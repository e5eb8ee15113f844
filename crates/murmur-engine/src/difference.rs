//! A step that comes out differently from what was recorded of it.

use murmur_core::Step;

/// Where a step that was carried out again first differs from what was recorded.
#[derive(Debug, thiserror::Error)]
#[error(
    "step {step} comes out differently: table {table}{}: {what}. The run was made by another version of the program, or \
     its inputs have changed",
    shard.map(|shard| format!(" (shard {shard})")).unwrap_or_default()
)]
pub struct Difference {
    pub(crate) step: Step,
    pub(crate) table: &'static str,
    pub(crate) shard: Option<u8>,
    pub(crate) what: String,
}
