//! Keeps the log of an SQLite file short.
//!
//! Left to itself the commit that makes the log long folds it into the file, and everybody waits behind that commit: at
//! ten thousand registrations a second every thirty milliseconds. Here a thread does it, beside the writers, who go on
//! appending meanwhile. But a log that always grows never begins anew, so now and then it is folded while nobody writes,
//! when little of it is left to fold, and all that was folded is synced. Should nobody do all this, commits of workers still
//! do it, later.
//!
//! One process folds at a time, for all who write. Two would be in each other's way: the log cannot begin anew while somebody
//! else folds, which one knows only after it has waited for its turn and synced the file.

use std::{convert::Infallible, thread, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::sleep;

use super::{
    Database, Turns,
    durable::Durable,
    folder::{Folder, Step},
    sql, sqlite,
};
use crate::Error;

/// Pages that are only in the log, of 4 KiB, for which folding pays. With more of them it would pay better, and keep a core
/// for so long at a time that requests have to wait for it.
const FOLDED_FROM: i64 = 100;

/// Pages in the log from which on it has to begin anew: about 16 MiB. While it is made ready for that it goes on growing. A few
/// more than the first part of the log's index has room for (4062, sqlite.org/walformat.html): whoever folds what is left
/// behind them need not sort those as well.
const RESTARTED_FROM: i64 = 4100;

/// How often it is folded and synced before that. Each time what was written meanwhile is left, which is less than the time
/// before; what is left at last is folded while nobody may write, and each of its pages takes the disk some time.
const ROUNDS: u32 = 3;

/// About as many pages may be left to fold while nobody may write.
const LEFT_MAX: i64 = 1000;

/// The log is looked at no more often than this.
const INTERVAL: Duration = Duration::from_millis(2);

/// How long writers are given to write once more, so that some of the log can be folded without a sync. If nobody writes all the
/// time, folding can wait.
const MOMENT: Duration = Duration::from_millis(1);

/// How long folding waits for its turn to keep others from writing.
const TURN_PATIENCE: Duration = Duration::from_secs(2);

impl Database {
    /// Folds the log of an SQLite file into it whenever this process has made it long; on PostgreSQL there is nothing to
    /// do. One such task for each process is enough. It ends only with an error.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn keep_log_short(&self) -> Result<Infallible, Error> {
        let Some(turns) = &self.turns else { return std::future::pending().await };
        let written = turns.ended();
        let durable = match &self.durable {
            Some(durable) => durable.clone(),
            // Nobody else waits for it.
            None => Durable::open(&sqlite::location(&self.options.url), turns.clone(), self.writer.clone())?,
        };
        let disk = durable.disk().clone();
        let file = sqlite::file(&self.options.url);
        let folder = Folder::open(file, || thread::sleep(MOMENT), move || disk.is_durable())?;
        loop {
            written.notified().await;
            if durable.disk().doubt().is_some() {
                // It folds all there is. What is folded meanwhile would only be in its way.
                durable.wait().await?;
            }
            // Whoever else folds does it for us, too.
            if let Some(_ours) = turns.try_fold() {
                fold(&folder, &self.writer, turns).await?;
            }
            sleep(INTERVAL).await;
        }
    }
}

async fn fold(folder: &Folder, writer: &DatabaseConnection, turns: &Turns) -> Result<(), Error> {
    let log = folder.ask(Step::Look).await?;
    if log.unfolded() < FOLDED_FROM {
        return Ok(());
    }
    if log.pages < RESTARTED_FROM {
        folder.ask(Step::Fold).await?;
        return Ok(());
    }
    for _ in 0..ROUNDS {
        let log = folder.ask(Step::FoldCarefully).await?;
        // Somebody else may have been folding, or is reading what came before: then it is too early.
        if log.pages < RESTARTED_FROM || log.unfolded() >= LEFT_MAX {
            return Ok(());
        }
        // What is synced now need not be while nobody may write.
        folder.ask(Step::Sync).await?;
    }
    // Where somebody still reads from the log it cannot begin anew, and is no shorter the next time.
    begin_anew(writer, turns, Anew::NextWrite).await.map(|_| ())
}

/// When the log begins anew.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anew {
    /// With the next write, if nobody begins to read from it until then. Its file keeps its length.
    NextWrite,
    /// At once.
    Now,
}

