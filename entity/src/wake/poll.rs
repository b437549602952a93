//! Hearing of commits to an SQLite file: waiting for somebody to write to its log, where the system tells, and asking the
//! file whether it changed, now and then while things happen.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::{sleep, timeout};

use super::log::Log;
use crate::{Error, db::sql};

/// Until the second look; twice as long until the third, and so on. A commit shows a moment after the last of its writes,
/// or some moments: as long as its writer waits for a core.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// No longer than this, where the system tells of the next write: signals are hints.
const WATCHED_PAUSE: Duration = Duration::from_secs(1);

/// No longer than this, where it does not.
const UNWATCHED_PAUSE: Duration = Duration::from_millis(10);

/// Asks SQLite whether its file changed.
pub(super) struct Poll {
    connection: DatabaseConnection,
    seen: Option<i64>,
    /// Looks without a change since the last one, or since the last write that was heard.
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
        let pause = PAUSE_MIN.saturating_mul(1_u32.checked_shl(self.quiet - 1).unwrap_or(u32::MAX));
        let Some(log) = &mut self.log else { return sleep(pause.min(UNWATCHED_PAUSE)).await };
        if timeout(pause.min(WATCHED_PAUSE), log.written()).await.is_ok() {
            self.quiet = 0;
        }
    }

    async fn version(&self) -> Result<i64, Error> {
        let row = self.connection.query_one_raw(sql(&self.connection, "PRAGMA data_version", vec![])).await?;
        let row = row.ok_or(Error::Guard { what: "data_version", expected: 1, actual: 0 })?;
        Ok(row.try_get("", "data_version")?)
    }
}
