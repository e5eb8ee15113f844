//! What tests of several files share.

use std::fs;
use std::path::Path;

use crate::layout::{FORMAT, short_checksum};

/// Makes a file look as if a later version had written it.
pub(crate) fn raise_format(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[8..10].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    let sum = short_checksum(&bytes[..16]);
    bytes[16..20].copy_from_slice(&sum);
    fs::write(path, bytes).unwrap();
}
