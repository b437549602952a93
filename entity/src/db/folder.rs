//! The thread that folds the log of an SQLite file into it.
//!
//! SQLite syncs the log before it copies anything from it, and the file once all of the log is in it; commits that sync the
//! log meanwhile wait for either, many times as long as they need by themselves. Neither is needed for what is durable in
//! the log already, as long as some of the log is left to fold: the log can be read again, whatever became of the file. So
//! most folding here goes without a sync, and no further than the log is known to be durable. Whoever folds the last of it
//! syncs the file, before the log begins anew. The thread can do so as well, so that little is left to sync when nobody may
//! write.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Row, config::DbConfig};
use sea_orm::SqlxError;
use tokio::sync::oneshot;

use crate::Error;

/// The thread. It ends with this.
#[derive(Debug)]
pub(super) struct Folder(Sender<Asked>);

#[derive(Debug)]
struct Asked {
    step: Step,
    answer: oneshot::Sender<Result<Log, Error>>,
}

/// What it can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Looks how long the log is.
    Look,
    /// Waits until the log is durable and folds what was in it before, without a sync. Folds nothing if writers wrote nothing
    /// meanwhile.
    Fold,
    /// Syncs the log, folds it as far as nobody reads what was before, and syncs the file. Writers go on meanwhile.
    FoldAndSync,
}

/// The log when a step began, in pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    /// All of it.
    pub(super) pages: i64,
    /// As much of it as the file holds after the step.
    folded: i64,
}

impl Log {
    /// What is only in the log.
    pub(super) fn unfolded(self) -> i64 {
        self.pages - self.folded
    }
}

/// What the thread works with.
struct Tools<D> {
    /// Never syncs. So it must fold neither what may not be durable yet nor the last of the log: only behind a mark.
    quick: Connection,
    /// Syncs the log before it folds, and the file after it has folded the last of the log; and sets marks for the other.
    careful: Connection,
    file: PathBuf,
    log_is_durable: D,
}

impl Folder {
    /// A thread with connections of its own to the database in this file. `log_is_durable` waits until everything is durable
    /// that is in the log, and returns whether it is.
    ///
    /// # Errors
    /// What the database answered; [`Error::Unusable`] when there is no thread to be had.
    pub(super) fn open(file: PathBuf, log_is_durable: impl Fn() -> bool + Send + 'static) -> Result<Self, Error> {
        let tools = Tools {
            quick: connect_quick(&file).map_err(Error::Direct)?,
            careful: connect(&file, "FULL").map_err(Error::Direct)?,
            file,
            log_is_durable,
        };
        let (sender, asked) = mpsc::channel();
        thread::Builder::new()
            .name("folder".to_owned())
            .spawn(move || serve(&tools, &asked))
            .map_err(|error| Error::Unusable(error.to_string()))?;
        Ok(Self(sender))
    }

    /// Takes a step. If somebody else is folding it does less, and that is no error.
    ///
    /// # Errors
    /// What the database or the system answered.
    pub(super) async fn ask(&self, step: Step) -> Result<Log, Error> {
        let (answer, answered) = oneshot::channel();
        let is_asked = self.0.send(Asked { step, answer }).is_ok();
        let answer = if is_asked { answered.await.ok() } else { None };
        answer.unwrap_or_else(|| Err(SqlxError::WorkerCrashed.into()))
    }
}

