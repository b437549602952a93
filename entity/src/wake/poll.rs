//! Hearing of commits to an SQLite file: waiting for somebody to write to its log, where the system tells, and asking the
//! file whether it changed, now and then while things happen.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::{Instant, sleep, timeout};

use super::log::Log;
use crate::{Error, db::sql};

/// Until the second look; twice as long until the third, and so on. A commit shows a moment after the last of its writes,
/// or some moments: as long as its writer waits for a core.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// No longer than this, where the system tells of the next write: signals are hints.
const WATCHED_PAUSE: Duration = Duration::from_secs(1);

/// No longer than this, where it does not.
const UNWATCHED_PAUSE: Duration = Duration::from_millis(10);

/// Looks may follow one another at once that make up for so long a time without any, at one in [`PAUSE_MIN`]: between a
/// request and its decision there are few commits. More often than that all the time would take a core from those who commit.
const MADE_UP_FOR: Duration = Duration::from_millis(8);

/// Asks SQLite whether its file changed.
pub(super) struct Poll {
    connection: DatabaseConnection,
    seen: Option<i64>,
    /// Looks without a change since the last one, or since the last write that was heard.
    quiet: u32,
    /// Nothing where the system does not tell.
    log: Option<Log>,
    pace: Pace,
}

impl Poll {
    /// Polls on this connection to the database in `file`.
    pub(super) fn new(connection: DatabaseConnection, file: &str) -> Self {
        Self { connection, seen: None, quiet: 0, log: Log::of(file).ok(), pace: Pace(Instant::now()) }
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
            let pause = self.pace.pause(Instant::now());
            // A sleep of no time takes some.
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
    }

    async fn version(&self) -> Result<i64, Error> {
        let row = self.connection.query_one_raw(sql(&self.connection, "PRAGMA data_version", vec![])).await?;
        let row = row.ok_or(Error::Guard { what: "data_version", expected: 1, actual: 0 })?;
        Ok(row.try_get("", "data_version")?)
    }
}

/// When it would be the next look's turn if they were [`PAUSE_MIN`] apart.
struct Pace(Instant);

impl Pace {
    /// How long a look has to wait that could be taken now.
    fn pause(&mut self, now: Instant) -> Duration {
        self.0 = self.0.max(now) + PAUSE_MIN;
        self.0.saturating_duration_since(now + MADE_UP_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_taken_at_once_but_not_all_the_time() {
        let start = Instant::now();
        let mut pace = Pace(start);
        let mut pauses = |now: Instant, looks: u32| (0..looks).map(|_| pace.pause(now)).collect::<Vec<_>>();
        assert_eq!(pauses(start, 8), [Duration::ZERO; 8]);
        assert_eq!(pauses(start, 2), [PAUSE_MIN, 2 * PAUSE_MIN]);
        let later = start + Duration::from_secs(1);
        assert_eq!(pauses(later, 9).last(), Some(&PAUSE_MIN), "no more at once however long there was none");
    }
}
