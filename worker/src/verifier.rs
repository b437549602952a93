//! Verifies the promises now and then, so that somebody hears of a broken one before it matters.
//!
//! All workers share one appointment, in the database: of however many one verifies each time.

use std::time::Duration;

use entity::{Database, Error, Millis, verify::runs};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{LOCK_PATIENCE, Pace, Settings, verify::verify};

const MINUTE: Millis = 60 * 1000;

/// A run that takes longer ends where it is.
const AT_MOST: Duration = Duration::from_mins(10);

/// The one at start is for what went wrong before: it must not take up the service's time for long.
const AT_MOST_AT_START: Duration = Duration::from_mins(1);

/// After trouble with the database, and between two looks when the next run is.
const PAUSE: Duration = Duration::from_mins(1);

pub(crate) async fn run(database: &Database, settings: Settings, stop: &CancellationToken) {
    if settings.verify_minutes == 0 {
        return;
    }
    let interval = Millis::from(settings.verify_minutes) * MINUTE;
    while !stop.is_cancelled() {
        let pause = match turn(database, interval, stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "cannot verify now");
                PAUSE
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// Verifies if it is time and nobody else does. Returns when to look again.
async fn turn(database: &Database, interval: Millis, stop: &CancellationToken) -> Result<Duration, Error> {
    let (due_at, now) = (runs::last_begun_at(database.reader()).await? + interval, database.now().await?);
    if due_at > now {
        return Ok(Duration::from_millis(due_at.abs_diff(now)).min(PAUSE));
    }
    if begin(database.clone(), interval).await? {
        make(database, Pace::gentle(AT_MOST), stop).await?;
    }
    Ok(Duration::ZERO)
}

/// Verifies once, whenever that was done last: for a process that starts, in the background. Trouble is logged.
pub async fn verify_at_start(database: Database, stop: CancellationToken) {
    let verified = async {
        begin(database.clone(), 0).await?;
        make(&database, Pace::gentle(AT_MOST_AT_START), &stop).await
    };
    if let Err(error) = verified.await {
        tracing::warn!(%error, "cannot verify at start");
    }
}

/// Makes a run, logs what it found, and counts it.
async fn make(database: &Database, pace: Pace, stop: &CancellationToken) -> Result<(), Error> {
    let report = verify(database, pace, stop).await?;
    report.log();
    match i64::try_from(report.failures()).unwrap_or(i64::MAX) {
        0 => Ok(()),
        found => count(database.clone(), found).await,
    }
}

/// Writes in a task of its own, so that the end of the worker does not cut it off.
async fn begin(database: Database, interval: Millis) -> Result<bool, Error> {
    let begun = tokio::spawn(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        let now = tx.now().await?;
        let is_ours = runs::begin(&tx, now - interval, now).await?;
        tx.commit().await?;
        Ok(is_ours)
    });
    // A panic is told where it happens.
    begun.await.unwrap_or(Ok(false))
}

async fn count(database: Database, found: i64) -> Result<(), Error> {
    let counted = tokio::spawn(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        runs::count(&tx, found).await?;
        tx.commit().await
    });
    counted.await.unwrap_or(Ok(()))
}
