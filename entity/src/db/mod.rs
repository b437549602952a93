//! Opens a database and begins transactions: the one place that does either.

mod alone;
mod appender;
mod columns;
mod commits;
mod disk;
mod durable;
mod file;
mod folder;
mod log;
mod places;
mod postgres;
mod snapshot;
mod sqlite;
mod statement;
mod tap;
mod transaction;
mod turn;
mod writes;

use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DbBackend, QueryResult, Statement, Value};

use appender::Appender;
pub(crate) use columns::{Columns, FromColumns};
use durable::Durable;
pub(crate) use file::{beside, create_private};
pub(crate) use places::{InPlaces, Places};
pub use snapshot::Snapshot;
pub(crate) use statement::{list, marks, one_of, row, rows, sql, values};
use tap::Tap;
pub use transaction::Transaction;
pub use turn::Turn;
use turn::Turns;
pub use writes::Writes;

use crate::{Clock, Error, Millis};

/// How long opening waits for others who are opening, migrating or recovering the same database.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Kind {
    /// The kind of database that a URL names, if it names one.
    pub fn of_url(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            Some(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Some(Self::Postgres)
        } else {
            None
        }
    }
}

/// What survives a power loss on SQLite. (PostgreSQL decides that in its own configuration.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is synced before anybody is told of it.
    Full,
    /// The last commits may be lost when the machine loses power; never when only a process dies.
    Normal,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
    /// What survives a power loss on SQLite.
    pub durability: Durability,
    /// Whether a missing SQLite file is made. A worker never does.
    pub create: bool,
    /// The time on SQLite.
    pub clock: Clock,
}

/// An open database: a connection that writes, connections that read, and a clock.
///
/// On SQLite a process has exactly one that writes, so that its tasks queue for it in order instead of fighting over the
/// file's lock, and one that appends; commits of both leave the sync to others. On PostgreSQL `writer` and `reader` are the
/// same pool.
#[derive(Clone, Debug)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    by_key: DatabaseConnection,
    /// On SQLite only, as is the next.
    turns: Option<Turns>,
    appender: Option<Appender>,
    /// What commits leave out: on SQLite, if anything has to be durable.
    durable: Option<Durable>,
    clock: Clock,
    options: Options,
    tap: Tap,
}

