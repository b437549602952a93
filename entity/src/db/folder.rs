//! The thread that folds the log of an SQLite file into it.
//!
//! It also syncs the file, so that little is left to sync when the log has to begin anew and nobody may write.

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

use rusqlite::{Connection, OpenFlags, Row};
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
    /// Syncs the log and folds it, as far as nobody reads what was before. Writers go on meanwhile; if they wrote nothing, all
    /// of it is folded, and the file is synced.
    Fold,
    /// The same, and syncs the file however far it came, so that nobody else has to.
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

impl Folder {
    /// A thread with a connection of its own to the database in this file.
    ///
    /// # Errors
    /// What the database answered; [`Error::Unusable`] when there is no thread to be had.
    pub(super) fn open(file: PathBuf) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&file, flags).map_err(Error::Direct)?;
        connection.busy_timeout(Duration::ZERO).map_err(Error::Direct)?;
        // Where it folds all there is, nobody else syncs the file before the log begins anew.
        connection.pragma_update(None, "synchronous", "FULL").map_err(Error::Direct)?;
        let (sender, asked) = mpsc::channel();
        thread::Builder::new()
            .name("folder".to_owned())
            .spawn(move || serve(&connection, &file, &asked))
            .map_err(|error| Error::Unusable(error.to_string()))?;
        Ok(Self(sender))
    }

    /// Takes a step. If somebody else is in the way it does less, and that is no error.
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

fn serve(connection: &Connection, file: &Path, asked: &Receiver<Asked>) {
    for Asked { step, answer } in asked {
        // Whoever no longer waits does not mind.
        let _ = answer.send(take(step, connection, file));
    }
}

fn take(step: Step, connection: &Connection, file: &Path) -> Result<Log, Error> {
    let mode = if step == Step::Look { "NOOP" } else { "PASSIVE" };
    let log = checkpoint(connection, mode).map_err(Error::Direct)?;
    if step == Step::FoldAndSync {
        sync(file).map_err(SqlxError::Io)?;
    }
    Ok(log)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    // Whether somebody was in the way, then these. Without a log, and where somebody else is folding, both are -1.
    let row = |row: &Row<'_>| Ok(Log { pages: row.get(1)?, folded: row.get(2)? });
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], row)
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
