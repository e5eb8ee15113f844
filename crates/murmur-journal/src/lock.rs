//! One process at a time: the locks of files.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::Duration;

/// Takes the lock of a file; `false` when somebody else has it. A process that this one is just starting has copies of
/// all its open files for a moment, so one that was closed may seem to be in use: hence a few tries.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(source)) => return Err(source),
        }
    }
    Ok(false)
}
