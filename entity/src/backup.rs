//! A copy of the database as it is at one moment, while everybody goes on working.

use std::{
    fs::{File, remove_file, rename},
    io::ErrorKind,
    path::Path,
};

use sea_orm::ConnectionTrait;

use crate::{
    Database, Error,
    db::{beside, create_private, sql, values},
};

impl Database {
    /// Writes all of an SQLite database into a new file that only its owner can read. The file is there only once it is
    /// whole and on the disk.
    ///
    /// # Errors
    /// [`Error::Unusable`] when there is such a file already or it cannot be written; otherwise what the database answered,
    /// which on PostgreSQL is no.
    pub async fn back_up(&self, file: &Path) -> Result<(), Error> {
        let draft = beside(file, ".part");
        create_private(&draft).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => another(&draft),
            _ => trouble(&draft, &error),
        })?;
        let written = self.write(&draft, file).await;
        if written.is_err() {
            // What is left of it is of no use. If it cannot be removed, the next backup says so.
            let _ = remove_file(&draft);
        }
        written
    }

    async fn write(&self, draft: &Path, file: &Path) -> Result<(), Error> {
        if file.exists() {
            return Err(Error::Unusable(format!("{} is there already: choose another name", file.display())));
        }
        let name = draft.to_str().ok_or_else(|| Error::Unusable("the name of the file is no text".to_owned()))?;
        let reader = self.reader();
        reader.execute_raw(sql(reader, "VACUUM INTO ?", values![name])).await?;
        settle(draft, file).map_err(|error| trouble(file, &error))
    }
}

/// Gives the copy its name once it is on the disk, and makes the name as lasting.
fn settle(draft: &Path, file: &Path) -> std::io::Result<()> {
    File::open(draft)?.sync_all()?;
    rename(draft, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn another(draft: &Path) -> Error {
    let draft = draft.display();
    Error::Unusable(format!(
        "{draft} is there: another backup writes it, or one was cut off, and then it can be removed"
    ))
}

fn trouble(path: &Path, error: &std::io::Error) -> Error {
    Error::Unusable(format!("cannot write {}: {error}", path.display()))
}
