//! Creating a run folder and putting files into it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Manifest;
use crate::layout::sync_folder;

/// Why a run folder cannot be made or written. The message names the path and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder holds a run already.
    #[error("{} already holds a run: give another --out, or remove it first", .0.display())]
    HoldsRun(PathBuf),
    /// The path is taken by something that is not an empty folder.
    #[error("{} is taken by something that is not an empty folder: give another --out", .0.display())]
    Taken(PathBuf),
    /// There is no run.
    #[error("{} holds no run: expected a folder with a {MANIFEST}", .0.display())]
    NoRun(PathBuf),
    /// A later version of the program made the run.
    #[error("{} has format {found}, this version reads up to {}: use the version that made the run", path.display(), Manifest::FORMAT)]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The manifest is not what it should be.
    #[error("{} is no manifest: {source}", path.display())]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The system refused.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl RunError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// The part of a manifest that all versions share.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

/// A run folder with what its manifest says.
#[derive(Debug)]
pub struct OpenedFolder {
    /// The folder.
    pub folder: RunFolder,
    /// From what the run was made.
    pub manifest: Manifest,
}

/// A folder that belongs to one run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Whether a run could be made at `path`: nothing is there, or an empty folder.
    ///
    /// # Errors
    /// [`RunError::HoldsRun`] or [`RunError::Taken`] when something is there that must not be overwritten.
    pub fn check_free(path: &Path) -> Result<(), RunError> {
        if path.join(MANIFEST).exists() {
            return Err(RunError::HoldsRun(path.to_owned()));
        }
        match fs::read_dir(path) {
            Ok(mut entries) => match entries.next() {
                None => Ok(()),
                Some(_) => Err(RunError::Taken(path.to_owned())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(RunError::Taken(path.to_owned()))
            }
            Err(source) => Err(RunError::Io { path: path.to_owned(), source }),
        }
    }

    /// Makes the folder `path` with its manifest, by one rename of a folder prepared beside it.
    ///
    /// # Errors
    /// When `path` is taken (see [`Self::check_free`]) or the disk cannot be written. Nothing is left behind.
    pub fn create(path: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        Self::create_filled(path, manifest, |_| Ok(()))
    }

    /// As [`Self::create`], with what `fill` puts into the folder before it appears.
    ///
    /// # Errors
    /// As [`Self::create`], and whatever `fill` fails with.
    pub fn create_filled<E: From<RunError>>(
        path: &Path,
        manifest: &Manifest,
        fill: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        Self::check_free(path)?;
        let name = path.file_name().ok_or_else(|| RunError::Taken(path.to_owned()))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(RunError::io(parent))?;
        let prepared = parent.join(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        let made = Self { path: prepared.clone() }.prepare(manifest, fill).and_then(|()| {
            fs::rename(&prepared, path).map_err(RunError::io(path))?;
            Ok(sync_folder(parent).map_err(RunError::io(parent))?)
        });
        if made.is_err() {
            // The error that led here says what matters; what cannot be removed either is no news.
            let _ = fs::remove_dir_all(&prepared);
        }
        made.map(|()| Self { path: path.to_owned() })
    }

    fn prepare<E: From<RunError>>(
        &self,
        manifest: &Manifest,
        fill: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let tables = self.tables();
        fs::create_dir_all(&tables).map_err(RunError::io(&tables))?;
        self.write_json(MANIFEST, manifest)?;
        fill(self)
    }

    /// Whether a run lies at `path`.
    pub fn holds_run(path: &Path) -> bool {
        path.join(MANIFEST).exists()
    }

    /// Removes the summary, by which a finished run is known.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn remove_summary(&self) -> Result<(), RunError> {
        let path = self.path.join(SUMMARY);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(RunError::Io { path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// Writes the summary, by which a finished run is known.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<(), RunError> {
        self.write_json(SUMMARY, summary)
    }

    /// Whether the run is finished: it has a summary.
    pub fn is_finished(&self) -> bool {
        self.path.join(SUMMARY).exists()
    }

    /// Opens the run at `path`.
    ///
    /// # Errors
    /// [`RunError::NoRun`] when none is there, [`RunError::Newer`] when a later version made it, or its manifest cannot
    /// be read.
    pub fn open(path: &Path) -> Result<OpenedFolder, RunError> {
        let file = path.join(MANIFEST);
        let text = match fs::read_to_string(&file) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(RunError::NoRun(path.to_owned()));
            }
            text => text.map_err(RunError::io(&file))?,
        };
        let malformed = |error: serde_json::Error| RunError::Malformed { path: file.clone(), source: error };
        let Format { format } = serde_json::from_str(&text).map_err(malformed)?;
        if format > Manifest::FORMAT {
            return Err(RunError::Newer { path: file, found: format });
        }
        let manifest = serde_json::from_str(&text).map_err(malformed)?;
        Ok(OpenedFolder { folder: Self { path: path.to_owned() }, manifest })
    }

    /// Replaces the manifest, by one rename.
    ///
    /// # Errors
    /// When the disk cannot be written; the former manifest is left as it was.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), RunError> {
        self.write_json(MANIFEST, manifest)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the tables go.
    pub fn tables(&self) -> PathBuf {
        self.path.join("tables")
    }

    /// Where the journal goes.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Writes `value` as readable JSON to the file `name` in the folder, by one rename.
    ///
    /// # Errors
    /// When the disk cannot be written; a former file of that name is left as it was.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let target = self.path.join(name);
        let partial = self.path.join(format!("{name}.partial"));
        let mut text = serde_json::to_string_pretty(value).expect("plain data has a JSON form");
        text.push('\n');
        write_whole(&partial, text.as_bytes())
            .and_then(|()| fs::rename(&partial, &target))
            .and_then(|()| sync_folder(&self.path))
            .map_err(RunError::io(&target))
    }
}

