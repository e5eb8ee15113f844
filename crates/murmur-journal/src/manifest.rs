//! The manifest: from what a run was made.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a run was made from. Equal manifests make equal tables.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program.
    pub murmur: String,
    /// Version of the layout of the folder and its tables.
    pub format: u32,
    /// The whole configuration in force, defaults included.
    pub config: serde_json::Value,
    /// The files that the configuration names.
    pub inputs: Vec<InputFile>,
    /// The runs from which this one branched off, the first ancestor first; none for a run of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<Ancestor>,
}

/// A run from which another branched off.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ancestor {
    /// Where it lay.
    pub run: PathBuf,
    /// Steps below this one are the ancestor's.
    pub until: u32,
    /// The digest of its journal up to there.
    pub digest: String,
    /// The configuration in force in those steps.
    pub config: serde_json::Value,
}

impl Manifest {
    /// The layout that this version writes.
    pub const FORMAT: u32 = 1;

    /// The manifest of a run of this version.
    pub fn new(config: serde_json::Value, inputs: Vec<InputFile>) -> Self {
        Self {
            murmur: env!("CARGO_PKG_VERSION").to_owned(),
            format: Self::FORMAT,
            config,
            inputs,
            lineage: Vec::new(),
        }
    }
}

/// A file that a run read.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct InputFile {
    /// Where it lay.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

impl InputFile {
    /// Reads the file through to describe it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn describe(path: &Path) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let bytes = io::copy(&mut File::open(path)?, &mut HashWriter(&mut hasher))?;
        let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), bytes, sha256 })
    }
}

/// Lets a hasher take what is copied to it.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
