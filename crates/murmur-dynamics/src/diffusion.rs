//! How things spread.