const MANIFEST: &str = "manifest.json";
const SUMMARY: &str = "summary.json";

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InputFile;

    fn manifest() -> Manifest {
        Manifest::new(serde_json::json!({"run": {"seed": 1}}), Vec::new())
    }

    fn entries(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_appears_with_its_manifest_and_leaves_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/run");
        let folder = RunFolder::create(&path, &manifest()).unwrap();
        assert_eq!(entries(&path), ["manifest.json", "tables"]);
        assert_eq!(entries(&root.path().join("deep")), ["run"]);
        folder.write_summary(&serde_json::json!({"posts": 3})).unwrap();
        assert_eq!(entries(&path), ["manifest.json", "summary.json", "tables"]);
        let read: Manifest =
            serde_json::from_str(&fs::read_to_string(path.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(read, manifest());
    }

    #[test]
    fn an_empty_folder_is_taken_over_and_a_full_one_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run");
        fs::create_dir(&path).unwrap();
        RunFolder::create(&path, &manifest()).unwrap();
        assert!(matches!(RunFolder::create(&path, &manifest()), Err(RunError::HoldsRun(_))));

        let other = root.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("thesis.tex"), "years of work").unwrap();
        assert!(matches!(RunFolder::create(&other, &manifest()), Err(RunError::Taken(_))));
        assert_eq!(entries(&other), ["thesis.tex"]);

        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(RunFolder::create(&file, &manifest()), Err(RunError::Taken(_))));
        assert!(matches!(
            RunFolder::create(&file.join("run"), &manifest()),
            Err(RunError::Taken(_) | RunError::Io { .. })
        ));
    }

    #[test]
    fn an_input_is_known_by_its_content() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("input.csv");
        fs::write(&path, "abc").unwrap();
        let input = InputFile::describe(&path).unwrap();
        assert_eq!(input.bytes, 3);
        // The example of FIPS 180-2.
        assert_eq!(input.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
