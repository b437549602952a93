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
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Looks how long the log is.
    Look,
    /// If somebody writes within a moment: waits until the log is durable, and folds what was in it before, without a sync.
    Fold,
    /// Syncs the log and folds it, as far as nobody reads what was before. Writers go on meanwhile; if they wrote nothing, all
    /// of it is folded, and the file is synced.
    FoldCarefully,
    /// Syncs the file, so that nobody else has to.
    Sync,
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
struct Tools<M, D> {
    /// Never syncs. So it must fold neither what may not be durable yet nor the last of the log: only behind a mark.
    quick: Connection,
    /// Syncs the log before it folds, and the file after it has folded the last of the log; and sets marks for the other.
    careful: Connection,
    file: PathBuf,
    moment: M,
    log_is_durable: D,
}

impl Folder {
    /// A thread with connections of its own to the database in this file. `moment` gives others a moment to write;
    /// `log_is_durable` waits until everything is durable that is in the log, and returns whether it is.
    ///
    /// # Errors
    /// What the database answered; [`Error::Unusable`] when there is no thread to be had.
    pub(super) fn open(
        file: PathBuf,
        moment: impl Fn() + Send + 'static,
        log_is_durable: impl Fn() -> bool + Send + 'static,
    ) -> Result<Self, Error> {
        let tools = Tools {
            quick: connect_quick(&file).map_err(Error::Direct)?,
            careful: connect(&file, "FULL").map_err(Error::Direct)?,
            file,
            moment,
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

fn serve(tools: &Tools<impl Fn(), impl Fn() -> bool>, asked: &Receiver<Asked>) {
    for Asked { step, answer } in asked {
        // Whoever no longer waits does not mind.
        let _ = answer.send(tools.take(step));
    }
}

impl<M: Fn(), D: Fn() -> bool> Tools<M, D> {
    fn take(&self, step: Step) -> Result<Log, Error> {
        let log = match step {
            Step::Look => self.look(),
            Step::Fold => self.fold(),
            Step::FoldCarefully => checkpoint(&self.careful, "PASSIVE"),
            Step::Sync => {
                sync(&self.file).map_err(SqlxError::Io)?;
                self.look()
            }
        };
        log.map_err(Error::Direct)
    }

    fn look(&self) -> rusqlite::Result<Log> {
        checkpoint(&self.quick, "NOOP")
    }

    /// A mark is a transaction that reads: nobody folds what was committed after it began, and the log does not begin anew.
    /// (Where all was folded before, it reads the file alone: then the log may begin anew, but nobody folds anything.)
    fn fold(&self) -> rusqlite::Result<Log> {
        let mark = self.careful.unchecked_transaction()?;
        mark.prepare_cached("PRAGMA schema_version")?.query_row([], |_| Ok(()))?;
        let marked = self.look()?;
        (self.moment)();
        let log = self.look()?;
        // What was written since the mark is left, so this is not the last of the log.
        let is_left = (0..log.pages).contains(&marked.pages);
        if is_left && (self.log_is_durable)() { checkpoint(&self.quick, "PASSIVE") } else { Ok(log) }
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
    use std::fs;

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

    /// The log before and after something was folded.
    async fn folded(
        file: &Path,
        moment: impl Fn() + Send + 'static,
        log_is_durable: impl Fn() -> bool + Send + 'static,
    ) -> (Log, Log) {
        let folder = Folder::open(file.to_owned(), moment, log_is_durable).unwrap();
        (folder.ask(Step::Look).await.unwrap(), folder.ask(Step::Fold).await.unwrap())
    }

    #[tokio::test]
    async fn what_is_durable_is_folded_and_nothing_that_came_later() {
        let (_directory, file, other) = stage();
        let (before, after) = folded(&file, move || write(&other), || true).await;
        assert_eq!(before.folded, 0);
        assert!(after.pages > before.pages);
        assert_eq!(after.folded, before.pages);
    }

    #[tokio::test]
    async fn nothing_is_folded_that_may_not_be_durable() {
        let (_directory, file, other) = stage();
        let (before, after) = folded(&file, move || write(&other), || false).await;
        assert!(after.pages > before.pages);
        assert_eq!(after.folded, 0);
    }

    #[tokio::test]
    async fn where_nobody_writes_nothing_is_folded() {
        let (_directory, file, _other) = stage();
        let (before, after) = folded(&file, || (), || true).await;
        assert_eq!((after.pages, after.folded), (before.pages, 0));
    }

    /// The file may lose all that was folded without a sync: everything is in the log.
    #[tokio::test]
    async fn nothing_is_lost_with_the_power() {
        for writes in [0, 1] {
            let (directory, file, other) = stage();
            let (lost, left) = (directory.path().join("lost.db"), directory.path().join("lost.db-wal"));
            fs::copy(&file, &lost).unwrap();
            let meanwhile = Connection::open(&file).unwrap();
            let moment = move || (0..writes).for_each(|_| write(&meanwhile));
            folded(&file, moment, || true).await;
            write(&other);
            fs::copy(directory.path().join("t.db-wal"), left).unwrap();
            let count = |connection: &Connection| -> i64 {
                connection.query_row("SELECT count(*) FROM page", [], |row| row.get(0)).unwrap()
            };
            assert_eq!(count(&Connection::open(lost).unwrap()), count(&other));
        }
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
