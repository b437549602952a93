//! Syncs the log of an SQLite file apart from the commits that write it.
//!
//! A thread does it, for everybody at once who waits for that (see `durable`).
//!
//! After a sync that failed the system may count as written what is not: another sync would not help. Then nothing more is
//! acknowledged until all of the log was folded into the file, and the log has begun anew.

use std::{
    fs::File,
    io, iter,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use sea_orm::SqlxError;
use tokio::sync::oneshot;

use crate::Error;

/// Whoever waits for a sync that begins after they asked.
type Waiting = oneshot::Sender<Result<(), io::ErrorKind>>;

/// The thread that syncs one log. Clones stand for the same; it ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    waiting: Sender<Waiting>,
    /// Syncs that failed so far.
    failures: Arc<AtomicU64>,
    /// How many of them had failed when the log began anew.
    made_up_for: Arc<AtomicU64>,
}

impl Disk {
    /// A thread for the log of the database in this file.
    ///
    /// # Errors
    /// [`Error::Unusable`] when there is no thread to be had.
    pub(super) fn open(database: &str) -> Result<Self, Error> {
        let log = PathBuf::from(format!("{database}-wal"));
        let (waiting, requests) = mpsc::channel();
        let failures = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&failures);
        thread::Builder::new()
            .name("disk".to_owned())
            .spawn(move || serve(&log, &requests, &counted))
            .map_err(|error| Error::Unusable(error.to_string()))?;
        Ok(Self { waiting, failures, made_up_for: Arc::default() })
    }

    /// Waits for a sync. Then everything is durable that was committed before, unless there is doubt.
    ///
    /// # Errors
    /// What the system answered.
    pub(super) async fn sync(&self) -> Result<(), Error> {
        let synced = self.ask().await;
        synced.unwrap_or(Err(io::ErrorKind::BrokenPipe)).map_err(|kind| SqlxError::Io(kind.into()).into())
    }

    /// The same on a thread that may wait: whether everything is durable that was committed before.
    pub(super) fn is_durable(&self) -> bool {
        matches!(self.ask().blocking_recv(), Ok(Ok(()))) && self.doubt().is_none()
    }

    fn ask(&self) -> oneshot::Receiver<Result<(), io::ErrorKind>> {
        let (waiting, synced) = oneshot::channel();
        // Without the thread there is no answer, which whoever waits hears.
        let _ = self.waiting.send(waiting);
        synced
    }

    /// Syncs that failed so far, if some of them were not made up for. Whoever asks after a sync hears of all before it.
    pub(super) fn doubt(&self) -> Option<u64> {
        let failures = self.failures.load(Ordering::SeqCst);
        (failures > self.made_up_for.load(Ordering::SeqCst)).then_some(failures)
    }

    /// The log has begun anew after so many syncs had failed.
    pub(super) fn began_anew(&self, failures: u64) {
        self.made_up_for.fetch_max(failures, Ordering::SeqCst);
    }
}

/// One sync after the other, each for all who asked before it began.
fn serve(log: &Path, requests: &Receiver<Waiting>, failures: &AtomicU64) {
    // Kept open: a file that is opened later does not hear of what failed before.
    let mut file = None;
    while let Ok(first) = requests.recv() {
        let waiting: Vec<Waiting> = iter::once(first).chain(requests.try_iter()).collect();
        let synced = sync(&mut file, log).map_err(|error| error.kind());
        failures.fetch_add(u64::from(synced.is_err()), Ordering::SeqCst);
        for one in waiting {
            // Whoever no longer waits does not mind.
            let _ = one.send(synced);
        }
    }
}

fn sync(file: &mut Option<File>, log: &Path) -> io::Result<()> {
    let file = match file {
        Some(file) => file,
        None => file.insert(File::open(log)?),
    };
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn doubt_lasts_until_the_log_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("t.db");
        let disk = Disk::open(database.to_str().unwrap()).unwrap();
        assert!(disk.sync().await.unwrap_err().is_environmental(), "there is no log");
        assert_eq!(disk.doubt(), Some(1));
        std::fs::write(directory.path().join("t.db-wal"), "pages").unwrap();
        disk.sync().await.unwrap();
        assert_eq!(disk.doubt(), Some(1), "a sync that succeeds makes up for nothing");
        disk.began_anew(1);
        assert_eq!(disk.doubt(), None);
    }

    #[tokio::test]
    async fn what_fails_while_the_log_begins_anew_is_not_made_up_for() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path().join("t.db").to_str().unwrap()).unwrap();
        disk.sync().await.unwrap_err();
        let failures = disk.doubt().unwrap();
        disk.sync().await.unwrap_err();
        disk.began_anew(failures);
        assert_eq!(disk.doubt(), Some(2));
    }
}
