//! A step that comes out differently from what was recorded of it, and settings that differ.

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

/// The first key, dotted, in which two JSON documents differ, with both values, of those at or below `path`.
pub fn first_difference(path: &str, ours: &serde_json::Value, other: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match (ours, other) {
        (Value::Object(ours), Value::Object(others)) => {
            let keys: std::collections::BTreeSet<&String> = ours.keys().chain(others.keys()).collect();
            keys.into_iter().find_map(|key| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let none = Value::Null;
                first_difference(&path, ours.get(key).unwrap_or(&none), others.get(key).unwrap_or(&none))
            })
        }
        _ => (ours != other).then(|| format!("{path} is {ours} there and {other} here")),
    }
}
