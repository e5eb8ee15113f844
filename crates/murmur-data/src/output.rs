//! A file or folder that appears whole, under a name that was free, or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::DataError;

/// Something that is being written beside its final name. Dropped before [`keep`](Self::keep), it is removed.
#[derive(Debug)]
pub struct Output {
    partial: PathBuf,
    whole: PathBuf,
}

impl Output {
    /// A new file or folder at `path`; the folders above it are made where they are missing.
    ///
    /// # Errors
    /// [`DataError::Taken`] when something is there; [`DataError::Io`] when the folder above cannot be made.
    pub fn at(path: &Path) -> Result<Self, DataError> {
        check_free(path)?;
        let name = path.file_name().ok_or_else(|| DataError::Taken(path.to_owned()))?;
        let parent = parent_of(path);
        fs::create_dir_all(parent).map_err(|source| DataError::io(parent, source))?;
        let partial = parent.join(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        remove(&partial).map_err(|source| DataError::io(&partial, source))?;
        Ok(Self { partial, whole: path.to_owned() })
    }

    /// Where to write it meanwhile. Nothing is there yet.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Brings what was written to the disk and gives it its name.
    ///
    /// # Errors
    /// When the name has been taken meanwhile, or the disk fails.
    pub fn keep(self) -> Result<(), DataError> {
        check_free(&self.whole)?;
        let parent = parent_of(&self.whole);
        File::open(&self.partial)
            .and_then(|written| written.sync_all())
            .and_then(|()| fs::rename(&self.partial, &self.whole))
            .and_then(|()| File::open(parent)?.sync_all())
            .map_err(|source| DataError::io(&self.whole, source))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `keep` there is nothing; before it, the error that led here says what matters.
        let _ = remove(&self.partial);
    }
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn check_free(path: &Path) -> Result<(), DataError> {
    match path.symlink_metadata() {
        Ok(_) => Err(DataError::Taken(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DataError::io(path, source)),
    }
}

/// Removes a file or folder, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(path: &Path) -> Vec<String> {
        let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_kept_appears_and_what_is_dropped_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/file");
        let output = Output::at(&path).unwrap();
        fs::write(output.partial(), "half").unwrap();
        drop(output);
        assert_eq!(entries(&root.path().join("deep")), Vec::<String>::new());

        let output = Output::at(&path).unwrap();
        fs::create_dir(output.partial()).unwrap();
        fs::write(output.partial().join("table"), "").unwrap();
        assert!(!path.exists());
        output.keep().unwrap();
        assert_eq!(entries(&root.path().join("deep")), ["file"]);
        assert_eq!(entries(&path), ["table"]);
    }

    #[test]
    fn a_name_that_is_taken_is_refused_also_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        let output = Output::at(&path).unwrap();
        fs::write(output.partial(), "new").unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(matches!(Output::at(&path), Err(DataError::Taken(taken)) if taken == path));
        assert!(matches!(output.keep(), Err(DataError::Taken(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(entries(root.path()), ["file"]);
    }
}
