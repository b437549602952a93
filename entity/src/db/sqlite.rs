//! SQLite, embedded: one writing connection, one that appends, some that read, one that watches, two that fold the log, one
//! that tells whether anybody has committed.

use std::{
    ops::RangeInclusive,
    path::{PathBuf, absolute},
    str::FromStr,
    time::Duration,
};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{
    Options,
    file::{ensure_private, refuse_network},
    is_clean, sql,
};
use crate::Error;

/// The first release without the WAL-reset corruption bug (sqlite.org/wal.html#walresetbug), which needs just what we
/// do: several connections writing one log.
const OLDEST_LIBRARY: (u32, u32, u32) = (3, 51, 3);

/// Connections that read. More than cores would only queue.
const READERS: u32 = 4;

/// How long a task waits for the one writing connection of its own process before [`Error::Busy`].
const ACQUIRE_PATIENCE: Duration = Duration::from_secs(2);

/// How long a reader waits for a log that somebody is recovering.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// Pages that a connection that writes keeps, in KiB: what a batch touches, so that little of it is read again.
pub(super) const WRITER_CACHE: i64 = -16384;

/// Rows that the thread of a connection may be ahead of whoever reads them. With fewer the two wake each other all the
/// time while a batch is read.
const ROWS_AHEAD: usize = 1024;

/// What every connection is told that reads or writes rows; but whoever appends folds nothing.
pub(super) const PRAGMAS: [(&str, &str); 5] = [
    ("foreign_keys", "ON"),
    // A commit folds the log into the file once it has so many pages: about 63 MiB, if nobody did it before (see `log`),
    // because such a commit takes many times as long as others.
    ("wal_autocheckpoint", "16000"),
    // The log file is cut back to this size after a burst.
    ("journal_size_limit", "67108864"),
    ("temp_store", "MEMORY"),
    ("trusted_schema", "OFF"),
];

/// The connections that write and that read.
pub(super) async fn open(options: &Options) -> Result<[DatabaseConnection; 2], Error> {
    let name = path(&options.url);
    if name.is_empty() || [":memory:", "mode=memory"].iter().any(|memory| options.url.contains(memory)) {
        return Err(Error::Unusable("several connections share the database, so it must be a file".to_owned()));
    }
    let file = file(&options.url);
    refuse_network(&file)?;
    if options.create {
        ensure_private(&file)?;
    }
    let create = options.create;
    let writer = connect(options, 1..=1, move |o| {
        let o = o.create_if_missing(create).busy_timeout(Duration::ZERO);
        // Commits are synced apart, if they have to be: see `durable`.
        let o = o.synchronous(SqliteSynchronous::Normal);
        let o = o.pragma("cache_size", WRITER_CACHE.to_string());
        // A worker leaves the mode alone: whoever made the file chose it.
        if create { o.journal_mode(SqliteJournalMode::Wal) } else { o }
    })
    .await?;
    refuse_old_library(&writer).await?;
    let reader = connect(options, 1..=READERS, |o| o.read_only(true).busy_timeout(READER_PATIENCE)).await?;
    Ok([writer, reader])
}

/// A connection of its own, because `PRAGMA data_version` tells what others committed since this connection last asked.
pub(super) async fn open_watcher(options: &Options) -> Result<DatabaseConnection, Error> {
    connect(options, 1..=1, |o| o.read_only(true).busy_timeout(READER_PATIENCE)).await
}

async fn connect(
    options: &Options,
    connections: RangeInclusive<u32>,
    configure: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, Error> {
    let mut o = ConnectOptions::new(&options.url);
    o.max_connections(*connections.end())
        .min_connections(*connections.start())
        .acquire_timeout(ACQUIRE_PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_clean(connection))))
        // Pragmas belong to a connection, so they are set on each one the pool makes.
        .map_sqlx_sqlite_opts(move |o| {
            let o = configure(o).row_buffer_size(ROWS_AHEAD);
            PRAGMAS.iter().fold(o, |o, (name, value)| o.pragma(*name, *value))
        });
    Ok(sea_orm::Database::connect(o).await?)
}

async fn refuse_old_library(connection: &DatabaseConnection) -> Result<(), Error> {
    let row = connection.query_one_raw(sql(connection, "SELECT sqlite_version() AS version", vec![])).await?;
    let version: String = row.map(|row| row.try_get("", "version")).transpose()?.unwrap_or_default();
    if is_old(&version) {
        return Err(Error::Unusable(format!("SQLite {version} can corrupt its log; 3.51.3 or later is needed")));
    }
    Ok(())
}

fn is_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next()) < OLDEST_LIBRARY
}

pub(super) fn location(url: &str) -> String {
    let file = file(url);
    absolute(&file).unwrap_or(file).display().to_string()
}

/// The file that a URL names, where SQLite will look for it.
pub(super) fn file(url: &str) -> PathBuf {
    SqliteConnectOptions::from_str(url).map_or_else(|_| path(url).into(), |options| options.get_filename().to_owned())
}

fn path(url: &str) -> &str {
    let file = url.trim_start_matches("sqlite:").trim_start_matches("//");
    file.split_once('?').map_or(file, |(file, _)| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_in_memory_cannot_be_shared() {
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x.db?mode=memory"] {
            let clock = crate::Clock::new(|| 0);
            let durability = crate::Durability::Normal;
            let options = Options { url: url.to_owned(), durability, create: true, clock };
            assert!(matches!(open(&options).await, Err(Error::Unusable(_))), "{url}");
        }
    }

    #[test]
    fn libraries_with_the_log_bug_are_old() {
        for version in ["3.46.0", "3.51.2", "", "garbage", "2.99.99"] {
            assert!(is_old(version), "{version}");
        }
        for version in ["3.51.3", "3.52.0", "4.0.0"] {
            assert!(!is_old(version), "{version}");
        }
    }

    #[test]
    fn the_path_is_what_follows_the_scheme() {
        assert_eq!(path("sqlite://turnout.db"), "turnout.db");
        assert_eq!(path("sqlite:///var/lib/turnout.db?mode=rwc"), "/var/lib/turnout.db");
        assert_eq!(path("sqlite:a/b.db"), "a/b.db");
        assert_eq!(file("sqlite://a%20b.db?mode=rwc"), PathBuf::from("a b.db"));
    }
}