fn connect_quick(file: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(file, "OFF")?;
    // Whichever connection is closed last would fold the rest.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn connect(file: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

fn serve(tools: &Tools<impl Fn() -> bool>, asked: &Receiver<Asked>) {
    for Asked { step, answer } in asked {
        // Whoever no longer waits does not mind.
        let _ = answer.send(tools.take(step));
    }
}

impl<D: Fn() -> bool> Tools<D> {
    fn take(&self, step: Step) -> Result<Log, Error> {
        match step {
            Step::Look => checkpoint(&self.quick, "NOOP").map_err(Error::Direct),
            Step::Fold => self.fold().map_err(Error::Direct),
            Step::FoldAndSync => {
                let log = checkpoint(&self.careful, "PASSIVE").map_err(Error::Direct)?;
                sync(&self.file).map_err(SqlxError::Io)?;
                Ok(log)
            }
        }
    }

    /// A mark is a transaction that reads: nobody folds what was committed after it began, and the log does not begin anew.
    fn fold(&self) -> rusqlite::Result<Log> {
        let mark = self.careful.unchecked_transaction()?;
        mark.prepare_cached("PRAGMA schema_version")?.query_row([], |_| Ok(()))?;
        let marked = checkpoint(&self.quick, "NOOP")?;
        let is_durable = (self.log_is_durable)();
        let log = checkpoint(&self.quick, "NOOP")?;
        // What the log has got since the mark is left, so this is not the last of it.
        if is_durable && log.pages > marked.pages { checkpoint(&self.quick, "PASSIVE") } else { Ok(log) }
    }
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    // Whether somebody was in the way, then these. Without a log, and where somebody else is folding, both are -1.
    let row = |row: &Row<'_>| Ok(Log { pages: row.get(1)?, folded: row.get(2)? });
    connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?.query_row([], row)
}

/// Syncs a database's file. What is opened for that is never closed: with one descriptor of a file a process gives away the
/// locks that it has through all others (sqlite.org/howtocorrupt.html, 2.2).
fn sync(path: &Path) -> io::Result<()> {
    static OPENED: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match opened.entry(path.to_owned()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(File::open(path)?),
    };
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with some pages in its log, and somebody who writes to it.
    fn stage() -> (tempfile::TempDir, PathBuf, Connection) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        let other = Connection::open(&file).unwrap();
        other.pragma_update(None, "journal_mode", "WAL").unwrap();
        other.execute_batch("CREATE TABLE page (filling BLOB NOT NULL)").unwrap();
        (0..5).for_each(|_| write(&other));
        (directory, file, other)
    }

    fn write(connection: &Connection) {
        connection.execute_batch("INSERT INTO page VALUES (zeroblob(4000))").unwrap();
    }

    /// The log before and after something was folded, while this happened to the log.
    async fn folded(file: PathBuf, log_is_durable: impl Fn() -> bool + Send + 'static) -> (Log, Log) {
        let folder = Folder::open(file, log_is_durable).unwrap();
        (folder.ask(Step::Look).await.unwrap(), folder.ask(Step::Fold).await.unwrap())
    }

    #[tokio::test]
    async fn what_is_durable_is_folded_and_nothing_that_came_later() {
        let (_directory, file, other) = stage();
        let written_meanwhile = move || {
            write(&other);
            true
        };
        let (before, after) = folded(file, written_meanwhile).await;
        assert_eq!(before.folded, 0);
        assert!(after.pages > before.pages);
        assert_eq!(after.folded, before.pages);
    }

    #[tokio::test]
    async fn the_last_of_the_log_is_not_folded_without_a_sync() {
        let (_directory, file, _other) = stage();
        let (before, after) = folded(file, || true).await;
        assert_eq!((after.pages, after.folded), (before.pages, 0));
    }

    #[tokio::test]
    async fn nothing_is_folded_that_may_not_be_durable() {
        let (_directory, file, other) = stage();
        let failed = move || {
            write(&other);
            false
        };
        let (before, after) = folded(file, failed).await;
        assert!(after.pages > before.pages);
        assert_eq!(after.folded, 0);
    }

    #[test]
    fn closing_what_never_syncs_folds_nothing() {
        let (directory, file, other) = stage();
        let quick = connect_quick(&file).unwrap();
        checkpoint(&quick, "NOOP").unwrap();
        drop((other, quick));
        assert!(directory.path().join("t.db-wal").metadata().unwrap().len() > 0);
    }
}