impl Database {
    /// Opens the database that `options.url` names.
    ///
    /// # Errors
    /// [`Error::Unusable`] for a URL of neither kind or an SQLite library with known corruption bugs; otherwise what
    /// the database answered, after waiting some seconds for others who hold it.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let since = Instant::now();
        loop {
            match Self::connect(&options).await {
                Err(error) if error.is_lock() && since.elapsed() < OPEN_PATIENCE => transaction::moment().await,
                result => return result,
            }
        }
    }

    async fn connect(options: &Options) -> Result<Self, Error> {
        let kind = Kind::of_url(&options.url)
            .ok_or_else(|| Error::Unusable("the database URL must start with sqlite:// or postgres://".to_owned()))?;
        let [writer, reader, by_key] = match kind {
            Kind::Sqlite => {
                let [writer, reader] = sqlite::open(options).await?;
                [writer, reader.clone(), reader]
            }
            Kind::Postgres => {
                let pool = postgres::open(options).await?;
                [pool.clone(), pool, postgres::open_by_key(options).await?]
            }
        };
        let file = Some(sqlite::location(&options.url)).filter(|_| kind == Kind::Sqlite);
        let turns = file.as_deref().map(Turns::open).transpose()?;
        let durable = match (&file, &turns, options.durability) {
            (Some(file), Some(turns), Durability::Full) => Some(Durable::open(file, turns.clone(), writer.clone())?),
            _ => None,
        };
        Ok(Self {
            writer,
            reader,
            by_key,
            turns,
            appender: file.as_ref().map(|_| Appender::new(sqlite::file(&options.url))),
            durable,
            clock: options.clock.clone(),
            options: options.clone(),
            tap: Tap::default(),
        })
    }

    /// The same, showing each statement, with its values, once it was executed: for tests and for diagnosis. `show` runs
    /// on the task that asked. It is shown what begins and ends transactions too, but neither the rollback of a
    /// transaction that is dropped, nor what the migration and those who hear commits of others ask, and nothing of
    /// clones made before.
    pub fn showing(mut self, show: impl Fn(&Statement) + Send + Sync + 'static) -> Self {
        let tap = Tap::new(show);
        tap.install(&mut self.writer);
        tap.install(&mut self.reader);
        tap.install(&mut self.by_key);
        Self { tap, ..self }
    }

    /// For statements that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For statements that find rows by their keys, and are asked all the time. PostgreSQL plans them once, along the indexes.
    pub fn by_key(&self) -> &DatabaseConnection {
        &self.by_key
    }

    /// For the migration, which begins its own transaction.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Where the data is, for people: the absolute path of the SQLite file, or the server without the password.
    pub fn location(&self) -> String {
        if self.is_postgres() { postgres::location(&self.options.url) } else { sqlite::location(&self.options.url) }
    }

    /// A warning for operators, if others than the owner of an SQLite file may read or write it.
    pub fn exposure(&self) -> Option<String> {
        if self.is_postgres() { None } else { file::exposure(&sqlite::file(&self.options.url)) }
    }

    /// The time for decisions: the clock given on SQLite, the database's own on PostgreSQL.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn now(&self) -> Result<Millis, Error> {
        transaction::now(&self.reader, &self.clock).await
    }

    /// The same as a CTE `clock (now)`, for a statement that needs no round trip for it, and its values.
    pub(crate) fn clock(&self) -> (String, Vec<Value>) {
        transaction::clock(self.writer.get_database_backend(), &self.clock)
    }

    /// What to add to the columns of a SELECT so that [`Self::read_at`] can tell when a row was read: on PostgreSQL a
    /// statement that only asks for the time would double the cost of a small read.
    pub(crate) fn clock_column(&self) -> String {
        if self.is_postgres() { format!(", {} AS now", transaction::NOW) } else { String::new() }
    }

    /// When a row was read whose columns include [`Self::clock_column`].
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn read_at(&self, row: &QueryResult) -> Result<Millis, Error> {
        if self.is_postgres() { Ok(row.try_get("", "now")?) } else { Ok(self.clock.now()) }
    }

    /// Begins a transaction that may write, waiting at most `patience` for the lock. On SQLite it holds the file's
    /// write lock from here on. Never wrap it in something that can drop it half-way: run it in a task of its own.
    ///
    /// # Errors
    /// [`Error::Busy`] when the lock or a connection was not to be had in time.
    pub async fn begin(&self, patience: Duration) -> Result<Transaction, Error> {
        transaction::begin(self, patience).await
    }

    /// A separate connection that hears commits of others.
    pub(crate) async fn watch_connection(&self) -> Result<DatabaseConnection, Error> {
        if self.is_postgres() {
            postgres::open_listener(&self.options).await
        } else {
            sqlite::open_watcher(&self.options).await
        }
    }

    /// Closes every connection but those that keep the log short, which end by themselves; on SQLite the last one of all
    /// processes also folds the log into the file.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn close(self) -> Result<(), Error> {
        self.by_key.close_by_ref().await?;
        self.reader.close_by_ref().await?;
        self.appender.iter().for_each(Appender::close);
        self.durable.iter().for_each(Durable::close);
        self.writer.close_by_ref().await?;
        Ok(())
    }
}

/// Whether a connection may go back to its pool. When a COMMIT fails (a full disk) SQLite rolls back by itself, but sqlx
/// goes on counting a transaction: whatever came next would be nested in one that nobody ever commits.
async fn is_clean(connection: &mut impl sqlx::Connection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback may be on its way; the answer to a ping comes after it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_tells_the_kind() {
        for url in ["sqlite://turnout.db", "sqlite:a.db"] {
            assert_eq!(Kind::of_url(url), Some(Kind::Sqlite), "{url}");
        }
        for url in ["postgres://db/turnout", "postgresql://db/turnout"] {
            assert_eq!(Kind::of_url(url), Some(Kind::Postgres), "{url}");
        }
        for url in ["", "mysql://db", "postgres", "turnout.db"] {
            assert_eq!(Kind::of_url(url), None, "{url}");
        }
    }
}
