//! Verifies the promises: goes through the events at some pace, and tells what it found.

use std::time::{Duration, Instant};

use entity::{
    Database, Error,
    verify::{Finding, Limits, Walk},
    worker,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// What may only be late is looked at again after this long: any pass would have done it.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// How fast, and how long at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two snapshots: whoever registers comes first.
    pub breath: Duration,
    /// After this long it ends where it is.
    pub at_most: Duration,
}

impl Pace {
    /// Without a breath, to the end: for somebody who waits for it.
    pub const AT_ONCE: Self = Self { breath: Duration::ZERO, at_most: Duration::MAX };

    /// In the background, with an end.
    pub fn gentle(at_most: Duration) -> Self {
        Self { breath: Duration::from_millis(5), at_most }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Events looked at.
    pub events: u64,
    /// Whether those are all.
    pub is_whole: bool,
    /// What must not be.
    pub broken: Vec<Finding>,
    /// What a worker should have done by now.
    pub late: Vec<Finding>,
    /// Whether a worker was there for long enough to have done it: otherwise it is no wonder.
    pub had_worker: bool,
}

impl Report {
    /// How many rows break a promise.
    pub fn failures(&self) -> usize {
        self.broken.len() + if self.had_worker { self.late.len() } else { 0 }
    }

    /// Writes each row into the log.
    pub fn log(&self) {
        for finding in &self.broken {
            tracing::error!(%finding, "a promise is broken");
        }
        for finding in &self.late {
            if self.had_worker {
                tracing::error!(%finding, "a promise is broken: no worker did what was due");
            } else {
                tracing::warn!(%finding, "waits for a worker");
            }
        }
        if !self.is_whole {
            tracing::info!(events = self.events, "verified only some of the events");
        }
    }
}

/// Verifies until the end, or until `stop`.
///
/// # Errors
/// What the database answered.
pub async fn verify(database: &Database, pace: Pace, stop: &CancellationToken) -> Result<Report, Error> {
    let since = Instant::now();
    let mut walk = Walk::new(Limits::default());
    let mut is_whole = true;
    while is_whole && walk.step(database).await? {
        is_whole = !stop.is_cancelled() && since.elapsed() < pace.at_most;
        // A sleep of no time takes some.
        if !pace.breath.is_zero() {
            sleep(pace.breath).await;
        }
    }
    let had_worker = worker::any_settled_in(database.reader(), database.now().await?).await?;
    if had_worker && !walk.late.is_empty() {
        tokio::select! {
            // Too early to tell.
            () = stop.cancelled() => walk.late.clear(),
            () = sleep(SECOND_LOOK) => walk.look_again(database).await?,
        }
    }
    let Walk { events, broken, late, .. } = walk;
    Ok(Report { events, is_whole, broken, late, had_worker })
}