/// Folds all of the log, durably, while nobody writes; then it begins anew. Returns whether it does: not while somebody still
/// reads from it.
pub(super) async fn begin_anew(writer: &DatabaseConnection, turns: &Turns, when: Anew) -> Result<bool, Error> {
    let text = match when {
        Anew::NextWrite => "PRAGMA wal_checkpoint(RESTART)",
        Anew::Now => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let _turn = turns.take(TURN_PATIENCE).await?;
    let row = writer.query_one_raw(sql(writer, text, vec![])).await?;
    let row = row.ok_or(Error::Guard { what: "checkpoint", expected: 1, actual: 0 })?;
    Ok(row.try_get::<i64>("", "busy")? == 0)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tokio::time::timeout;

    use super::*;
    use crate::db::folder::Log;
    use crate::{Clock, Durability, Options};

    /// An empty database with a table, and a thread to fold its log. Somebody else writes a page in each moment.
    async fn stage() -> (tempfile::TempDir, Database, Folder) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("t.db").display());
        let options = Options { url, durability: Durability::Normal, create: true, clock: Clock::new(|| 0) };
        let database = Database::open(options).await.unwrap();
        database.writer().execute_unprepared("CREATE TABLE page (filling BLOB NOT NULL)").await.unwrap();
        let other = Connection::open(directory.path().join("t.db")).unwrap();
        other.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        let moment = move || other.execute_batch("INSERT INTO page VALUES (zeroblob(4000))").unwrap();
        let folder = Folder::open(directory.path().join("t.db"), moment, || true).unwrap();
        (directory, database, folder)
    }

    /// Writes at least so many pages, in one transaction.
    async fn write(database: &Database, pages: i64) {
        let text = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {pages})
             INSERT INTO page SELECT zeroblob(4000) FROM n"
        );
        database.writer().execute_unprepared(&text).await.unwrap();
    }

    async fn look(folder: &Folder) -> Log {
        folder.ask(Step::Look).await.unwrap()
    }

    #[tokio::test]
    async fn a_long_log_is_folded_and_a_short_one_is_not() {
        let (_directory, database, folder) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        write(&database, FOLDED_FROM / 2).await;
        fold(&folder, database.writer(), turns).await.unwrap();
        assert!(look(&folder).await.unfolded() >= FOLDED_FROM / 2);
        write(&database, FOLDED_FROM / 2).await;
        fold(&folder, database.writer(), turns).await.unwrap();
        assert!(look(&folder).await.unfolded() < FOLDED_FROM / 2);
    }

    #[tokio::test]
    async fn a_log_can_be_made_to_begin_anew() {
        let (_directory, database, folder) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        // Were it folded, the next to write would let it begin anew, whatever we do.
        write(&database, FOLDED_FROM).await;
        assert!(begin_anew(database.writer(), turns, Anew::NextWrite).await.unwrap());
        write(&database, 1).await;
        assert!(look(&folder).await.pages < FOLDED_FROM);
    }

    #[tokio::test]
    async fn writers_are_held_up_only_when_the_log_has_to_begin_anew() {
        let (_directory, database, folder) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        let held_up = async |pages: i64| {
            write(&database, pages).await;
            fold(&folder, database.writer(), turns).await.unwrap();
            // Nobody else takes turns here.
            timeout(Duration::ZERO, turns.ended().notified()).await.is_ok()
        };
        assert!(!held_up(FOLDED_FROM).await);
        assert!(held_up(RESTARTED_FROM).await);
    }

    #[tokio::test]
    async fn whoever_reads_is_not_disturbed_and_disturbs_nobody() {
        let (_directory, database, folder) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        let reading = database.snapshot().await.unwrap();
        let count = async || {
            let rows = reading.query_all_raw(sql(&*reading, "SELECT 1 FROM page", vec![])).await;
            rows.unwrap().len()
        };
        assert_eq!(count().await, 0);
        write(&database, RESTARTED_FROM).await;
        fold(&folder, database.writer(), turns).await.unwrap();
        assert!(look(&folder).await.unfolded() >= RESTARTED_FROM);
        assert_eq!(count().await, 0);
        reading.end().await.unwrap();
        fold(&folder, database.writer(), turns).await.unwrap();
        assert_eq!(look(&folder).await.unfolded(), 0);
    }
}
