//! The thread that folds the log of an SQLite file into it.
//!
//! Folding takes milliseconds, many times a second, and nobody waits for it. So the thread stands behind others: on a busy
//! machine requests had to wait for a processor behind it.

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
    /// Folds as far as nobody reads what was before. Writers go on meanwhile.
    Fold,
    /// The same, and syncs the file, so that nobody else has to.
    FoldAndSync,
}

/// The log, in pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    /// All of it.
    pub(super) pages: i64,
    /// As much of it as the file holds, too.
    pub(super) folded: i64,
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

    /// Takes a step, and returns the log after it. If somebody else is in the way it does less, and that is no error.
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
    step_back();
    for Asked { step, answer } in asked {
        // Whoever no longer waits does not mind.
        let _ = answer.send(take(step, connection, file));
    }
}

fn take(step: Step, connection: &Connection, file: &Path) -> Result<Log, Error> {
    if step != Step::Look {
        checkpoint(connection, "PASSIVE").map_err(Error::Direct)?;
    }
    if step == Step::FoldAndSync {
        sync(file).map_err(SqlxError::Io)?;
    }
    // Folding does not tell how much there is when somebody else is at it.
    checkpoint(connection, "NOOP").map_err(Error::Direct)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    // Whether somebody was in the way, then these. Without a log both are -1.
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

/// Puts this thread behind others. Where that is refused it is as before.
#[cfg(target_os = "linux")]
fn step_back() {
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

/// How far it stands behind: on a machine that is busy with others alone it still gets its tenth, so that the log does not
/// grow without end.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_thread_stands_behind_others() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        std::fs::write(&file, "").unwrap();
        let folder = Folder::open(file).unwrap();
        // It takes its place before it takes a step.
        folder.ask(Step::FoldAndSync).await.unwrap();
        let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
        let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.join("stat")).ok());
        let nice_of = |stat: String| {
            // The second field is the name and may hold anything; the 19th says how nice it is.
            let (name, fields) = stat.rsplit_once(") ").unwrap();
            (name.ends_with("(folder"), fields.split(' ').nth(16).unwrap().parse::<i32>().unwrap())
        };
        let (ours, others): (Vec<_>, Vec<_>) = stats.map(nice_of).partition(|(is_folder, _)| *is_folder);
        assert!(ours.iter().max() > Some(&(true, others.iter().max().unwrap().1)), "{ours:?} {others:?}");
    }
}
