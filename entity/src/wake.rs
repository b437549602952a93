//! Hearing that somebody committed, so that nobody has to wait for a slow poll.
//!
//! A signal is a hint and may be lost: whoever waits here also looks again after a while.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use crate::{
    Database, Error, Transaction,
    db::{sql, values},
};

/// What there is to hear about. SQLite tells only that something was committed; PostgreSQL tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// New intents: for workers.
    Intents,
    /// Outcomes and ticket changes: for those who wait for an answer.
    Changes,
}

impl Topic {
    fn channel(self) -> &'static str {
        match self {
            Self::Intents => "turnout_intents",
            Self::Changes => "turnout_changes",
        }
    }
}

/// Tells others, when this transaction commits, that there is something to look at. Costs nothing on SQLite, where
/// every commit shows.
///
/// # Errors
/// What the database answered.
pub async fn announce(transaction: &Transaction, topic: Topic) -> Result<(), Error> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let notify = sql(&**transaction, "SELECT pg_notify(?, '')", values![topic.channel()]);
        transaction.query_one_raw(notify).await?;
    }
    Ok(())
}

/// Hears commits, of other processes too.
#[derive(Debug)]
pub struct Changes(Source);

#[derive(Debug)]
enum Source {
    Sqlite(Poll),
    Postgres(Box<PgListener>),
}

/// Stale signals dropped at a time.
const STALE_MAX: usize = 10_000;

impl Changes {
    /// Starts to listen, on a connection of its own.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn open(database: &Database, topic: Topic) -> Result<Self, Error> {
        let connection = database.watch_connection().await?;
        if database.is_postgres() {
            let mut listener = PgListener::connect_with(connection.get_postgres_connection_pool()).await?;
            listener.listen(topic.channel()).await?;
            return Ok(Self(Source::Postgres(Box::new(listener))));
        }
        Ok(Self(Source::Sqlite(Poll { connection, seen: None, quiet: 0 })))
    }

    /// Returns when something was committed since the last call. May be dropped at any time without losing anything.
    ///
    /// # Errors
    /// What the database answered; the listener mends itself, so the next call may succeed.
    pub async fn changed(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Source::Sqlite(poll) => poll.changed().await,
            Source::Postgres(listener) => {
                listener.recv().await?;
                self.drain().await
            }
        }
    }

    /// Drops signals that have come in already: one look answers all of them. Whoever is too busy to wait for signals
    /// calls this now and then, or the server would have to keep them.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn drain(&mut self) -> Result<(), Error> {
        if let Source::Postgres(listener) = &mut self.0 {
            for _ in 0..STALE_MAX {
                match timeout(Duration::ZERO, listener.recv()).await {
                    Ok(signal) => _ = signal?,
                    Err(_) => break,
                }
            }
        }
        Ok(())
    }
}

/// Asks SQLite whether its file changed: about every millisecond while things happen, more seldom when idle.
#[derive(Debug)]
struct Poll {
    connection: DatabaseConnection,
    seen: Option<i64>,
    /// Polls since the last change.
    quiet: u32,
}

impl Poll {
    async fn changed(&mut self) -> Result<(), Error> {
        loop {
            let version = self.version().await?;
            if self.seen.replace(version).is_some_and(|seen| seen != version) {
                self.quiet = 0;
                return Ok(());
            }
            self.quiet = self.quiet.saturating_add(1);
            tokio::time::sleep(pause(self.quiet)).await;
        }
    }

    async fn version(&self) -> Result<i64, Error> {
        let row = self.connection.query_one_raw(sql(&self.connection, "PRAGMA data_version", vec![])).await?;
        let row = row.ok_or(Error::Guard { what: "data_version", expected: 1, actual: 0 })?;
        Ok(row.try_get("", "data_version")?)
    }
}

/// 1 ms for the first half second of quiet, then slowly up to 10 ms.
fn pause(quiet: u32) -> Duration {
    Duration::from_millis((1 + u64::from(quiet.saturating_sub(500)) / 50).min(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_slows_down_when_nothing_happens() {
        assert_eq!(pause(1), Duration::from_millis(1));
        assert_eq!(pause(500), Duration::from_millis(1));
        assert_eq!(pause(600), Duration::from_millis(3));
        assert_eq!(pause(u32::MAX), Duration::from_millis(10));
    }
}
