//! A transaction that only reads: everything in it is seen as of one moment.

use std::ops::Deref;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, Value,
};

use super::{Database, transaction};
use crate::{Clock, Error};

/// On PostgreSQL: how long one statement may take, in milliseconds, because it holds no lock that others wait for, and
/// the sums of a very large event take longer than anything that settles; and that stretches of tables are gone through:
/// how long one is stands in its bounds, so plans are made for the values at hand, and what an index leads to may be read
/// page by page.
const SETTINGS: &str = "SET LOCAL statement_timeout = 60000; SET LOCAL plan_cache_mode = force_custom_plan;
    SET LOCAL enable_bitmapscan = on";

/// A transaction that only reads. It is for short work: while it is open SQLite's log cannot be folded into the file
/// and PostgreSQL removes no dead rows. It dereferences to the connection that statements take.
#[derive(Debug)]
pub struct Snapshot {
    inner: DatabaseTransaction,
    clock: Clock,
}

impl Deref for Snapshot {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

impl Snapshot {
    /// The time as a CTE `clock (now)`, and its values.
    pub(crate) fn clock(&self) -> (String, Vec<Value>) {
        transaction::clock(self.get_database_backend(), &self.clock)
    }

    /// Lets go of it. (Dropping it does so when the connection is used next.)
    ///
    /// # Errors
    /// What the database answered.
    pub async fn end(self) -> Result<(), Error> {
        Ok(self.inner.rollback().await?)
    }
}

impl Database {
    /// Begins a transaction that only reads. Never wait for a client in it.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            }
        } else {
            // Nothing is written, so it never has to become more than it is at first.
            TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            }
        };
        let inner = self.reader().begin_with_options(options).await?;
        if inner.get_database_backend() == DbBackend::Postgres {
            inner.execute_unprepared(SETTINGS).await?;
        }
        Ok(Snapshot { inner, clock: self.clock.clone() })
    }
}
