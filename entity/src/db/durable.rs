//! Makes durable what was committed to an SQLite file, apart from the commits.
//!
//! A commit that syncs the log does so while it holds the file's write lock. Here none does: it hands the lock on, and then
//! waits for a sync of the whole log, together with everybody else who has committed meanwhile. So others see a little
//! earlier what was committed. Who decides by it commits behind it in the log, so that the one is never durable without the
//! other; and who tells people of it waits as well, if anything was committed that is not durable yet.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sea_orm::DatabaseConnection;
use tokio::{sync::Mutex, time::sleep};

use super::{
    Database,
    commits::Commits,
    disk::Disk,
    log::{self, Anew},
    turn::Turns,
};
use crate::Error;

/// How often, and how far apart at most, a sync is tried for what is committed already.
const TRIES_MAX: u32 = 5;
const PAUSE_MAX: Duration = Duration::from_millis(25);

/// What it takes. Clones stand for the same.
#[derive(Clone, Debug)]
pub(super) struct Durable {
    disk: Disk,
    turns: Turns,
    writer: DatabaseConnection,
    commits: Arc<Commits>,
    /// The number that `commits` had once, and everything was durable that had been committed then.
    known: Arc<AtomicI64>,
    /// Held by whoever makes the log begin anew: once is enough for all who wait for that.
    mending: Arc<Mutex<()>>,
}

impl Durable {
    /// For the database in this file, which is there.
    ///
    /// # Errors
    /// What the database answered; [`Error::Unusable`] when there is no thread to be had.
    pub(super) fn open(database: &str, turns: Turns, writer: DatabaseConnection) -> Result<Self, Error> {
        let commits = Arc::new(Commits::open(Path::new(database))?);
        // A number that there never is.
        let known = Arc::new(AtomicI64::new(i64::MIN));
        Ok(Self { disk: Disk::open(database)?, turns, writer, commits, known, mending: Arc::default() })
    }

    /// Waits until everything is durable that was committed before.
    ///
    /// # Errors
    /// What the disk answered. Then it is not known what is durable.
    pub(super) async fn wait(&self) -> Result<(), Error> {
        self.disk.sync().await?;
        if self.disk.doubt().is_none() {
            return Ok(());
        }
        let _mending = self.mending.lock().await;
        // Somebody may have done it meanwhile. Then what was committed since was in the sync above.
        let Some(failures) = self.disk.doubt() else { return Ok(()) };
        // Not with the next write: whoever begins to read before that could keep it from beginning anew.
        if !log::begin_anew(&self.writer, &self.turns, Anew::Now).await? {
            return Err(Error::Busy);
        }
        self.disk.began_anew(failures);
        Ok(())
    }

    /// The same, unless it is known to be so. (Intake has always just committed, and need not ask.)
    ///
    /// # Errors
    /// The same.
    pub(super) async fn wait_if_needed(&self) -> Result<(), Error> {
        // Before the sync: what is committed from now on may not be in it.
        let number = self.commits.number();
        if number == Some(self.known.load(Ordering::SeqCst)) {
            return Ok(());
        }
        self.wait().await?;
        number.inspect(|number| _ = self.known.fetch_max(*number, Ordering::SeqCst));
        Ok(())
    }

    /// The same for work that is committed and cannot be undone, so a disk that fails once is no reason to give up.
    ///
    /// # Errors
    /// [`Error::Uncertain`].
    pub(super) async fn wait_after_commit(&self) -> Result<(), Error> {
        for tried in 1..TRIES_MAX {
            if self.wait_if_needed().await.is_ok() {
                return Ok(());
            }
            sleep(PAUSE_MAX * tried / TRIES_MAX).await;
        }
        self.wait_if_needed().await.map_err(Error::into_uncertain)
    }

    /// What syncs the log.
    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Closes the connection that it has.
    pub(super) fn close(&self) {
        self.commits.close();
    }
}

impl Database {
    /// Waits until everything is durable that was stored before: on SQLite, if anything has to be, for a sync of the log.
    /// Elsewhere commits are durable by themselves.
    ///
    /// # Errors
    /// What the disk answered. Then it is not known what is durable.
    pub async fn durable(&self) -> Result<(), Error> {
        match &self.durable {
            Some(durable) => durable.wait().await,
            None => Ok(()),
        }
    }

