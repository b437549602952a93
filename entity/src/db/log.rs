//! Keeps the log of an SQLite file short.
//!
//! Left to itself the commit that makes the log long folds it into the file, and everybody waits behind that commit: at
//! ten thousand registrations a second every thirty milliseconds. Here a connection of its own does it, beside the
//! writers, who go on appending meanwhile. But a log that always grows never begins anew, so now and then it is folded
//! while nobody writes, when little of it is left to fold. Should nobody do all this, commits still do it, later.

use std::{convert::Infallible, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::sleep;

use super::{Database, Turns, sql, sqlite};
use crate::Error;

/// Pages in the log, of 4 KiB, for which folding pays.
const FOLDED_FROM: i64 = 1000;

/// Pages in the log from which on it has to begin anew: about 32 MiB.
const RESTARTED_FROM: i64 = 8000;

/// The log is looked at no more often than this.
const INTERVAL: Duration = Duration::from_millis(10);

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
        let connection = sqlite::open_folder(&self.options).await?;
        loop {
            written.notified().await;
            fold(&connection, turns).await?;
            sleep(INTERVAL).await;
        }
    }
}

async fn fold(connection: &DatabaseConnection, turns: &Turns) -> Result<(), Error> {
    if checkpoint(connection, "NOOP").await?.unfolded() < FOLDED_FROM {
        return Ok(());
    }
    let log = checkpoint(connection, "PASSIVE").await?;
    // Somebody else may have been folding, or is reading what came before: then it is too early.
    if log.pages >= RESTARTED_FROM && log.unfolded() < FOLDED_FROM {
        // Where somebody still reads from the log it cannot begin anew, and is no shorter the next time.
        begin_anew(connection, turns).await?;
    }
    Ok(())
}

/// Folds all of the log, durably, while nobody writes; then it begins anew. Returns whether it does: not while somebody
/// still reads from it.
pub(super) async fn begin_anew(connection: &DatabaseConnection, turns: &Turns) -> Result<bool, Error> {
    let _turn = turns.take(TURN_PATIENCE).await?;
    Ok(checkpoint(connection, "RESTART").await?.is_done)
}

/// The log after a checkpoint.
#[derive(Clone, Copy, Debug)]
struct Log {
    pages: i64,
    folded: i64,
    /// Whether nobody was in the way.
    is_done: bool,
}

impl Log {
    fn unfolded(self) -> i64 {
        self.pages - self.folded
    }
}

/// A checkpoint of this mode. If somebody else is in the way it does less, and that is no error.
async fn checkpoint(connection: &DatabaseConnection, mode: &str) -> Result<Log, Error> {
    let row = connection.query_one_raw(sql(connection, &format!("PRAGMA wal_checkpoint({mode})"), vec![])).await?;
    let row = row.ok_or(Error::Guard { what: "checkpoint", expected: 1, actual: 0 })?;
    // Without a log both are -1.
    let busy: i64 = row.try_get("", "busy")?;
    Ok(Log { pages: row.try_get("", "log")?, folded: row.try_get("", "checkpointed")?, is_done: busy == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Durability, Options};

    /// An empty database with a table, and a connection to fold its log with.
    async fn stage() -> (tempfile::TempDir, Database, DatabaseConnection) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("t.db").display());
        let options = Options { url, durability: Durability::Normal, create: true, clock: Clock::new(|| 0) };
        let database = Database::open(options).await.unwrap();
        database.writer().execute_unprepared("CREATE TABLE page (filling BLOB NOT NULL)").await.unwrap();
        let connection = sqlite::open_folder(&database.options).await.unwrap();
        (directory, database, connection)
    }

    /// Writes at least so many pages, in one transaction.
    async fn write(database: &Database, pages: i64) {
        let text = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {pages})
             INSERT INTO page SELECT zeroblob(4000) FROM n"
        );
        database.writer().execute_unprepared(&text).await.unwrap();
    }

    async fn look(connection: &DatabaseConnection) -> Log {
        checkpoint(connection, "NOOP").await.unwrap()
    }

    #[tokio::test]
    async fn a_long_log_is_folded_and_a_short_one_is_not() {
        let (_directory, database, connection) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        write(&database, FOLDED_FROM / 2).await;
        fold(&connection, turns).await.unwrap();
        assert!(look(&connection).await.unfolded() >= FOLDED_FROM / 2);
        write(&database, FOLDED_FROM / 2).await;
        fold(&connection, turns).await.unwrap();
        assert_eq!(look(&connection).await.unfolded(), 0);
    }

    #[tokio::test]
    async fn a_log_that_was_folded_begins_anew() {
        let (_directory, database, connection) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        write(&database, RESTARTED_FROM).await;
        fold(&connection, turns).await.unwrap();
        write(&database, 1).await;
        assert!(look(&connection).await.pages < FOLDED_FROM);
    }

    #[tokio::test]
    async fn whoever_reads_is_not_disturbed_and_disturbs_nobody() {
        let (_directory, database, connection) = stage().await;
        let turns = database.turns.as_ref().unwrap();
        let reading = database.snapshot().await.unwrap();
        let count = async || {
            let rows = reading.query_all_raw(sql(&*reading, "SELECT 1 FROM page", vec![])).await;
            rows.unwrap().len()
        };
        assert_eq!(count().await, 0);
        write(&database, RESTARTED_FROM).await;
        fold(&connection, turns).await.unwrap();
        assert!(look(&connection).await.unfolded() >= RESTARTED_FROM);
        assert_eq!(count().await, 0);
        reading.end().await.unwrap();
        fold(&connection, turns).await.unwrap();
        assert_eq!(look(&connection).await.unfolded(), 0);
    }
}
