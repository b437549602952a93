//! Statements that are transactions by themselves: one round trip, and the write lock is held only while the database
//! itself works. On SQLite it is not even held until the disk has done its part.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, FromColumns, log, transaction};
use crate::{Error, Millis};

impl Database {
    /// Executes a statement that writes, waiting at most `patience` for the lock. When this returns others see it; it is
    /// durable when [`Self::durable`] is done, if that has anything to do. Returns how many rows it moved; on PostgreSQL
    /// the statement tells that in a column `moved`. It is made again for each try, which is rarely more than one, because
    /// a copy of what it holds would cost as much as making it.
    ///
    /// Never wrap it in something that can drop it half-way.
    ///
    /// # Errors
    /// [`Error::Busy`] when the lock or a connection was not to be had in time; otherwise what the database answered. When
    /// the connection was lost it is not known whether it was done.
    pub(crate) async fn execute_alone(
        &self,
        statement: impl Fn() -> Statement,
        patience: Duration,
    ) -> Result<u64, Error> {
        let since = Instant::now();
        let _turn = transaction::take_turn(self.turns.as_ref(), patience).await?;
        loop {
            match self.try_alone(statement()).await {
                Err(error) if error.is_lock() && since.elapsed() < patience => transaction::moment().await,
                Err(error) if error.is_lock() => return Err(Error::Busy),
                result => return result,
            }
        }
    }

    /// Reads what a statement finds by its keys, each row with the time at which it was so. Its columns include
    /// [`Self::clock_column`].
    ///
    /// # Errors
    /// What the database answered.
    pub(crate) async fn query_alone<T: FromColumns>(&self, statement: Statement) -> Result<Vec<(T, Millis)>, Error> {
        if let Some(appender) = &self.appender {
            match appender.query(&statement) {
                // Somebody recovers the log. Those who only read wait for that.
                Err(error) if error.is_lock() => {}
                found => {
                    let found = found?;
                    self.tap.show(&statement);
                    let now = self.clock.now();
                    return Ok(found.into_iter().map(|row| (row, now)).collect());
                }
            }
        }
        let found = self.by_key.query_all_raw(statement).await?;
        found.iter().map(|row| Ok((T::from_columns(row)?, self.read_at(row)?))).collect()
    }

    /// Waits until everything is durable that was stored or seen before: on SQLite, if anything has to be, for a sync of
    /// the log. Elsewhere commits are durable by themselves.
    ///
    /// # Errors
    /// What the disk answered. Then it is not known what is durable.
    pub async fn durable(&self) -> Result<(), Error> {
        let (Some(disk), Some(turns)) = (&self.disk, &self.turns) else { return Ok(()) };
        disk.sync().await?;
        let Some(failures) = disk.doubt() else { return Ok(()) };
        if !log::begin_anew(&self.writer, turns).await? {
            return Err(Error::Busy);
        }
        disk.began_anew(failures);
        Ok(())
    }

    async fn try_alone(&self, statement: Statement) -> Result<u64, Error> {
        if let Some(appender) = &self.appender {
            let moved = appender.execute(&statement)?;
            self.tap.show(&statement);
            return Ok(moved);
        }
        let row = self.writer.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Guard { what: "execute_alone", expected: 1, actual: 0 })?;
        Ok(u64::try_from(row.try_get::<i64>("", "moved")?).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Clock, Durability, Options,
        db::{disk::Disk, sql},
    };

    async fn open(folder: &std::path::Path, durability: Durability) -> Database {
        let url = format!("sqlite://{}", folder.join("t.db").display());
        let database =
            Database::open(Options { url, durability, create: true, clock: Clock::new(|| 0) }).await.unwrap();
        database.writer.execute_unprepared("CREATE TABLE page (filling BLOB NOT NULL)").await.unwrap();
        database
    }

    async fn append(database: &Database) {
        let statement = || sql(&database.writer, "INSERT INTO page VALUES (zeroblob(4000))", vec![]);
        assert_eq!(database.execute_alone(statement, Duration::from_secs(30)).await.unwrap(), 1);
    }

    /// Pages in the log, and how many of them were folded.
    async fn log(database: &Database) -> (i64, i64) {
        let query = sql(&database.writer, "PRAGMA wal_checkpoint(NOOP)", vec![]);
        let row = database.writer.query_one_raw(query).await.unwrap().unwrap();
        (row.try_get("", "log").unwrap(), row.try_get("", "checkpointed").unwrap())
    }

    #[tokio::test]
    async fn after_a_sync_that_failed_the_log_begins_anew_before_anything_is_durable() {
        let directory = tempfile::tempdir().unwrap();
        let mut database = open(directory.path(), Durability::Full).await;
        // The log of another database, which is not there yet.
        let disk = database.disk.insert(Disk::open(directory.path().join("u.db").to_str().unwrap()).unwrap()).clone();
        append(&database).await;
        assert!(database.durable().await.unwrap_err().is_environmental());
        std::fs::write(directory.path().join("u.db-wal"), "").unwrap();
        append(&database).await;
        let (pages, folded) = log(&database).await;
        assert!(folded < pages);
        database.durable().await.unwrap();
        assert_eq!(disk.doubt(), None);
        assert_eq!(log(&database).await, (pages, pages));
        append(&database).await;
        assert!(log(&database).await.0 < pages, "it did not begin anew");
        database.durable().await.unwrap();
        let (pages, folded) = log(&database).await;
        assert!(folded < pages, "without doubt nothing is folded");
    }

    #[tokio::test]
    async fn nothing_is_waited_for_where_nothing_has_to_be_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = open(directory.path(), Durability::Normal).await;
        append(&database).await;
        assert!(database.disk.is_none());
        database.durable().await.unwrap();
    }
}
