//! How many bytes columns, maps and texts take on the heap, for the account of a run's memory.

use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of a column's room, what its elements themselves point to not counted.
pub fn of_column<T>(column: &Vec<T>) -> usize {
    column.capacity() * size_of::<T>()
}

/// Bytes of a map's table, what its entries themselves point to not counted: an eighth of the places stays free, and
/// each takes a byte of its own.
pub fn of_map<K, V, S>(map: &HashMap<K, V, S>) -> usize {
    map.capacity() / 7 * 8 * (size_of::<(K, V)>() + 1)
}

/// Bytes of a shared text, with the two counts of those who share it.
pub fn of_text(text: &Arc<str>) -> usize {
    text.len() + 2 * size_of::<usize>()
}