    /// The same for everything that was read before, whoever stored it. Where nobody has committed since the last sync
    /// there is nothing to wait for.
    ///
    /// # Errors
    /// What the disk answered. Then what was read must not be told to anybody.
    pub async fn seen_is_durable(&self) -> Result<(), Error> {
        match &self.durable {
            Some(durable) => durable.wait_if_needed().await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::{
        Clock, Durability, Options,
        db::{sql, values},
    };

    const LONG: Duration = Duration::from_secs(30);

    async fn open(folder: &std::path::Path, durability: Durability) -> Database {
        let url = format!("sqlite://{}", folder.join("t.db").display());
        let database =
            Database::open(Options { url, durability, create: true, clock: Clock::new(|| 0) }).await.unwrap();
        database.writer.execute_unprepared("CREATE TABLE page (filling BLOB NOT NULL)").await.unwrap();
        database
    }

    const PAGE: &str = "INSERT INTO page VALUES (zeroblob(4000))";

    async fn append(database: &Database) {
        assert_eq!(database.execute_alone(None, || sql(&database.writer, PAGE, vec![]), LONG).await.unwrap(), 1);
    }

    /// Whether there is nothing to wait for.
    fn holds_all(database: &Database) -> bool {
        let Durable { commits, known, .. } = database.durable.as_ref().unwrap();
        commits.number() == Some(known.load(Ordering::SeqCst))
    }

    /// Pages in the log, and how many of them were folded.
    async fn log(database: &Database) -> (i64, i64) {
        let query = sql(&database.writer, "PRAGMA wal_checkpoint(NOOP)", vec![]);
        let row = database.writer.query_one_raw(query).await.unwrap().unwrap();
        (row.try_get("", "log").unwrap(), row.try_get("", "checkpointed").unwrap())
    }

    #[tokio::test]
    async fn a_commit_is_durable_when_it_returns() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Full).await;
        database.durable().await.unwrap();
        let tx = database.begin(LONG).await.unwrap();
        tx.execute_raw(sql(&*tx, PAGE, values![])).await.unwrap();
        tx.commit().await.unwrap();
        assert!(holds_all(&database));
    }

    #[tokio::test]
    async fn a_commit_that_could_not_be_synced_is_uncertain_and_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Full).await;
        fs::remove_file(directory.path().join("t.db-wal")).unwrap();
        let tx = database.begin(LONG).await.unwrap();
        tx.execute_raw(sql(&*tx, PAGE, values![])).await.unwrap();
        assert!(matches!(tx.commit().await, Err(Error::Uncertain(_))));
        database.begin(Duration::ZERO).await.unwrap().rollback().await.unwrap();
    }

    #[tokio::test]
    async fn what_others_committed_is_synced_before_it_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Full).await;
        database.seen_is_durable().await.unwrap();
        assert!(holds_all(&database));
        let other = open_again(directory.path()).await;
        append(&other).await;
        assert!(!holds_all(&database));
        database.seen_is_durable().await.unwrap();
        assert!(holds_all(&database));
        append(&database).await;
        assert!(!holds_all(&database), "what it appends itself");
    }

    /// As another process would.
    async fn open_again(folder: &std::path::Path) -> Database {
        let url = format!("sqlite://{}", folder.join("t.db").display());
        let options = Options { url, durability: Durability::Full, create: false, clock: Clock::new(|| 0) };
        Database::open(options).await.unwrap()
    }

    #[tokio::test]
    async fn after_a_sync_that_failed_the_log_begins_anew_before_anything_is_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Full).await;
        // Whoever opens the log does so where it is.
        append(&database).await;
        let (wal, away) = (directory.path().join("t.db-wal"), directory.path().join("away"));
        fs::rename(&wal, &away).unwrap();
        assert!(database.durable().await.unwrap_err().is_environmental());
        assert!(database.seen_is_durable().await.is_err(), "nobody is told");
        fs::rename(&away, &wal).unwrap();
        let (pages, folded) = log(&database).await;
        assert!(folded < pages);
        let tx = database.begin(LONG).await.unwrap();
        tx.execute_raw(sql(&*tx, PAGE, values![])).await.unwrap();
        // It needs a turn for that.
        tx.commit().await.unwrap();
        assert_eq!(database.durable.as_ref().unwrap().disk.doubt(), None);
        assert_eq!(log(&database).await, (0, 0), "it did not begin anew");
        append(&database).await;
        database.durable().await.unwrap();
        let (pages, folded) = log(&database).await;
        assert!(folded < pages, "without doubt nothing is folded");
    }

    #[tokio::test]
    async fn nothing_is_waited_for_where_nothing_has_to_be_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Normal).await;
        append(&database).await;
        assert!(database.durable.is_none());
        database.durable().await.unwrap();
        database.seen_is_durable().await.unwrap();
    }
}
