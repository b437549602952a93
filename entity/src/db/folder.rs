//! The thread that folds the log of an SQLite file into it.
//!
//! Folding takes milliseconds, many times a second, and nobody waits for it. So the thread stands behind all others: on a
//! busy machine requests had to wait for a processor behind it.

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
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
        let (sender, asked) = mpsc::channel();
        thread::Builder::new()
            .name("folder".to_owned())
            .spawn(move || serve(&connection, file, &asked))
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

fn serve(connection: &Connection, path: PathBuf, asked: &Receiver<Asked>) {
    step_back();
    let mut file = Synced { path, opened: None };
    for Asked { step, answer } in asked {
        // Whoever no longer waits does not mind.
        let _ = answer.send(take(step, connection, &mut file));
    }
}

fn take(step: Step, connection: &Connection, file: &mut Synced) -> Result<Log, Error> {
    if step != Step::Look {
        checkpoint(connection, "PASSIVE").map_err(Error::Direct)?;
    }
    if step == Step::FoldAndSync {
        file.sync().map_err(SqlxError::Io)?;
    }
    // Folding does not tell how much there is when somebody else is at it.
    checkpoint(connection, "NOOP").map_err(Error::Direct)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    // Whether somebody was in the way, then these. Without a log both are -1.
    let row = |row: &Row<'_>| Ok(Log { pages: row.get(1)?, folded: row.get(2)? });
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], row)
}

/// The file of the database. It is never closed: with one descriptor of a file a process gives away the locks that it has
/// through all others (sqlite.org/howtocorrupt.html, 2.2).
struct Synced {
    path: PathBuf,
    opened: Option<ManuallyDrop<File>>,
}

impl Synced {
    fn sync(&mut self) -> io::Result<()> {
        let file = match &mut self.opened {
            Some(file) => file,
            none => none.insert(ManuallyDrop::new(File::open(&self.path)?)),
        };
        file.sync_data()
    }
}

/// Puts this thread behind all others. Where that is refused it is as before.
#[cfg(target_os = "linux")]
fn step_back() {
    const LAST: i32 = 19;
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LAST);
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_thread_stands_behind_others_and_nobody_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        std::fs::write(&file, "").unwrap();
        let folder = Folder::open(file).unwrap();
        // It takes its place before it takes a step.
        folder.ask(Step::FoldAndSync).await.unwrap();
        let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
        let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.join("stat")).ok());
        for stat in stats {
            // The second field is the name and may hold anything; the 19th says how nice it is.
            let (name, fields) = stat.rsplit_once(") ").unwrap();
            let nice: i32 = fields.split(' ').nth(16).unwrap().parse().unwrap();
            assert_eq!(nice > 0, name.ends_with("(folder"), "{stat}");
        }
    }
}
