//! Statements that are transactions by themselves: one round trip, and the write lock is held only while the database
//! itself works. On SQLite it is not even held until the disk has done its part.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, log, transaction};
use crate::Error;

impl Database {
    /// Executes a statement that writes, waiting at most `patience` for the lock. When this returns others see it; it is
    /// durable when [`Self::durable`] is done, if that has anything to do. Returns how many rows it moved; on PostgreSQL the statement tells that in a column `moved`. It is made again for each try,
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

    /// What has to be waited for until everything is durable that was stored or seen before: a sync of the log. Nothing
    /// where commits are durable by themselves, or nothing has to be.
    ///
    /// # Errors
    /// What the disk answered. Then it is not known what is durable.
    pub fn durable(&self) -> Option<impl Future<Output = Result<(), Error>> + Send + use<>> {
        let (disk, turns) = (self.disk.clone()?, self.turns.clone()?);
        let appender = self.appender.clone();
        Some(async move {
            disk.sync().await?;
            let Some(failures) = disk.doubt() else { return Ok(()) };
            log::begin_anew(&appender, &turns).await?;
            disk.began_anew(failures);
            Ok(())
        })
    }

    async fn try_alone(&self, statement: Statement) -> Result<u64, Error> {
        if !self.is_postgres() {
            return Ok(self.appender.execute_raw(statement).await?.rows_affected());
        }
        let row = self.appender.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Guard { what: "execute_alone", expected: 1, actual: 0 })?;
        Ok(u64::try_from(row.try_get::<i64>("", "moved")?).unwrap_or(0))
    }
}
