//! A transaction that may write, and the only way to begin one.

use std::{
    ops::Deref,
    time::{Duration, Instant},
};

use super::{
    Database,
    durable::Durable,
    sql,
    tap::{JOINT, Tap},
    turn::{Turn, Turns},
    values,
};
use crate::{Clock, Error, Millis, error::of_commit};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait, Value,
};

/// A transaction that may write. Dropping it rolls back. It dereferences to the connection that statements take.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    clock: Clock,
    tap: Tap,
    /// Dropped after `inner`: the next one begins when this one is over.
    turn: Option<Turn>,
    durable: Option<Durable>,
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

impl Transaction {
    /// The time for decisions. Ask after the lock that the decision is about has been taken: a time read earlier may
    /// be older than what the lock's last holder decided.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn now(&self) -> Result<Millis, Error> {
        now(&self.inner, &self.clock).await
    }

    /// The same as a CTE `clock (now)` of the statement that takes the decision, and its values: saves a round trip.
    pub(crate) fn clock(&self) -> (String, Vec<Value>) {
        clock(self.get_database_backend(), &self.clock)
    }

    /// Does work that may fault alone: then it is undone, and the transaction goes on without it.
    ///
    /// # Errors
    /// When the surroundings were at fault: that is everybody's.
    pub async fn attempt<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<Result<T, Error>, Error> {
        self.control("SAVEPOINT attempt").await?;
        let result = work.await;
        match result {
            Err(error) if error.is_environmental() => return Err(error),
            Err(_) => self.control("ROLLBACK TO SAVEPOINT attempt").await?,
            Ok(_) => {}
        }
        self.control("RELEASE SAVEPOINT attempt").await?;
        Ok(result)
    }

    async fn control(&self, text: &str) -> Result<(), Error> {
        self.execute_unprepared(text).await?;
        self.tap.show_text(self.get_database_backend(), text);
        Ok(())
    }

    /// Makes the work visible, lets the next one begin, and makes it durable.
    ///
    /// # Errors
    /// [`Error::Uncertain`] when it is not known whether it did; otherwise what the database answered.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { inner, tap, turn, durable, .. } = self;
        let backend = inner.get_database_backend();
        inner.commit().await.map_err(of_commit)?;
        tap.show_text(backend, "COMMIT");
        drop(turn);
        match durable {
            Some(durable) => durable.wait_after_commit().await,
            None => Ok(()),
        }
    }

    /// Undoes the work now rather than when the connection is used next.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn rollback(self) -> Result<(), Error> {
        let backend = self.inner.get_database_backend();
        self.inner.rollback().await?;
        self.tap.show_text(backend, "ROLLBACK");
        Ok(())
    }

    /// What to add to a SELECT to lock its rows of `table` until the end of this transaction. SQLite needs nothing: the
    /// transaction holds the whole file's lock. NO KEY, because foreign-key checks of others must not wait.
    pub(crate) fn lock_clause(&self, table: &str) -> String {
        match self.get_database_backend() {
            DbBackend::Postgres => format!("FOR NO KEY UPDATE OF {table}"),
            _ => String::new(),
        }
    }

    /// The same, leaving out rows that somebody else has locked.
    pub(crate) fn try_lock_clause(&self, table: &str) -> String {
        match self.get_database_backend() {
            DbBackend::Postgres => format!("FOR NO KEY UPDATE OF {table} SKIP LOCKED"),
            _ => String::new(),
        }
    }
}

/// Executes statements in one go, in this order. Returns how many rows they moved together. SQLite only.
pub(super) async fn joined(tx: &Transaction, statements: Vec<Statement>) -> Result<u64, Error> {
    let texts: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    let text = texts.join(JOINT);
    for statement in &statements {
        tx.tap.show(statement);
    }
    let values = statements.into_iter().filter_map(|statement| statement.values).flat_map(|values| values.0);
    let all = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    Ok(tx.execute_raw(all).await?.rows_affected())
}

pub(super) async fn begin(database: &Database, patience: Duration) -> Result<Transaction, Error> {
    let Database { writer, clock, turns, durable, tap, .. } = database;
    let since = Instant::now();
    let turn = take_turn(turns.as_ref(), patience).await?;
    loop {
        match try_begin(writer).await {
            Ok(inner) => {
                tap.show_text(writer.get_database_backend(), "BEGIN");
                let (clock, tap, durable) = (clock.clone(), tap.clone(), durable.clone());
                return Ok(Transaction { inner, clock, tap, turn, durable });
            }
            Err(error) if !error.is_lock() => return Err(error),
            Err(_) if since.elapsed() >= patience => return Err(Error::Busy),
            Err(_) => moment().await,
        }
    }
}

/// Waits for a turn, where there are such.
pub(super) async fn take_turn(turns: Option<&Turns>, patience: Duration) -> Result<Option<Turn>, Error> {
    let Some(turns) = turns else { return Ok(None) };
    turns.take(patience).await.map(Some)
}

async fn try_begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    let options = TransactionOptions {
        sqlite_transaction_mode: match connection.get_database_backend() {
            DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
            _ => None,
        },
        ..TransactionOptions::default()
    };
    Ok(connection.begin_with_options(options).await?)
}

/// About a third of a millisecond. SQLite's own busy handler sleeps up to 100 ms and starves whoever comes late, so we
/// wait ourselves; the jitter keeps two waiters from meeting again and again. Not with the runtime's clock, which ticks
/// every millisecond: with it the lock lay idle for a large part of the time.
pub(super) async fn moment() {
    let moment = Duration::from_micros(fastrand::u64(200..400));
    // A thread that cannot be had is no reason not to try again.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(moment)).await;
}

/// PostgreSQL's clock. Not `now()`, which stands still at the start of the transaction.
pub(super) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

pub(super) fn clock(backend: DbBackend, clock: &Clock) -> (String, Vec<Value>) {
    match backend {
        DbBackend::Postgres => (format!("clock (now) AS (SELECT {NOW})"), vec![]),
        _ => ("clock (now) AS (SELECT ?)".to_owned(), values![clock.now()]),
    }
}

pub(super) async fn now(connection: &impl ConnectionTrait, clock: &Clock) -> Result<Millis, Error> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(clock.now());
    }
    let query = sql(connection, &format!("SELECT {NOW} AS now"), vec![]);
    let row = connection.query_one_raw(query).await?.ok_or(Error::Guard { what: "clock", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "now")?)
}
