//! How opinions move.
