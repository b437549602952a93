//! Hearing that somebody committed, so that nobody has to wait for a slow poll.
//!
//! A signal is a hint and may be lost: whoever waits here also looks again after a while.

mod log;
mod poll;

use std::{fmt, future::Future, pin::Pin, time::Duration};

use futures_util::FutureExt;
use poll::Poll;
use sea_orm::{ConnectionTrait, DbBackend};
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep_until};

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
        DbBackend::Postgres => format!("RETURNING {}", announcement(topic)),
        _ => String::new(),
    }
}

/// The same as a column, on PostgreSQL.
pub(crate) fn announcement(topic: Topic) -> String {
    format!("pg_notify('{}', '')", topic.channel())
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
                State::Opening(opening) => {
                    self.state = State::Open(opening.await?);
                    if self.database.is_postgres() {
                        // What was committed before it listened was not heard.
                        return Ok(());
                    }
                }
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
    Ok(Source::Sqlite(Poll::new(connection, &database.location())))
}
