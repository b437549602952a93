//! A copy of the source in which guards are missing.

use std::{fs, io, path::Path, path::PathBuf};

/// What is no source.
const LEFT_OUT: &[&str] = &[".git", "target"];

/// A folder with all of the source and what was built from it.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Brings the copy up to date. It is kept, so that the next one compiles only what changed.
    pub(crate) fn copy(source: &Path) -> io::Result<Self> {
        let folder = source.join("target/guards");
        let tree = Self { root: folder.join("source"), target: folder.join("target") };
        copy(source, &tree.root)?;
        Ok(tree)
    }

    /// Makes an edit, does something, and takes the edit back. An error says why the edit cannot be made.
    pub(crate) fn edited<T>(
        &self,
        file: &str,
        find: &str,
        replace: &str,
        work: impl FnOnce() -> T,
    ) -> Result<T, String> {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        match text.matches(find).count() {
            1 => {}
            count => return Err(format!("found {count} times")),
        }
        let write = |text: &str| fs::write(&path, text).map_err(|error| format!("{file}: {error}"));
        write(&text.replace(find, replace))?;
        let result = work();
        write(&text)?;
        Ok(result)
    }
}

/// Files that are the same stay as they are, with their times; those that are gone go.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            let bytes = fs::read(entry.path())?;
            if fs::read(&to).ok().as_ref() != Some(&bytes) {
                fs::write(&to, bytes)?;
            }
        }
    }
    Ok(())
}
