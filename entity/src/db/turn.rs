//! Whose turn it is to write to an SQLite file: the tasks of a process queue for its one writing connection, and the
//! processes queue for the file.
//!
//! SQLite's own lock cannot be waited for, only tried again: whoever tries seldom leaves it idle, and whoever tries often
//! burns a core. So writers queue with two advisory locks, which the kernel hands over at once and frees when their
//! process dies: one is held by whoever is next, one by whose turn it is. Whoever gives its turn away and wants another
//! has to be next first, so nobody is overtaken twice. A third lock says which process folds the log.
//!
//! All this is courtesy. What keeps writers apart is SQLite's lock alone; it is still tried again for whoever does not
//! know of turns.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::{
    sync::{Mutex, Notify, OwnedMutexGuard, oneshot},
    time::timeout,
};

use crate::Error;

/// The queue for one file. Clones stand for the same place in it.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    tasks: Arc<Mutex<()>>,
    files: Arc<Files>,
    waiting: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Files {
    next: File,
    turn: File,
    fold: File,
    /// Notified when a turn ends.
    ended: Arc<Notify>,
}

/// A turn. Dropping it ends it.
#[derive(Debug)]
pub struct Turn {
    files: Arc<Files>,
    /// Let go of after the file.
    _task: OwnedMutexGuard<()>,
}

/// The right to fold the log. Dropping it gives it away.
#[derive(Debug)]
pub(super) struct Folding(Arc<Files>);

/// A task that waits for other processes. It keeps its place among the tasks even if it no longer waits: the next one
/// must not ask for locks that this process is about to get.
struct Waiting {
    task: OwnedMutexGuard<()>,
    answer: oneshot::Sender<Turn>,
}

impl Turns {
    /// The queue for the database in this file. What it locks are empty files beside it.
    ///
    /// # Errors
    /// [`Error::Unusable`] when they cannot be made.
    pub(super) fn open(database: &str) -> Result<Self, Error> {
        let open = |what: &str| {
            let path = PathBuf::from(format!("{database}-{what}"));
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
            file.map_err(|error| Error::Unusable(format!("{}: {error}", path.display())))
        };
        let (next, turn, fold) = (open("next")?, open("turn")?, open("fold")?);
        let files = Arc::new(Files { next, turn, fold, ended: Arc::default() });
        let (waiting, tasks) = mpsc::channel();
        let of_thread = Arc::clone(&files);
        // A thread of its own, because nobody can say how long it waits, and a runtime waits for its threads when it ends.
        thread::Builder::new()
            .name("turns".to_owned())
            .spawn(move || tasks.into_iter().for_each(|waiting: Waiting| waiting.wait(&of_thread)))
            .map_err(|error| Error::Unusable(error.to_string()))?;
        Ok(Self { tasks: Arc::default(), files, waiting })
    }

    /// What is notified whenever a turn of this process ends.
    pub(super) fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.files.ended)
    }

    /// The right to fold the log, if no other process has it: two would be in each other's way.
    pub(super) fn try_fold(&self) -> Option<Folding> {
        (!is_taken(&self.files.fold)).then(|| Folding(Arc::clone(&self.files)))
    }

    /// Waits at most `patience` for a turn.
    ///
    /// # Errors
    /// [`Error::Busy`] when it did not come.
    pub(super) async fn take(&self, patience: Duration) -> Result<Turn, Error> {
        timeout(patience, self.next()).await.ok().flatten().ok_or(Error::Busy)
    }

    async fn next(&self) -> Option<Turn> {
        let task = Arc::clone(&self.tasks).lock_owned().await;
        if self.files.try_take() {
            return Some(Turn { files: Arc::clone(&self.files), _task: task });
        }
        let (answer, turn) = oneshot::channel();
        self.waiting.send(Waiting { task, answer }).ok()?;
        turn.await.ok()
    }
}

impl Waiting {
    fn wait(self, files: &Arc<Files>) {
        files.take();
        // Nobody takes it if nobody waits any more: then it ends here.
        let _ = self.answer.send(Turn { files: Arc::clone(files), _task: self.task });
    }
}

/// Whether somebody else has it; otherwise it is ours now. A file system that cannot lock must do without courtesy, so errors
/// count as success, here and below.
fn is_taken(lock: &File) -> bool {
    matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
}

impl Files {
    /// Takes the turn if nobody has it and nobody is next. Otherwise it may be left next, which [`Self::take`] goes on
    /// from.
    fn try_take(&self) -> bool {
        if is_taken(&self.next) || is_taken(&self.turn) {
            return false;
        }
        let _ = self.next.unlock();
        true
    }

    fn take(&self) {
        let _ = self.next.lock();
        let _ = self.turn.lock();
        let _ = self.next.unlock();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.files.turn.unlock();
        self.files.ended.notify_one();
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        let _ = self.0.fold.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Two processes, as far as the kernel can tell: what locks is the opened file.
    fn two() -> (tempfile::TempDir, Turns, Turns) {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("t.db");
        let open = || Turns::open(database.to_str().unwrap()).unwrap();
        let (one, other) = (open(), open());
        (directory, one, other)
    }

    #[tokio::test]
    async fn a_turn_is_waited_for_and_handed_over() {
        let (_directory, one, other) = two();
        let turn = one.take(LONG).await.unwrap();
        assert!(matches!(other.take(Duration::ZERO).await, Err(Error::Busy)));
        let waiting = tokio::spawn(async move { other.take(LONG).await.map(drop) });
        drop(turn);
        waiting.await.unwrap().unwrap();
        one.take(LONG).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_wants_another_turn_comes_behind_whoever_waits() {
        let (_directory, one, other) = two();
        let turn = one.take(LONG).await.unwrap();
        let waiting = tokio::spawn(async move { other.take(LONG).await });
        // Next is whoever holds that file.
        while one.files.next.try_lock().is_ok() {
            one.files.next.unlock().unwrap();
            tokio::task::yield_now().await;
        }
        drop(turn);
        assert!(!one.files.try_take(), "somebody is next");
        drop(waiting.await.unwrap().unwrap());
        assert!(one.files.try_take());
    }

    #[tokio::test]
    async fn a_free_turn_is_left_to_whoever_is_next() {
        let (_directory, one, other) = two();
        other.files.next.try_lock().unwrap();
        assert!(!one.files.try_take());
        other.files.next.unlock().unwrap();
        assert!(one.files.try_take());
    }

    #[tokio::test]
    async fn a_turn_that_comes_too_late_is_given_away_again() {
        let (_directory, one, other) = two();
        let turn = one.take(LONG).await.unwrap();
        assert!(other.take(Duration::from_millis(20)).await.is_err());
        drop(turn);
        // The place among the tasks is free only when the files are.
        drop(other.take(LONG).await.unwrap());
        drop(one.take(LONG).await.unwrap());
    }

    #[tokio::test]
    async fn one_process_folds_at_a_time_whoevers_turn_it_is() {
        let (_directory, one, other) = two();
        let _turn = other.take(LONG).await.unwrap();
        let folding = one.try_fold().unwrap();
        assert!(other.try_fold().is_none());
        drop(folding);
        assert!(other.try_fold().is_some());
        assert!(one.try_fold().is_some(), "it was given away again");
    }

    #[tokio::test]
    async fn tasks_of_one_process_take_turns() {
        let (_directory, one, _) = two();
        let turn = one.take(LONG).await.unwrap();
        assert!(one.take(Duration::from_millis(20)).await.is_err());
        drop(turn);
        drop(one.take(LONG).await.unwrap());
    }
}
