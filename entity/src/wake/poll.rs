//! Hearing of commits to an SQLite file: waiting for somebody to write to its log, where the system tells, and asking the
//! file whether it changed, now and then while things happen.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::{sleep, timeout};

use super::log::Log;
use crate::{Error, db::sql};

/// While things happen.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// After so many polls without a change nothing happens any more.
const BUSY_POLLS: u32 = 100;

/// The same where the system tells of the next write: a commit shows right after the last of its own.
const WATCHED_POLLS: u32 = 10;

/// When nothing happens and the system does not tell when something does.
const IDLE_PAUSE: Duration = Duration::from_millis(10);

/// When nothing happens and the system tells. Signals are hints.
const WATCHED_PAUSE: Duration = Duration::from_secs(1);

/// Asks SQLite whether its file changed.
pub(super) struct Poll {
    connection: DatabaseConnection,
    seen: Option<i64>,
    /// Polls since the last change.
    quiet: u32,
    /// Nothing where the system does not tell.
    log: Option<Log>,
}

impl Poll {
    /// Polls on this connection to the database in `file`.
    pub(super) fn new(connection: DatabaseConnection, file: &str) -> Self {
        Self { connection, seen: None, quiet: 0, log: Log::of(file).ok() }
    }

    /// Returns when something was committed since the last call. May be dropped at any time.
    pub(super) async fn changed(&mut self) -> Result<(), Error> {
        loop {
            // Before the file is asked: what is written later is heard.
            if self.log.as_mut().is_some_and(|log| log.watch().is_err()) {
                self.log = None;
            }
            let version = self.version().await?;
            // The first time too: what was committed before it was not heard.
            if self.seen.replace(version).is_none_or(|seen| seen != version) {
                self.quiet = 0;
                return Ok(());
            }
            self.quiet = self.quiet.saturating_add(1);
            self.wait().await;
        }
    }

    /// Returns when somebody may have committed, or be about to.
    async fn wait(&mut self) {
        let Some(log) = &mut self.log else {
            return sleep(if self.quiet < BUSY_POLLS { BUSY_PAUSE } else { IDLE_PAUSE }).await;
        };
        let patience = if self.quiet < WATCHED_POLLS { BUSY_PAUSE } else { WATCHED_PAUSE };
        if timeout(patience, log.written()).await.is_ok() {
            self.quiet = 0;
        }
    }

    async fn version(&self) -> Result<i64, Error> {
        let row = self.connection.query_one_raw(sql(&self.connection, "PRAGMA data_version", vec![])).await?;
        let row = row.ok_or(Error::Guard { what: "data_version", expected: 1, actual: 0 })?;
        Ok(row.try_get("", "data_version")?)
    }
}
