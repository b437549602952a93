//! Statements that are transactions by themselves: one round trip, and the write lock is held only while the database
//! itself works. On SQLite it is not even held until the disk has done its part.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, FromColumns, Turn, transaction};
use crate::{Error, Millis};

impl Database {
    /// Waits at most `patience` for a turn to write; on PostgreSQL nobody needs one. Whoever has many requests to do takes
    /// the turn first and then gathers them: those that came while it was waited for need not wait for another.
    ///
    /// # Errors
    /// [`Error::Busy`] when it did not come in time.
    pub async fn turn(&self, patience: Duration) -> Result<Option<Turn>, Error> {
        transaction::take_turn(self.turns.as_ref(), patience).await
    }

    /// Executes a statement that writes, in a turn that ends with it, waiting at most `patience` for whoever knows of no
    /// turns. When this returns others see it; it is durable when [`Self::durable`] is done, if that has anything to do.
    /// Returns how many rows it moved; on PostgreSQL the statement tells that in a column `moved`. It is made again for each
    /// try, which is rarely more than one, because a copy of what it holds would cost as much as making it.
    ///
    /// Never wrap it in something that can drop it half-way.
    ///
    /// # Errors
    /// [`Error::Busy`] when the lock or a connection was not to be had in time; otherwise what the database answered. When
    /// the connection was lost it is not known whether it was done.
    pub(crate) async fn execute_alone(
        &self,
        _turn: Option<Turn>,
        statement: impl Fn() -> Statement,
        patience: Duration,
    ) -> Result<u64, Error> {
        let since = Instant::now();
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
