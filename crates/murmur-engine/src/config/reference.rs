//! The reference page of all configuration keys, generated from the types.

/// The page.
pub fn markdown() -> String {
    todo!()
}
