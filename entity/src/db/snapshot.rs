//! A transaction that only reads: everything in it is seen as of one moment.

use std::ops::Deref;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, Value,
};

use super::{Database, transaction};
use crate::{Clock, Error};

/// How long one statement of a snapshot may take on PostgreSQL, in milliseconds. It holds no lock that others wait for,
/// and the sums of a very large event take longer than anything that settles.
const STATEMENT_TIMEOUT: &str = "60000";

/// A transaction that only reads. It is for short work: while it is open SQLite's log cannot be folded into the file and
/// PostgreSQL removes no dead rows. It dereferences to the connection that statements take.
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
            inner.execute_unprepared(&format!("SET LOCAL statement_timeout = {STATEMENT_TIMEOUT}")).await?;
        }
        Ok(Snapshot { inner, clock: self.clock.clone() })
    }
}
