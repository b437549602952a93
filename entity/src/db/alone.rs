//! Statements that are transactions by themselves: one round trip, and the write lock is held only while the database
//! itself works.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, transaction};
use crate::Error;

impl Database {
    /// Executes a statement that writes, waiting at most `patience` for the lock. It is durable when this returns. Returns
    /// how many rows it moved; on PostgreSQL the statement tells that in a column `moved`. It is made again for each try,
    /// which is rarely more than one, because a copy of what it holds would cost as much as making it.
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

    async fn try_alone(&self, statement: Statement) -> Result<u64, Error> {
        if !self.is_postgres() {
            return Ok(self.writer.execute_raw(statement).await?.rows_affected());
        }
        let row = self.writer.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Guard { what: "execute_alone", expected: 1, actual: 0 })?;
        Ok(u64::try_from(row.try_get::<i64>("", "moved")?).unwrap_or(0))
    }
}
