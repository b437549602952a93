//! Tells whether anybody has committed to an SQLite file.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::Error;

/// A connection for nothing else: those that commit do not count what they do themselves.
#[derive(Debug)]
pub(super) struct Commits(Mutex<Option<Connection>>);

impl Commits {
    /// Those to the database in this file, which is there.
    ///
    /// # Errors
    /// What the database answered.
    pub(super) fn open(file: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(Error::Direct)?;
        // Whoever asks is on a thread that must not wait.
        connection.busy_timeout(Duration::ZERO).map_err(Error::Direct)?;
        // Now rather than while somebody waits for the number: opens the log, too.
        number(&connection).map_err(Error::Direct)?;
        Ok(Self(Mutex::new(Some(connection))))
    }

    /// A number that is another one whenever anybody has committed since it was asked for last. Nothing when it is not to
    /// be had, because somebody recovers the log. In place: it takes a few microseconds.
    pub(super) fn number(&self) -> Option<i64> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Never asked of another connection, which would count from somewhere else.
        number(connection.as_ref()?).ok()
    }

    /// Closes the connection. From then on there is no number.
    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn number(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_changes_the_number_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        let other = Connection::open(&file).unwrap();
        other.pragma_update(None, "journal_mode", "WAL").unwrap();
        other.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let commits = Commits::open(&file).unwrap();
        let before = commits.number();
        assert!(before.is_some());
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(commits.number(), before, "nothing is committed yet");
        other.execute_batch("COMMIT").unwrap();
        let after = commits.number();
        assert!(after.is_some() && after != before);
        other.query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(commits.number(), after);
        commits.close();
        assert_eq!(commits.number(), None);
    }
}
