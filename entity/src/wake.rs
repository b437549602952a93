//! Hearing that somebody committed, so that nobody has to wait for a slow poll.
//!
//! A signal is a hint and may be lost: whoever waits here also looks again after a while.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep, sleep_until};

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

/// The same as the end of a statement that changes rows, which saves a round trip; it announces nothing if none changes.
pub(crate) fn announcing(transaction: &Transaction, topic: Topic) -> String {
    match transaction.get_database_backend() {
        DbBackend::Postgres => format!("RETURNING pg_notify('{}', '')", topic.channel()),
        _ => String::new(),
    }
}

/// After a failure, listening is tried again after this long.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Stale signals dropped at a time.
const STALE_MAX: usize = 10_000;

/// Hears commits, of other processes too, on a connection of its own.
#[derive(Debug)]
pub struct Changes {
    database: Database,
    topic: Topic,
    state: State,
}

enum State {
    /// Not connected, and not to be before then.
    Closed(Instant),
    /// Kept when a wait is given up: starting over each time might never get through.
    Opening(Pin<Box<dyn Future<Output = Result<Source, Error>> + Send>>),
    Open(Source),
}

enum Source {
    Sqlite(Poll),
    Postgres(Box<PgListener>),
}

impl Changes {
    /// Somebody who will listen when asked to.
    pub fn new(database: Database, topic: Topic) -> Self {
        Self { database, topic, state: State::Closed(Instant::now()) }
    }

    /// Returns when something was committed since the last call. May be dropped at any time.
    ///
    /// # Errors
    /// What the database answered. The next call tries anew, after a pause.
    pub async fn changed(&mut self) -> Result<(), Error> {
        let result = self.listen().await;
        if result.is_err() {
            self.state = State::Closed(Instant::now() + RETRY_PAUSE);
        }
        result
    }

    async fn listen(&mut self) -> Result<(), Error> {
        loop {
            match &mut self.state {
                State::Closed(until) => {
                    sleep_until(*until).await;
                    self.state = State::Opening(Box::pin(open(self.database.clone(), self.topic)));
                }
                State::Opening(opening) => self.state = State::Open(opening.await?),
                State::Open(Source::Sqlite(poll)) => return poll.changed().await,
                State::Open(Source::Postgres(listener)) => {
                    listener.recv().await?;
                    self.drain();
                    return Ok(());
                }
            }
        }
    }

    /// Drops signals that have come in already: one look answers all of them. Whoever is too busy to wait for signals
    /// calls this now and then, or the server would have to keep them. Does not wait.
    pub fn drain(&mut self) {
        if let State::Open(Source::Postgres(listener)) = &mut self.state {
            for _ in 0..STALE_MAX {
                // An error shows again in the next wait.
                if !matches!(listener.recv().now_or_never(), Some(Ok(_))) {
                    break;
                }
            }
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "Closed",
            Self::Opening(_) => "Opening",
            Self::Open(_) => "Open",
        })
    }
}

async fn open(database: Database, topic: Topic) -> Result<Source, Error> {
    let connection = database.watch_connection().await?;
    if database.is_postgres() {
        let mut listener = PgListener::connect_with(connection.get_postgres_connection_pool()).await?;
        listener.listen(topic.channel()).await?;
        return Ok(Source::Postgres(Box::new(listener)));
    }
    Ok(Source::Sqlite(Poll { connection, seen: None, quiet: 0 }))
}

/// Asks SQLite whether its file changed: about every millisecond while things happen, more seldom when idle.
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
            sleep(pause(self.quiet)).await;
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
